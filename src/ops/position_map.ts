import type { Dim, Node, Value } from "../graph/graph.ts";
import { sizeOf, valueTensor } from "../tensor/tensor.ts";
import type { Builder } from "./builder.ts";
import { resizedAxes, scalesOf, whyNotAverage, whyResized } from "./carry/interpolation.ts";
import { axesOf, constantValues } from "./constant.ts";
import { elementCount } from "./dims.ts";
import { Skip } from "./skip.ts";
import { repeatOf } from "./repeat.ts";
import { isUnpadded, windowOf } from "./window.ts";
import { unknownRank } from "./unknown_rank.ts";

/**
 * A linear map along positions, the same for every channel, such as an average pool or an interpolation: it changes places with
 * a layer that treats every position alike.
 */
export interface PositionMap {
  /** What it is applied to. */
  readonly x: Value;
  /** The axes along which it combines positions. */
  readonly axes: readonly number[];
  /** Whether its result lacks those axes. */
  readonly dropsAxes: boolean;
  /** Why a constant added before it is not the same constant added after it; undefined where its weights always sum to 1. */
  readonly whyNotAverage?: Skip;
  /** Whether it makes more positions than there were, not fewer. */
  readonly enlarges: boolean;
  /** Positions of x for one of the result, at least; undefined where not known. */
  readonly ratio?: number;
  /** Multiply-accumulates for one position of the result and one channel; undefined where it is `ratio` of them. */
  readonly taps?: number;
  /** How often it repeats every cell along each of the axes, where that is all it does. */
  readonly repeat?: number;
  /** A computed shape of its result, with the channels at an index of it: it must be made anew for other channels. */
  readonly sizes?: { readonly value: Value; readonly at: number };
  /** The same on another value with `channels` entries along axis 1; with `sizes` in place of its own, where it has them. */
  emit(x: Value, channels: number, build: Builder, sizes?: Value): Value;
}

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
      const tensor = valueTensor("int64", [sizes.length], Float64Array.from(sizes).with(at, channels));
      return build.like(node, [value, rest[0], rest[1], build.initializer(node.inputs[3]!.name, tensor)]);
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
