import { DownloadError, FileError } from "./errors.ts";
import { type DownloadOptions, MOST_BYTES, tooLarge } from "./download.ts";
import { bytesOf, request } from "./http.ts";
import { type ByteSource, shorter } from "./source.ts";

/** Bytes that are loaded together: a skeleton is read through windows of 64 KiB. */
const BLOCK = 1 << 14;
/** Most bytes between two wanted ranges that are loaded with them rather than asked for apart. */
const GAP = 1 << 16;

/** Bytes of a server's file that were not loaded yet: load them, and do again what asked for them. */
class MissingBytes extends FileError {
  readonly offset: number;
  readonly length: number;

  constructor(name: string, offset: number, length: number) {
    super(name, `${length} bytes at byte ${offset} were not loaded.`);
    this.offset = offset;
    this.length = length;
  }
}

/** A file on a server that gives ranges; only what is asked for is loaded, and held in memory. */
export class RangeSource implements ByteSource {
  readonly name: string;
  readonly size: number;
  readonly #url: URL;
  readonly #version: string;
  readonly #signal?: AbortSignal;
  readonly #blocks = new Map<number, Uint8Array>();

  private constructor(url: URL, size: number, version: string, signal?: AbortSignal) {
    this.name = url.href;
    this.size = size;
    this.#url = url;
    this.#version = version;
    this.#signal = signal;
  }

  /**
   * Opens the file at a URL; undefined where the server gives no ranges, or no word by which to tell that they are of one
   * version. Throws a {@link DownloadError} where it gives no file.
   */
  static async open(
    url: URL,
    { signal, maxBytes = MOST_BYTES }: Pick<DownloadOptions, "signal" | "maxBytes"> = {},
  ): Promise<RangeSource | undefined> {
    const response = await request(url, { headers: { range: `bytes=0-${BLOCK - 1}` }, signal });
    const [, size] = /^bytes 0-\d+\/(\d+)$/.exec(response.headers.get("content-range") ?? "") ?? [];
    const version = versionOf(response);
    if (response.status !== 206 || size === undefined || !version) {
      await response.body?.cancel();
      return undefined;
    }
    if (Number(size) > maxBytes) {
      await response.body?.cancel();
      throw tooLarge(url, Number(size), maxBytes);
    }
    const source = new RangeSource(url, Number(size), version, signal);
    source.#blocks.set(0, await bodyOf(response, url, Math.min(BLOCK, source.size), signal));
    return source;
  }

  /** Bytes that are there. */
  get loadedBytes(): number {
    return this.#blocks.values().reduce((sum, { length }) => sum + length, 0);
  }

  read(offset: number, into: Uint8Array): void {
    if (offset + into.length > this.size) throw shorter(this, offset, into.length);
    for (let done = 0; done < into.length;) {
      const at = offset + done, block = this.#blocks.get(Math.floor(at / BLOCK));
      if (!block) throw new MissingBytes(this.name, offset, into.length);
      const part = block.subarray(at % BLOCK, at % BLOCK + into.length - done);
      into.set(part, done);
      done += part.length;
    }
  }

  /** Does `work`, loading what it turns out to need, until it needs no more. */
  async loading<T>(work: () => T): Promise<T> {
    for (;;) {
      try {
        return work();
      } catch (error) {
        if (!(error instanceof MissingBytes)) throw error;
        await this.load([error]);
      }
    }
  }

  /** Loads ranges that are not there yet, neighbours together. */
  async load(ranges: Iterable<{ readonly offset: number; readonly length: number }>): Promise<void> {
    const wanted = [...ranges].sort((a, b) => a.offset - b.offset), runs: { first: number; end: number }[] = [];
    for (const { offset, length } of wanted) {
      let first = Math.floor(offset / BLOCK), end = Math.ceil(Math.min(offset + length, this.size) / BLOCK);
      while (first < end && this.#blocks.has(first)) first++;
      while (end > first && this.#blocks.has(end - 1)) end--;
      if (first === end) continue;
      const last = runs.at(-1);
      if (last && first * BLOCK - last.end * BLOCK <= GAP) last.end = Math.max(last.end, end);
      else runs.push({ first, end });
    }
    for (const { first, end } of runs) await this.#loadBlocks(first, end);
  }

  async #loadBlocks(first: number, end: number): Promise<void> {
    const from = first * BLOCK, to = Math.min(end * BLOCK, this.size);
    const headers = { range: `bytes=${from}-${to - 1}`, "if-range": this.#version };
    const response = await request(this.#url, { headers, signal: this.#signal });
    if (response.status !== 206 || versionOf(response) !== this.#version) {
      await response.body?.cancel();
      throw new DownloadError(this.name, "changed while it was read. Try again.");
    }
    const bytes = await bodyOf(response, this.#url, to - from, this.#signal);
    for (let block = first; block < end; block++) {
      this.#blocks.set(block, bytes.subarray((block - first) * BLOCK, (block + 1 - first) * BLOCK));
    }
  }
}

/** The server's word for a version of a file. */
function versionOf({ headers }: Response): string | undefined {
  const etag = headers.get("etag");
  return (etag && !etag.startsWith("W/") ? etag : headers.get("last-modified")) ?? undefined;
}

/** The bytes that were asked for; a server that sends more is not heard to its end, and no more memory is taken than it sends. */
async function bodyOf(response: Response, url: URL, length: number, signal?: AbortSignal): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let count = 0;
  try {
    for await (const chunk of bytesOf(response, url)) {
      chunks.push(chunk);
      count += chunk.length;
      if (count > length) break;
    }
  } catch (cause) {
    if (signal?.aborted) throw signal.reason;
    if (cause instanceof DownloadError) throw cause;
    throw new DownloadError(url.href, `the connection broke (${(cause as Error).message}).`, { cause });
  }
  if (count !== length) {
    const sent = count > length ? "more bytes" : `${count} bytes`;
    throw new DownloadError(url.href, `the server sent ${sent}, asked for ${length}.`);
  }
  const bytes = new Uint8Array(length);
  chunks.reduce((at, chunk) => (bytes.set(chunk, at), at + chunk.length), 0);
  return bytes;
}
