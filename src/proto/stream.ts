import type { ByteRange } from "../io/source.ts";
import type { Segment } from "./encode.ts";

const BUFFER_BYTES = 1 << 18;
/** Chunks of at least this size are passed on as they are: copying them into the buffer would save no call. */
const DIRECT_BYTES = 1 << 16;

/** The bytes of segments through one buffer, in chunks that are reused: take one before you ask for the next. */
export function* streamed(segments: readonly Segment[]): Generator<Uint8Array> {
  const buffer = new Uint8Array(BUFFER_BYTES);
  let filled = 0;
  const put = function* (bytes: Uint8Array): Generator<Uint8Array> {
    const isDirect = bytes.length >= DIRECT_BYTES;
    if (filled > 0 && (isDirect || filled + bytes.length > buffer.length)) {
      yield buffer.subarray(0, filled);
      filled = 0;
    }
    if (isDirect) yield bytes;
    else {
      buffer.set(bytes, filled);
      filled += bytes.length;
    }
  };
  const copy = function* ({ source, offset, length }: ByteRange): Generator<Uint8Array> {
    for (let done = 0; done < length;) {
      if (filled === buffer.length) {
        yield buffer;
        filled = 0;
      }
      const count = Math.min(buffer.length - filled, length - done);
      source.read(offset + done, buffer.subarray(filled, filled + count));
      filled += count;
      done += count;
    }
  };
  for (const segment of segments) {
    if (segment instanceof Uint8Array) yield* put(segment);
    else if ("range" in segment) yield* copy(segment.range);
    else for (const chunk of segment.chunks()) yield* put(chunk);
  }
  if (filled > 0) yield buffer.subarray(0, filled);
}
