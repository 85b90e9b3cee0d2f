import type { ElementType } from "./element_type.ts";
import { CHUNK, forEachChunk, type Tensor } from "./tensor.ts";

/** The least magnitude that a narrow type holds with all its digits. */
const LEAST: Partial<Record<ElementType, number>> = { float16: 2 ** -14, bfloat16: 2 ** -126 };

/** Parts of a large tensor that are looked at first, and elements of each. */
const PARTS = 64, PART = 512;

/** How many elements of a tensor lie below the range in which its type holds all digits. */
export interface Underflow {
  /** Elements that are not zero and below `least`. */
  readonly count: number;
  /** The least magnitude with all digits. */
  readonly least: number;
}

/**
 * The elements of a float16 or bfloat16 tensor that are subnormal or vanish, where they are more than `share` of them; undefined
 * where there are fewer, and for other types. Of a large tensor parts all over are read, all of it where these have half as many.
 */
export function underflowOf(tensor: Tensor, share: number): Underflow | undefined {
  const least = LEAST[tensor.type];
  if (least === undefined) return undefined;
  const countIn = (values: Float64Array) => {
    let count = 0;
    for (const value of values) if (value !== 0 && Math.abs(value) < least) count++;
    return count;
  };
  if (tensor.size > CHUNK) {
    const part = new Float64Array(PART);
    let count = 0;
    for (let i = 0; i < PARTS; i++) {
      tensor.read(Math.floor(i * (tensor.size - PART) / (PARTS - 1)), part);
      count += countIn(part);
    }
    if (count <= share / 2 * PARTS * PART) return undefined;
  }
  let count = 0;
  forEachChunk(tensor, (values) => count += countIn(values));
  return count > share * tensor.size ? { count, least } : undefined;
}
