import { type ElementType, formatOf } from "./element_type.ts";
import { forgetRecent } from "./recent.ts";
import { CHUNK, type Tensor } from "./tensor.ts";

/** Number of bytes of a tensor's elements. */
export function byteLength(tensor: Tensor): number {
  return tensor.size * formatOf(tensor.type).bytes;
}

/** What a chunk is computed in; those that nobody uses are kept for the next tensor. */
const unused: { values: Float64Array; bytes: Uint8Array }[] = [];

/** A tensor's elements as little-endian bytes, rounded once, in chunks that are reused: take one before you ask for another. */
export function* encodedChunks(tensor: Tensor): Generator<Uint8Array> {
  const format = formatOf(tensor.type);
  const buffers = unused.pop() ?? { values: new Float64Array(CHUNK), bytes: new Uint8Array(CHUNK * 8) };
  try {
    for (let start = 0; start < tensor.size; start += CHUNK) {
      const length = Math.min(CHUNK, tensor.size - start);
      const part = buffers.values.subarray(0, length), chunk = buffers.bytes.subarray(0, length * format.bytes);
      tensor.read(start, part);
      format.encode(part, chunk);
      yield chunk;
    }
  } finally {
    unused.push(buffers);
  }
  forgetRecent();
}

/** Values as they are after being written as this type and read again. */
export function rounded(type: ElementType, values: Float64Array): Float64Array {
  const format = formatOf(type), bytes = new Uint8Array(values.length * format.bytes), out = values.slice();
  format.encode(values, bytes);
  format.decode(bytes, out);
  return out;
}

/** Fills `into` with a tensor's little-endian bytes from `offset` on, as {@link encodedChunks} gives them; both are whole elements. */
export function encodePart(tensor: Tensor, offset: number, into: Uint8Array): void {
  const format = formatOf(tensor.type);
  const values = new Float64Array(into.length / format.bytes);
  tensor.read(offset / format.bytes, values);
  format.encode(values, into);
}
