import type { Value } from "../graph/graph.ts";
import { sliced } from "../tensor/pick.ts";
import type { Tensor } from "../tensor/tensor.ts";

/** Entries `start` to `start + length` of an axis. */
export interface EntryRange {
  /** The first. */
  readonly start: number;
  /** How many. */
  readonly length: number;
}

/** A part that a node cuts out of its first input, whole along all axes but one. */
export interface Part extends EntryRange {
  /** The part. */
  readonly value: Value;
  /** Whether the axis itself goes, one entry being left. */
  readonly isDropped?: boolean;
}

/** Entries of a constant along an axis. */
export function partOf(tensor: Tensor, axis: number, { start, length }: EntryRange): Tensor {
  const { dims } = tensor;
  return sliced(tensor, dims.map((_, at) => at === axis ? start : 0), dims.map(() => 1), dims.with(axis, length));
}
