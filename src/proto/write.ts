import { closeSync, existsSync, openSync, renameSync, rmSync, writeSync } from "node:fs";
import type { Layout, Segment } from "./encode.ts";
import type { ByteRange } from "./source.ts";

const BUFFER_BYTES = 1 << 20;
/** Chunks of at least this size are passed on as they are: copying them into the buffer would save no call. */
const DIRECT_BYTES = 1 << 16;

/** Streams segments through one buffer: `emit` gets chunks that are reused after it returns. */
export function stream(segments: readonly Segment[], emit: (chunk: Uint8Array) => void): void {
  const buffer = new Uint8Array(BUFFER_BYTES);
  let filled = 0;
  const flush = () => {
    if (filled > 0) emit(buffer.subarray(0, filled));
    filled = 0;
  };
  const put = (bytes: Uint8Array) => {
    if (filled + bytes.length > buffer.length || bytes.length >= DIRECT_BYTES) flush();
    if (bytes.length >= DIRECT_BYTES) return emit(bytes);
    buffer.set(bytes, filled);
    filled += bytes.length;
  };
  const copy = ({ source, offset, length }: ByteRange) => {
    for (let done = 0; done < length;) {
      if (filled === buffer.length) flush();
      const count = Math.min(buffer.length - filled, length - done);
      source.read(offset + done, buffer.subarray(filled, filled + count));
      filled += count;
      done += count;
    }
  };
  for (const segment of segments) {
    if (segment instanceof Uint8Array) put(segment);
    else if ("range" in segment) copy(segment.range);
    else segment.stream(put);
  }
  flush();
}

/**
 * Writes a model file, and beside it its external data file where the layout has one. Each is written under a temporary
 * name and renamed when whole, the model last: a failure leaves nothing new and nothing lost.
 */
export function writeModel(path: string, { model, external }: Layout, externalPath?: string): void {
  const files = [...external.length > 0 ? [{ path: externalPath!, segments: external }] : [], {
    path,
    segments: model,
  }];
  const written: { path: string; temporary: string }[] = [];
  try {
    for (const { path, segments } of files) {
      const temporary = temporaryName(path);
      const fd = openSync(temporary, "wx");
      written.push({ path, temporary });
      try {
        stream(segments, (chunk) => writeAll(fd, chunk));
      } finally {
        closeSync(fd);
      }
    }
    for (const { path, temporary } of written) renameSync(temporary, path);
  } catch (error) {
    for (const { temporary } of written) rmSync(temporary, { force: true });
    throw error;
  }
}

function writeAll(fd: number, chunk: Uint8Array): void {
  for (let done = 0; done < chunk.length;) done += writeSync(fd, chunk, done);
}

function temporaryName(path: string): string {
  for (let number = 0;; number++) {
    const name = `${path}.${number}.part`;
    if (!existsSync(name)) return name;
  }
}
