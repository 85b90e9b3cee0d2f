import type { ElementType } from "./element_type.ts";
import { recentBlock, recentValues } from "./recent.ts";
import { CHUNK, sizeOf, type Tensor, valuesOf } from "./tensor.ts";

/**
 * A tensor computed in float64 a block of rows (of the first axis) at a time, so that no more than a block is in memory.
 * `fill` gets zeros for `count` rows from `first` on; `bound` is an upper bound of all magnitudes.
 */
export function rowsTensor(
  type: ElementType,
  dims: readonly number[],
  bound: () => number,
  fill: (first: number, count: number, into: Float64Array) => void,
): Tensor {
  const size = sizeOf(dims), width = Math.max(1, size / dims[0]);
  const most = Math.max(1, Math.floor(CHUNK / width));
  const owner = {};
  let known: number | undefined;
  const block = (first: number): Float64Array => {
    const count = Math.min(most, dims[0] - first);
    return recentBlock(owner, first, count * width, (into) => fill(first, count, into));
  };
  return {
    type,
    dims,
    size,
    read(start, into) {
      for (let at = 0; at < into.length;) {
        const first = Math.floor((start + at) / (most * width)) * most;
        const values = block(first), from = start + at - first * width;
        const part = values.subarray(from, from + into.length - at);
        into.set(part, at);
        at += part.length;
      }
    },
    bound: () => known ??= bound(),
  };
}

/** All elements of a tensor, kept as long as they are among those used last. */
export function heldValues(tensor: Tensor): () => Float64Array {
  return () => recentValues(tensor, () => valuesOf(tensor));
}
