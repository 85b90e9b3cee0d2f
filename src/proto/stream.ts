import type { Segment } from "./encode.ts";

const CHUNK_BYTES = 1 << 18;

/**
 * The bytes of segments in chunks, each of which stays as it is until the one after the next is asked for: it can be written while
 * the next is made.
 */
export function* streamed(segments: readonly Segment[]): Generator<Uint8Array> {
  const buffers = [new Uint8Array(CHUNK_BYTES), new Uint8Array(CHUNK_BYTES)];
  let filled = 0;
  const chunk = () => {
    const bytes = buffers[0].subarray(0, filled);
    buffers.reverse();
    filled = 0;
    return bytes;
  };
  const put = function* (length: number, read: (from: number, into: Uint8Array) => void): Generator<Uint8Array> {
    for (let done = 0; done < length;) {
      const count = Math.min(CHUNK_BYTES - filled, length - done);
      read(done, buffers[0].subarray(filled, filled + count));
      filled += count;
      done += count;
      if (filled === CHUNK_BYTES) yield chunk();
    }
  };
  const putBytes = (bytes: Uint8Array) =>
    put(bytes.length, (from, into) => into.set(bytes.subarray(from, from + into.length)));
  for (const segment of segments) {
    if (segment instanceof Uint8Array) yield* putBytes(segment);
    else if ("range" in segment) {
      const { source, offset, length } = segment.range;
      yield* put(length, (from, into) => source.read(offset + from, into));
    } else for (const bytes of segment.chunks()) yield* putBytes(bytes);
  }
  if (filled > 0) yield chunk();
}
