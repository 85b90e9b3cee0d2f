import { LockedFile } from "./locked_file.ts";
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { basename, dirname, join } from "node:path";
import process from "node:process";
import { codeOf, DownloadError, FileError, unwritable } from "./errors.ts";
import { bytesOf, isBrokenConnection, request } from "./http.ts";
import { FileSource } from "./source.ts";

/** How to download a file. */
export interface DownloadOptions {
  /** Folder of files that were downloaded before; default {@link defaultCache}. */
  cache?: string;
  /** SHA-256 that the file must have, in hex; the first digits are enough to check those. */
  sha256?: string;
  /** Most bytes to take, default 16 GiB. */
  maxBytes?: number;
  /** Called with the bytes that are there so far, and how many there will be, where the server says it. */
  onProgress?: (bytes: number, total: number | undefined) => void;
  /** Aborting it ends the download; what is there so far is kept, and the next one goes on from it. */
  signal?: AbortSignal;
}

/** What is known of a file in the cache, or of the part of it that is there. */
interface Facts {
  url: string;
  /** The server's word for this version, by which a part is completed and a file is found unchanged. */
  etag?: string;
  modified?: string;
}

/** Most bytes to take where nothing else is said. */
export const MOST_BYTES = 16 * 2 ** 30;
/** How many times a connection may break without a byte in between. */
const TRIES = 3;
/** Most letters of a file's name in the cache: with endings it may have 255 bytes. */
const MOST_NAME = 100;

/** `$XDG_CACHE_HOME/layerfuse`, or `~/.cache/layerfuse`. Throws a {@link FileError} where the environment may not be read. */
function defaultCache(): string {
  try {
    return join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "layerfuse");
  } catch (error) {
    throw new FileError("~/.cache/layerfuse", "cannot be found without --allow-env. Give another cache, or use none.", {
      cause: error,
    });
  }
}

/**
 * Downloads a file into the cache, and gives its path there. A file that is there is not loaded again if its hash is known, or
 * the server says that it is the same. A connection that breaks is taken up where it broke, by the next call too. The file
 * appears under its name only when it is whole and has the hash.
 *
 * Throws a {@link DownloadError} that begins with the URL: for any answer but success, an incomplete or too large body, a
 * wrong hash, a server that cannot be reached, or one that is silent for long.
 */
export async function download(url: URL, options: DownloadOptions = {}, wait?: number): Promise<string> {
  const { cache = defaultCache(), sha256 } = options;
  const path = placeOf(url, cache);
  const known = factsOf(path);
  if (known && sha256 && hashOf(path).startsWith(sha256.toLowerCase())) return path;
  try {
    mkdirSync(dirname(path), { recursive: true });
  } catch (error) {
    throw unwritable(cache, error);
  }
  for (let tries = 0, before = -1;;) {
    try {
      if (await fetchOnce(url, path, sha256 ? undefined : known, options, wait) === "same") return path;
      break;
    } catch (error) {
      if (options.signal?.aborted) throw error;
      if (error instanceof DownloadError) throw error;
      if (!isBrokenConnection(error)) throw unwritable(`${path}.part`, error);
      const got = sizeOf(`${path}.part`);
      tries = got > before ? 1 : tries + 1;
      before = got;
      if (tries >= TRIES) {
        throw new DownloadError(
          url.href,
          `the connection broke after ${got} bytes (${
            (error as Error).message
          }). What came is kept: the next try goes on.`,
          { cause: error },
        );
      }
    }
  }
  if (sha256) {
    const found = hashOf(`${path}.part`);
    if (!found.startsWith(sha256.toLowerCase())) {
      remove(`${path}.part`);
      throw new DownloadError(url.href, `its SHA-256 is ${found}, expected ${sha256}…. The file was thrown away.`);
    }
  }
  rmSync(`${path}.json`, { force: true }); // a file without facts is loaded again; one with another's facts would be believed
  renameSync(`${path}.part`, path);
  renameSync(`${path}.part.json`, `${path}.json`);
  return path;
}

/** Where a file is kept. */
function placeOf(url: URL, cache: string): string {
  const key = createHash("sha256").update(url.href).digest("hex").slice(0, 16);
  return join(cache, key, basename(url.pathname).slice(-MOST_NAME) || "file");
}

/** Whether a file is in the cache, be it the server's newest or not. */
export function isDownloaded(url: URL, cache: string = defaultCache()): boolean {
  return factsOf(placeOf(url, cache)) !== undefined;
}

/** Takes what is not there yet; `known` is the whole file that is there. */
async function fetchOnce(
  url: URL,
  path: string,
  known: Facts | undefined,
  options: DownloadOptions,
  wait?: number,
): Promise<"same" | "new"> {
  const { maxBytes = MOST_BYTES, onProgress, signal } = options, part = `${path}.part`;
  const begun = factsOf(part), have = begun?.etag ?? begun?.modified ? sizeOf(part) : 0;
  const headers = new Headers();
  if (have > 0) {
    headers.set("range", `bytes=${have}-`);
    headers.set("if-range", begun!.etag ?? begun!.modified!);
  } else if (known?.etag) headers.set("if-none-match", known.etag);
  else if (known?.modified) headers.set("if-modified-since", known.modified);
  const response = await request(url, { headers, signal, wait });
  if (response.status === 304 && known) return "same";
  if (response.status === 416 && have > 0) { // what is there is all, or more than there is now
    remove(part);
    await response.body?.cancel();
    return await fetchOnce(url, path, known, options, wait);
  }
  const resumed = have > 0 && response.status === 206;
  if (!response.ok || !response.body || response.status === 206 && !resumed) { // a part that was not asked for is no file
    await response.body?.cancel();
    throw new DownloadError(
      url.href,
      `the server answered ${response.status} ${response.statusText}, expected the file.`,
    );
  }
  const start = resumed ? have : 0;
  const [, from] = /^bytes (\d+)-/.exec(response.headers.get("content-range") ?? "") ?? [];
  if (resumed && from !== undefined && Number(from) !== have) {
    await response.body.cancel();
    throw new DownloadError(url.href, `the server sent bytes from ${from} on, asked for those from ${have}.`);
  }
  const length = Number(response.headers.get("content-length") ?? NaN);
  const total = Number.isFinite(length) ? start + length : undefined;
  if (total !== undefined && total > maxBytes) {
    await response.body.cancel();
    remove(part);
    throw tooLarge(url, total, maxBytes);
  }
  const etag = response.headers.get("etag"), modified = response.headers.get("last-modified");
  const facts: Facts = { url: url.href, ...etag && !etag.startsWith("W/") && { etag }, ...modified && { modified } };
  using file = new LockedFile(part);
  if (!file.isOwn) { // two would mix their bytes
    await response.body.cancel();
    throw new DownloadError(url.href, "another process is downloading it. Wait for that, or use another cache.");
  }
  if (!resumed) writeFileSync(`${part}.json`, JSON.stringify(facts));
  file.truncate(start);
  let bytes = start;
  try {
    for await (const chunk of bytesOf(response, url, wait)) {
      bytes += chunk.length;
      if (bytes > maxBytes) {
        remove(part);
        throw tooLarge(url, bytes, maxBytes);
      }
      file.write(chunk);
      onProgress?.(bytes, total);
    }
  } finally {
    file.flush();
  }
  if (total !== undefined && bytes !== total) throw new Error(`${bytes} of ${total} bytes came`);
  return "new";
}

/** That a file has more bytes than are taken. */
export function tooLarge({ href }: URL, bytes: number, maxBytes: number): DownloadError {
  return new DownloadError(href, `${bytes} bytes, more than ${maxBytes} are not taken.`);
}

/** The facts of a file that is there. */
function factsOf(path: string): Facts | undefined {
  try {
    statSync(path);
    return JSON.parse(readFileSync(`${path}.json`, "utf8"));
  } catch (error) {
    if (codeOf(error) === "ENOENT" || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

function remove(part: string): void {
  rmSync(part, { force: true });
  rmSync(`${part}.json`, { force: true });
}

/** SHA-256 of a file in hex, a chunk at a time. */
function hashOf(path: string): string {
  const source = new FileSource(path), hash = createHash("sha256"), buffer = new Uint8Array(1 << 20);
  for (let at = 0; at < source.size; at += buffer.length) {
    const chunk = buffer.subarray(0, Math.min(buffer.length, source.size - at));
    source.read(at, chunk);
    hash.update(chunk);
  }
  return hash.digest("hex");
}
