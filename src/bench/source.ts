/**
 * Models to compare: wherever they come from, ONNX Runtime gets a path, and a card says exactly what was measured.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { closeSync, openSync, readSync } from "node:fs";
import { stat, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { download } from "../io/download.ts";
import { FileSource } from "../io/source.ts";
import { showAs } from "./shown_names.ts";
import type { ModelCard } from "./types.ts";

/** Anything that can save itself as an ONNX file: the fusion module's `Model` is one. */
export interface SavableModel {
  /** Writes the model to a path. */
  save(path: string, options?: { signal?: AbortSignal }): Promise<unknown>;
  /** What to call it. */
  readonly name?: string;
  /** What to call it in an error: the file it was read from. */
  readonly source?: string;
}

/** A model: a path, a URL (`file:` or `http(s):`), the file's bytes, or something that can save itself. */
export type ModelSource = string | URL | Uint8Array | SavableModel;

/** A model that lies on disk for as long as it is needed. */
export interface ModelFile {
  /** What to call it. */
  name: string;
  /** Where it lies. */
  path: string;
}

/**
 * Puts a model on disk where it is not there yet.
 *
 * @param directory Where to write bytes and handles; the caller removes it.
 * @param label What to call a model that has no name.
 * @param signal Aborting it ends a download and a save.
 * @throws {FileError} If the path holds no file that can be read (`Deno.errors.NotFound` if there is none).
 * @throws {DownloadError} If the URL gives no file.
 */
export async function materialise(
  source: ModelSource,
  directory: string,
  label: string,
  signal?: AbortSignal,
): Promise<ModelFile> {
  if (typeof source === "string" && /^https?:\/\//.test(source)) source = new URL(source);
  if (source instanceof URL && source.protocol === "file:") source = fileURLToPath(source);
  if (typeof source === "string") {
    new FileSource(source); // throws where it is no file that can be read
    return { name: basename(source), path: source };
  }
  if (source instanceof URL) {
    const path = await download(source, { signal });
    showAs(path, source.href);
    return { name: basename(source.pathname) || label, path };
  }
  const path = join(directory, `${label}.onnx`);
  if (source instanceof Uint8Array) {
    await writeFile(path, source, { signal });
    showAs(path, label);
    return { name: label, path };
  }
  await source.save(path, { signal });
  showAs(path, source.source ?? source.name ?? label);
  return { name: source.name || label, path };
}

/** Key `location` of an `external_data` entry: field 1 is the string "location", field 2 the file's path follows. */
const EXTERNAL_LOCATION = Buffer.from("\x0a\x08location\x12", "latin1");

/**
 * Identity and size of a model file, read in one streaming pass.
 *
 * External data files are found by their `location` entries in the same pass, and count towards `bytes` only.
 */
export async function fingerprint({ path }: ModelFile): Promise<Pick<ModelCard, "sha256" | "bytes">> {
  const hash = createHash("sha256");
  const locations = new Set<string>();
  let bytes = 0;
  let tail = Buffer.alloc(0);
  for (const part of chunksOf(path)) {
    hash.update(part);
    bytes += part.length;
    const seen = Buffer.concat([tail, part]); // an entry may lie across two reads
    for (let at = seen.indexOf(EXTERNAL_LOCATION); at >= 0; at = seen.indexOf(EXTERNAL_LOCATION, at + 1)) {
      const length = seen[at + EXTERNAL_LOCATION.length];
      const begin = at + EXTERNAL_LOCATION.length + 1;
      if (length < 128 && begin + length <= seen.length) locations.add(seen.toString("utf8", begin, begin + length));
    }
    tail = Buffer.from(seen.subarray(-256));
  }
  for (const location of locations) {
    const info = await stat(join(dirname(path), location)).catch(() => undefined);
    if (info?.isFile()) bytes += info.size;
  }
  return { sha256: hash.digest("hex"), bytes };
}

/** A file's bytes in chunks of one reused buffer. */
function* chunksOf(path: string): Generator<Uint8Array> {
  const fd = openSync(path, "r"), buffer = new Uint8Array(1 << 20);
  try {
    for (let count = readSync(fd, buffer); count > 0; count = readSync(fd, buffer)) yield buffer.subarray(0, count);
  } finally {
    closeSync(fd);
  }
}
