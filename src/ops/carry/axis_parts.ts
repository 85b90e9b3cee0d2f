import type { Dim, Shape } from "../../graph/graph.ts";
import { MOST_ENTRIES } from "../affine/elementwise.ts";
import type { AffineMap } from "../affine_map.ts";
import { quotient } from "../dims.ts";

/** A factor of an axis' length: axes are taken apart and put together again by these. */
export interface AxisPart {
  /** Its length. */
  readonly size: Dim;
  /** How many channels one step along it goes on; 0 where the map is the same. */
  readonly stride: number;
  /** The one of its entries that the map is for, where it is none for the others. */
  readonly only?: number;
}

/** The parts that each axis of a value is made of, those of length 1 left out. */
export type Axes = readonly (readonly AxisPart[])[];

/** The axes of a value with a map along one of them. */
export function axesWith(shape: Shape, axis: number): Axes {
  return shape.map((size, at) => size === 1 ? [] : [{ size, stride: at === axis ? 1 : 0 }]);
}

/** Whether the map is not the same for all entries of a part. */
export function matters({ stride, only }: AxisPart): boolean {
  return stride > 0 || only !== undefined;
}

/**
 * The same parts in axes of other lengths with as many elements: taken one after the other from the front or, where lengths there do
 * not fit or are not known, from the end, until all are placed that matter. Undefined where neither leads to them.
 */
export function fitted(axes: Axes, shape: Shape): Axes | undefined {
  return fittedFrom("front", axes, shape) ?? fittedFrom("end", axes, shape);
}

function fittedFrom(side: "front" | "end", axes: Axes, shape: Shape): Axes | undefined {
  const isFront = side === "front", parts = axes.flat(), waiting = isFront ? parts.toReversed() : parts;
  const found: AxisPart[][] = [];
  for (const dim of isFront ? shape : shape.toReversed()) {
    const own: AxisPart[] = [];
    if (!waiting.some(matters)) {
      found.push(dim === 1 ? [] : [{ size: dim, stride: 0 }]);
      continue;
    }
    for (let left = dim; left !== 1;) {
      const part = waiting.pop(), rest = part && ratio(left, part.size), more = part && ratio(part.size, left);
      if (!part || left === 0) return undefined;
      if (rest) {
        own.push(part);
        left = rest;
      } else if (more && part.only === undefined) {
        const outward = (by: Dim) => part.stride > 0 ? part.stride * Number(by) : 0;
        own.push({ size: left, stride: isFront ? outward(more) : part.stride });
        waiting.push({ size: more, stride: isFront ? part.stride : outward(left) });
        left = 1;
      } else return undefined;
    }
    found.push(isFront ? own : own.reverse());
  }
  if (waiting.some(matters)) return undefined;
  return isFront ? found : found.reverse();
}

/** A length over another, where that is whole and known. */
function ratio(a: Dim, b: Dim): Dim {
  const result = a === b && a !== null ? 1 : quotient(a, b);
  return typeof result !== "number" || Number.isInteger(result) ? result : null;
}

/** The map along the one axis in which all parts are that matter; undefined where they are in several. */
export function alongOne(axes: Axes, { scale, shift }: AffineMap): AffineMap | undefined {
  const [axis, ...others] = [...axes.keys()].filter((at) => axes[at].some(matters)), parts = axes[axis] ?? [];
  const sizes: Dim[] = parts.map(({ size }) => size);
  if (others.length > 0 || parts.length === 0 || !sizes.every((size) => typeof size === "number")) return undefined;
  if (sizes.reduce((product, size) => product * size, 1) > MOST_ENTRIES) return undefined;
  // the channel of each entry, −1 where the map is none
  const channels = parts.reduce((before, { stride, only }, at) =>
    before.flatMap((channel) =>
      Array.from(
        { length: sizes[at] },
        (_, step) => channel < 0 || only !== undefined && step !== only ? -1 : channel + step * stride,
      )
    ), [0]);
  const of = (values: Float64Array, otherwise: number) =>
    Float64Array.from(channels, (channel) => channel < 0 ? otherwise : values[channel]);
  return { axis, scale: of(scale, 1), shift: of(shift, 0) };
}
