import { closeSync, constants, fstatSync, openSync, readSync, statSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { codeOf, FileError, unreadable, unwritable } from "./errors.ts";
import { FileSource } from "./source.ts";
import { temporaryFile } from "./temporary_file.ts";

/** How long to wait for a FIFO's writer, and for its next bytes. */
const WAIT_MS = 30_000;
const POLL_MS = 10;

/** Whether a path names something that can be read only once, from begin to end: a FIFO, such as a shell's `<(command)`. */
export function isStream(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false })?.isFIFO() ?? false;
  } catch {
    return false;
  }
}

/**
 * Reads a FIFO to its end into a temporary file, which goes when it is no longer read. Throws a {@link FileError} where
 * nothing writes to it for half a minute.
 */
export async function spooled(path: string, signal?: AbortSignal, wait = WAIT_MS): Promise<FileSource> {
  let fd: number;
  try {
    fd = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  } catch (error) {
    throw unreadable(path, error);
  }
  try {
    if (!fstatSync(fd).isFIFO()) throw new FileError(path, "was a FIFO and is none any more.");
    return await spoolChunks(path, chunksOf(path, fd, signal, wait));
  } finally {
    closeSync(fd);
  }
}

/** Writes a stream of bytes into a temporary file that goes when it is no longer read. `name` is what to call it. */
export async function spoolChunks(
  name: string,
  chunks: AsyncIterable<Uint8Array>,
  signal?: AbortSignal,
): Promise<FileSource> {
  return await temporaryFile(async (folder) => {
    const path = join(folder, "model.onnx");
    try {
      await writeFile(path, chunks, { signal });
    } catch (error) {
      throw unwritable(path, error);
    }
    return new FileSource(path, name);
  });
}

async function* chunksOf(path: string, fd: number, signal: AbortSignal | undefined, wait: number) {
  const buffer = new Uint8Array(1 << 16);
  let isBegun = false, last = performance.now();
  for (;;) {
    signal?.throwIfAborted();
    const count = readNow(fd, buffer);
    if (count > 0) {
      yield buffer.subarray(0, count);
      isBegun = true;
      last = performance.now();
    } else if (count === 0 && isBegun) return;
    else if (performance.now() - last > wait) {
      throw new FileError(path, `is a FIFO that nothing was written to for ${wait / 1000} s.`);
    } else await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

/** Reads what is there: 0 bytes at the end or before there is a writer, -1 where there may be more later. */
function readNow(fd: number, into: Uint8Array): number {
  try {
    return readSync(fd, into);
  } catch (error) {
    if (codeOf(error) === "EAGAIN" || error instanceof Error && error.name === "WouldBlock") return -1;
    throw error;
  }
}
