import { realpathSync } from "node:fs";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import { DownloadError, ModelFormatError } from "../io/errors.ts";
import { download, type DownloadOptions } from "../io/download.ts";
import { backupsOf } from "../io/save_files.ts";
import { temporaryFile } from "../io/temporary_file.ts";
import { BytesSource, FileSource } from "../io/source.ts";
import { isStream, spoolChunks, spooled } from "../io/spool.ts";
import { Model } from "./model.ts";
import { checked, type OptionNames } from "../host/options.ts";

/** Where a model can come from: a path, a URL (`file:`, `http:`, `https:`), the bytes of an .onnx file, or a stream of them. */
export type ModelSource = string | URL | Uint8Array | ReadableStream<Uint8Array>;

/** How to open a model. */
export interface OpenOptions extends Omit<DownloadOptions, "cache"> {
  /** Folder that downloads are kept in, by default `layerfuse` in the user's cache folder; false keeps none. */
  cache?: string | false;
  /** Whether its data files may be links out of its folder, default false: a model could name any file that way. */
  allowLinks?: boolean;
  /**
   * Whether initializers that are also inputs are constants, which no caller sets, default false: they are then inputs no longer.
   * Without it nothing is folded into or out of them.
   */
  freezeInputs?: boolean;
  /** What to call bytes and streams in messages, by default `(bytes)` and `(stream)`. */
  name?: string;
  /** Aborting it ends a download, or the reading of a stream. */
  signal?: AbortSignal;
}

/** Every option of {@linkcode open}. */
export const OPEN_OPTIONS: OptionNames<OpenOptions> = {
  cache: true,
  allowLinks: true,
  freezeInputs: true,
  name: true,
  signal: true,
  sha256: true,
  maxBytes: true,
  onProgress: true,
};

/**
 * Opens a model. Its weights stay where they are; what comes from a URL is kept in a cache, what can be read only once, as a
 * FIFO, in a temporary file.
 *
 * Throws {@linkcode ModelFormatError} for what is not ONNX or is truncated, `Deno.errors.NotFound` where there is no such
 * file, {@linkcode FileError} for one that cannot be read, {@linkcode DownloadError} for a URL that gives no model.
 *
 * @example A model from its bytes
 * ```ts
 * import { open } from "@layerfuse/layerfuse/fusion";
 *
 * // the smallest model: IR version 8, an empty graph
 * const model = await open(new Uint8Array([0x08, 0x08, 0x3a, 0x00]));
 * console.log(model.stats.nodes); // 0
 * ```
 */
export async function open(source: ModelSource, options: OpenOptions = {}): Promise<Model> {
  checked("open", options, OPEN_OPTIONS);
  const model = await read(source, options);
  return options.freezeInputs ? model.withFrozenInputs() : model;
}

async function read(source: ModelSource, options: OpenOptions): Promise<Model> {
  const { allowLinks, signal } = options;
  signal?.throwIfAborted();
  if (source instanceof Uint8Array) return Model.read(new BytesSource(source, options.name), "model");
  if (source instanceof ReadableStream) {
    return Model.read(await spoolChunks(options.name ?? "(stream)", source, signal), "model");
  }
  const url = webAddressOf(source);
  if (url) return Model.read(await fromUrl(url, options), stem(url.pathname));
  const path = source instanceof URL || source.startsWith("file:") ? fileURLToPath(source) : source;
  if (isStream(path)) return Model.read(await spooled(path, signal), stem(path));
  const file = new FileSource(path), killed = killedSave(path);
  try {
    return Model.read(file, stem(path), { path, allowLinks, notes: killed === undefined ? [] : [killed] });
  } catch (error) {
    if (killed === undefined || !(error instanceof ModelFormatError)) throw error;
    throw new ModelFormatError(`${error.message} ${killed}`, { cause: error });
  }
}

/** The URL of a source that is to be downloaded; undefined for any other one. */
export function webAddressOf(source: ModelSource | Model): URL | undefined {
  if (source instanceof URL) return source.protocol === "file:" ? undefined : source;
  if (typeof source !== "string" || !/^https?:/.test(source)) return undefined;
  if (!URL.canParse(source)) throw new DownloadError(source, "is no web address.");
  return new URL(source);
}

/** The file at a URL, in the cache or, without one, in a file that goes when it is no longer read. */
async function fromUrl(url: URL, { cache, ...options }: OpenOptions): Promise<FileSource> {
  if (cache !== false) return new FileSource(await download(url, { ...options, cache }), url.href);
  return await temporaryFile(async (folder) => {
    return new FileSource(await download(url, { ...options, cache: folder }), url.href);
  });
}

/** Where a file is that a killed save was overwriting. */
function killedSave(path: string): string | undefined {
  const backups = backupsOf(realpathSync(path));
  if (backups.length === 0) return undefined;
  return `A save over ${path} was killed or is under way, and it may be half of something; the file as it was is ${
    backups.join(" or ")
  }: ` +
    "move that back, or remove it.";
}

/** What to call a model that was read from here. */
export function stem(path: string): string {
  return basename(path).replace(/\.onnx$/, "");
}
