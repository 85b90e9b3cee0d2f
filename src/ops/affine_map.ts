import type { Value } from "../graph/graph.ts";
import type { Builder } from "./builder.ts";
import { Skip } from "./skip.ts";

/** y = scale·x + shift, with one pair for each entry of one axis, or one pair for all of the tensor. */
export interface AffineMap {
  /** The axis, counted from the left; null where one pair serves everything. */
  readonly axis: number | null;
  /** One factor per entry of the axis (one alone where `axis` is null). */
  readonly scale: Float64Array;
  /** One summand per entry. */
  readonly shift: Float64Array;
}

/** An affine map that a node is. */
export interface ChannelAffine extends AffineMap {
  /** What it is applied to. */
  readonly x: Value;
  /** Rank of x, where known. */
  readonly rank?: number;
  /** The node with other parameters, so that it is another map along the same axis of `x`; absent where it has none to change. */
  readonly rebuild?: (affine: AffineMap, x: Value, build: Builder) => Value;
}

/** Whether it adds something anywhere. */
export function hasShift({ shift }: Pick<AffineMap, "shift">): boolean {
  return shift.some((value) => value !== 0);
}

/** Whether it multiplies by something other than 1 anywhere. */
export function hasScale({ scale }: Pick<AffineMap, "scale">): boolean {
  return scale.some((value) => value !== 1);
}

/** The scale of a map alone. */
export function scaleOf({ axis, scale, shift }: AffineMap): AffineMap {
  return { axis, scale, shift: new Float64Array(shift.length) };
}

/** The shift of a map alone. */
export function shiftOf({ axis, scale, shift }: AffineMap): AffineMap {
  return { axis, scale: new Float64Array(scale.length).fill(1), shift };
}

/** The shift of a map as it is added before its scale, s·(x + t/s); undefined where it would be divided by 0. */
export function shiftBefore({ axis, scale, shift }: AffineMap): AffineMap | undefined {
  const before = shift.map((value, i) => value === 0 ? 0 : value / scale[i]);
  return before.every(Number.isFinite) ? shiftOf({ axis, scale, shift: before }) : undefined;
}

/** The same numbers for an axis of `length` entries; undefined where there is another number of them. */
export function spread(values: Float64Array, length: number): Float64Array | undefined {
  if (values.length === length) return values;
  return values.length === 1 ? new Float64Array(length).fill(values[0]) : undefined;
}

/** Two maps as one, entry by entry; undefined where they go along different axes. */
function combined(
  a: AffineMap,
  b: AffineMap,
  scale: (s1: number, s2: number) => number,
  shift: (t1: number, t2: number, s2: number) => number,
): AffineMap | undefined {
  if (a.axis !== null && b.axis !== null && a.axis !== b.axis) return undefined;
  const length = Math.max(a.scale.length, b.scale.length);
  const [s1, t1, s2, t2] = [a.scale, a.shift, b.scale, b.shift].map((values) => spread(values, length));
  if (!s1 || !t1 || !s2 || !t2) return undefined;
  return {
    axis: a.axis ?? b.axis,
    scale: s1.map((value, i) => scale(value, s2[i])),
    shift: t1.map((value, i) => shift(value, t2[i], s2[i])),
  };
}

/** `second` after `first`: s₂(s₁x + t₁) + t₂; undefined where they go along different axes. */
export function composed(first: AffineMap, second: AffineMap): AffineMap | undefined {
  return combined(first, second, (s1, s2) => s1 * s2, (t1, t2, s2) => t1 * s2 + t2);
}

/** The sum of two maps of one value; undefined where they go along different axes. */
export function summed(a: AffineMap, b: AffineMap): AffineMap | undefined {
  return combined(a, b, (s1, s2) => s1 + s2, (t1, t2) => t1 + t2);
}

/** Scale and shift with one entry per channel of a layer's axis, or why they do not fit. */
export function fitted(
  { axis, scale, shift }: AffineMap,
  wanted: { axis: number; channels: number },
): { scale: Float64Array; shift: Float64Array } | Skip {
  if (axis === null) {
    const full = (values: Float64Array) => new Float64Array(wanted.channels).fill(values[0]);
    return { scale: full(scale), shift: full(shift) };
  }
  if (axis === wanted.axis && scale.length === wanted.channels) return { scale, shift };
  return axis !== wanted.axis
    ? new Skip("other-axis", `it goes along axis ${axis}, but the channels of the layer are axis ${wanted.axis}`)
    : new Skip("other-channels", `it has ${scale.length} entries, but the layer has ${wanted.channels} channels`);
}
