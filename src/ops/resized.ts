import type { Node } from "../graph/graph.ts";
import { isFloat } from "../tensor/element_type.ts";
import { computedTensor, sizeOf, type Tensor, valuesOf } from "../tensor/tensor.ts";
import { resizedAxes } from "./carry/interpolation.ts";
import { smallValues } from "./constant.ts";

/** How many entries an axis has, how many it gets, and the factor that a model says for it, in float32. */
interface Scaled {
  readonly from: number;
  readonly to: number;
  readonly scale: number;
}

/** The entries that one entry of the result is made of, and with what weights. */
type Taps = readonly (readonly [entry: number, weight: number])[];

const round = Math.fround;

/** Where an entry of the result lies in the input, in float32 as runtimes work it out. */
const COORDINATES: Readonly<Record<string, (at: number, axis: Scaled) => number>> = {
  asymmetric: (at, { scale }) => round(at / scale),
  half_pixel: (at, { scale }) => round(round((at + 0.5) / scale) - 0.5),
  pytorch_half_pixel: (at, { to, scale }) => to > 1 ? round(round((at + 0.5) / scale) - 0.5) : 0,
  tf_half_pixel_for_nn: (at, { scale }) => round((at + 0.5) / scale),
  align_corners: (at, { from, to }) => to === 1 ? 0 : round(round(at * (from - 1)) / (to - 1)),
};

const NEAREST: Readonly<Record<string, (place: number) => number>> = {
  round_prefer_floor: (place) => Math.ceil(place - 0.5),
  round_prefer_ceil: (place) => Math.floor(place + 0.5),
  floor: Math.floor,
  ceil: Math.ceil,
};

/** Larger results are left to the runtime. */
const MOST_ELEMENTS = 1 << 22;

/**
 * A Resize or Upsample of a constant, axis by axis: nearest, linear or cubic. Undefined where it is antialiased, crops, keeps an
 * aspect ratio or leaves cubic taps out, and for forms of which runtimes have notions of their own.
 */
export function resized(
  node: Node,
  x: Tensor,
  scales: Tensor | undefined,
  sizes: Tensor | undefined,
): Tensor | undefined {
  const isOld = node.is("Upsample") || node.opset < 11, mode = node.text("mode", "nearest");
  const coordinates = COORDINATES[isOld ? "asymmetric" : node.text("coordinate_transformation_mode", "half_pixel")];
  const isPlain = ["nearest", "linear", "cubic"].includes(mode) && node.number("antialias", 0) === 0 &&
    node.number("exclude_outside", 0) === 0 &&
    node.text("keep_aspect_ratio_policy", "stretch") === "stretch";
  const nearest = NEAREST[isOld ? "floor" : node.text("nearest_mode", "round_prefer_floor")];
  const factors = smallValues(scales) ?? (node.is("Upsample") ? node.numbers("scales") : undefined);
  const targets = smallValues(sizes), given = targets?.length ? targets : factors, { dims } = x;
  const axes = resizedAxes(node, dims.length);
  if (!coordinates || !nearest || !isPlain || given?.length !== axes.length || !isFloat(x.type)) return undefined;
  const scaled = dims.map((from, axis): Scaled => {
    const at = axes.indexOf(axis);
    if (at < 0) return { from, to: from, scale: 1 };
    const to = given === targets ? targets![at] : Math.floor(round(from * factors![at]));
    return { from, to, scale: given === targets ? round(to / from) : round(factors![at]) };
  });
  if (!(sizeOf(scaled.map(({ to }) => to)) <= MOST_ELEMENTS)) return undefined;
  if (scaled.some(({ from, to, scale }) => !(from > 0) || !(to > 0) || !(scale > 0))) return undefined;
  if (isOld && scaled.some(({ scale }) => scale < 1)) return undefined;
  const coefficient = node.number("cubic_coeff_a", -0.75);
  const tapsAt = (at: number, axis: Scaled): Taps => {
    const place = coordinates(at, axis);
    if (mode === "nearest") return [[inside(nearest(place), axis), 1]];
    if (mode === "linear") return linear(Math.min(Math.max(place, 0), axis.from - 1), axis);
    return cubic(place, axis, coefficient);
  };
  const taps = scaled.map((axis) =>
    axis.from === axis.to && axis.scale === 1 ? null : Array.from({ length: axis.to }, (_, at) => tapsAt(at, axis))
  );
  return computedTensor(x.type, scaled.map(({ to }) => to), () => {
    let values = valuesOf(x), shape = [...dims];
    for (const [axis, own] of taps.entries()) {
      if (!own) continue;
      values = along(values, shape, axis, own);
      shape = shape.with(axis, own.length);
    }
    return values;
  });
}

function inside(entry: number, { from }: Scaled): number {
  return Math.min(Math.max(entry, 0), from - 1);
}

function linear(place: number, axis: Scaled): Taps {
  const first = Math.floor(place), rest = place - first;
  return rest === 0 ? [[first, 1]] : [[first, 1 - rest], [inside(first + 1, axis), rest]];
}

/** Keys' convolution, cells beyond the border those at it. */
function cubic(place: number, axis: Scaled, a: number): Taps {
  const first = Math.floor(place), rest = place - first;
  const near = (x: number) => ((a + 2) * x - (a + 3)) * x * x + 1;
  const far = (x: number) => ((a * x - 5 * a) * x + 8 * a) * x - 4 * a;
  const weights = [far(rest + 1), near(rest), near(1 - rest), far(2 - rest)];
  return weights.map((weight, at) => [inside(first - 1 + at, axis), weight] as const);
}

/** Entries along one axis, each put together of others. */
function along(values: Float64Array, shape: readonly number[], axis: number, taps: readonly Taps[]): Float64Array {
  const inner = sizeOf(shape.slice(axis + 1)), outer = sizeOf(shape.slice(0, axis)), { length } = taps;
  const out = new Float64Array(outer * length * inner);
  for (let o = 0; o < outer; o++) {
    for (const [at, own] of taps.entries()) {
      for (const [entry, weight] of own) {
        const from = (o * shape[axis] + entry) * inner, to = (o * length + at) * inner;
        for (let i = 0; i < inner; i++) out[to + i] += weight * values[from + i];
      }
    }
  }
  return out;
}
