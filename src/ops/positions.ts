import type { Dim, Node } from "../graph/graph.ts";
import { sizeOf } from "../tensor/tensor.ts";
import { resizedAxes, scalesOf, whyNotAverage, whyResized } from "./carry/interpolation.ts";
import { axesOf, constantValues } from "./constant.ts";
import { elementCount } from "./dims.ts";
import type { PositionMap } from "./position_map.ts";
import { Skip } from "./skip.ts";
import { repeatOf } from "./repeat.ts";
import { isUnpadded, windowOf } from "./window.ts";
import { unknownRank } from "./unknown_rank.ts";

/** What interpolating one element costs, in multiply-accumulates; an estimate from above. */
const INTERPOLATION = 8;

function on(node: Node): PositionMap["emit"] {
  return (x, _channels, build) => build.like(node, [x, ...node.inputs.slice(1)]);
}

/** Positions of the input for one of the result, from whole shapes. */
function measuredRatio(node: Node): number | undefined {
  const before = elementCount(node.inputs[0]!.shape), after = elementCount(node.output.shape);
  return before === null || !after ? undefined : before / after;
}

/** AveragePool. */
export function averagePoolPositions(node: Node): PositionMap | undefined {
  const x = node.inputs[0]!, kernel = node.numbers("kernel_shape");
  if (node.outputs.length !== 1 || !kernel) return undefined;
  const window = windowOf(node, kernel, x.shape?.slice(2));
  const isMean = node.number("count_include_pad", 0) === 0 || isUnpadded(window) && !window.ceil;
  return {
    x,
    axes: kernel.map((_, axis) => axis + 2),
    dropsAxes: false,
    whyNotAverage: isMean ? undefined : new Skip(
      "shift-at-border",
      "it counts padded cells (count_include_pad)",
    ),
    enlarges: false,
    taps: sizeOf(kernel),
    ratio: measuredRatio(node) ?? leastRatio(node, kernel),
    emit: on(node),
  };
}

/** Input positions of a pool for one of its output, at least; undefined where padding makes that open. */
function leastRatio(pool: Node, kernel: readonly number[]): number | undefined {
  const window = windowOf(pool, kernel, pool.inputs[0]!.shape?.slice(2));
  let ratio = 1;
  for (let axis = 0; axis < kernel.length; axis++) {
    const begin = window.begin[axis], end = window.end[axis], stride = window.strides[axis];
    if (begin === null || end === null || window.ceil) return undefined;
    const reach = window.dilations[axis] * (kernel[axis] - 1) + 1;
    if (begin + end > Math.max(0, reach - stride)) return undefined;
    ratio *= Math.min(stride, reach);
  }
  return ratio;
}

/** An average over everything is over two positions at least, or there is nothing to lose either. */
const LEAST_WHOLE = 2;

/** GlobalAveragePool. */
export function globalAveragePositions(node: Node): PositionMap | Skip {
  const x = node.inputs[0]!, rank = x.shape?.length;
  if (rank === undefined) return unknownRank(x);
  const axes = Array.from({ length: rank - 2 }, (_, axis) => axis + 2);
  return { x, axes, dropsAxes: false, enlarges: false, ratio: measuredRatio(node) ?? LEAST_WHOLE, emit: on(node) };
}

/** ReduceMean. */
export function reduceMeanPositions(node: Node): PositionMap | Skip {
  const x = node.inputs[0]!, rank = x.shape?.length, axes = rank === undefined ? undefined : axesOf(node, rank);
  if (!axes?.length) return new Skip("unknown-shape", "the axes it averages over are not known");
  const dropsAxes = node.number("keepdims", 1) !== 1;
  return { x, axes, dropsAxes, enlarges: false, ratio: measuredRatio(node) ?? LEAST_WHOLE, emit: on(node) };
}

/** Resize and Upsample of positions alone. */
export function resizePositions(node: Node): PositionMap | Skip {
  const x = node.inputs[0]!, rank = (x.shape ?? node.output.shape)?.length;
  if (rank === undefined) return new Skip("unknown-shape", `the rank of ${node.label} is not known`);
  const against = whyNotAverage(node) ?? whyResized(node, 0, rank) ?? whyResized(node, 1, rank);
  if (against) return against;
  const at = resizedAxes(node, rank).indexOf(1), sizes = node.has(3) ? constantValues(node.inputs[3]) : undefined;
  return {
    x,
    axes: Array.from({ length: rank - 2 }, (_, axis) => axis + 2),
    dropsAxes: false,
    enlarges: true,
    taps: INTERPOLATION,
    ratio: shrinkage(node),
    repeat: repeatOf(node, rank),
    sizes: node.has(3) && at >= 0 && !sizes ? { value: node.inputs[3]!, at } : undefined,
    emit(value, channels, build, computed) {
      const rest = node.inputs.slice(1);
      if (computed) return build.like(node, [value, rest[0], rest[1], computed]);
      if (!sizes || at < 0) return build.like(node, [value, ...rest]);
      const now = build.integers(node.inputs[3]!.name, sizes.with(at, channels));
      return build.like(node, [value, rest[0], rest[1], now]);
    },
  };
}

/** Input positions for one of the output. */
function shrinkage(resize: Node): number | undefined {
  const area = (shape: readonly Dim[] | undefined) => {
    const dims = shape?.slice(2);
    return dims?.every((dim) => typeof dim === "number") ? sizeOf(dims as number[]) : undefined;
  };
  const from = area(resize.inputs[0]!.shape), to = area(resize.output.shape);
  if (from !== undefined && to) return from / to;
  const scales = scalesOf(resize);
  return scales && 1 / scales.reduce((a, b) => a * b, 1);
}
