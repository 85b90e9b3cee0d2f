import type { Value } from "../graph/graph.ts";

/** y = scale·x + shift, with one pair for each entry of one axis, or one pair for all of the tensor. */
export interface ChannelAffine {
  /** What it is applied to. */
  readonly x: Value;
  /** Rank of x, where known. */
  readonly rank?: number;
  /** The axis, counted from the left; null where one pair serves everything. */
  readonly axis: number | null;
  /** One factor an entry of the axis (one alone where `axis` is null). */
  readonly scale: Float64Array;
  /** One summand an entry. */
  readonly shift: Float64Array;
}

/** The map alone, whatever it is applied to. */
export type AffineMap = Pick<ChannelAffine, "axis" | "scale" | "shift">;

/** Whether it adds something anywhere. */
export function hasShift({ shift }: Pick<AffineMap, "shift">): boolean {
  return shift.some((value) => value !== 0);
}

/** Whether it multiplies by something other than 1 anywhere. */
export function hasScale({ scale }: Pick<AffineMap, "scale">): boolean {
  return scale.some((value) => value !== 1);
}

/** The same numbers for an axis of `length` entries; undefined where the map has another number of them. */
export function spread(values: Float64Array, length: number): Float64Array | undefined {
  if (values.length === length) return values;
  return values.length === 1 ? new Float64Array(length).fill(values[0]) : undefined;
}

/** `second` after `first`: s₂(s₁x + t₁) + t₂; undefined where they go along different axes. */
export function composed(first: AffineMap, second: AffineMap): AffineMap | undefined {
  if (first.axis !== null && second.axis !== null && first.axis !== second.axis) return undefined;
  const length = Math.max(first.scale.length, second.scale.length);
  const [s1, t1, s2, t2] = [first.scale, first.shift, second.scale, second.shift].map((v) => spread(v, length));
  if (!s1 || !t1 || !s2 || !t2) return undefined;
  return {
    axis: first.axis ?? second.axis,
    scale: s1.map((value, i) => value * s2[i]),
    shift: t1.map((value, i) => value * s2[i] + t2[i]),
  };
}
