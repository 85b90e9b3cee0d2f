import { broadcastStrides, forEachOffset } from "../tensor/arrange.ts";
import { broadcasted } from "../tensor/elementwise.ts";
import { computedTensor, reshaped, sizeOf, type Tensor, valuesOf } from "../tensor/tensor.ts";
import { EPSILON } from "./affine/batch_normalization.ts";
import { axisOf } from "./constant.ts";
import type { Op } from "./op.ts";

type Evaluate = NonNullable<Op["evaluate"]>;

interface Rows {
  /** Whether the mean is taken away first. */
  readonly isCentred?: boolean;
  /** What the elements are divided by, by the mean of their squares and their number. */
  readonly divisor: (meanSquare: number, count: number) => number;
}

/** A tensor whose elements along some axes are centred and divided by what their squares make. */
function standardised(x: Tensor, isAlong: (axis: number) => boolean, { isCentred = true, divisor }: Rows): Tensor {
  const { type, dims } = x, reduced = dims.map((dim, axis) => isAlong(axis) ? 1 : dim);
  const strides = broadcastStrides(reduced, dims);
  return computedTensor(type, dims, () => {
    const values = valuesOf(x), rows = sizeOf(reduced), count = values.length / rows;
    const means = new Float64Array(rows), squares = new Float64Array(rows);
    if (isCentred) forEachOffset(dims, strides, (row, at) => means[row] += values[at] / count);
    forEachOffset(dims, strides, (row, at) => squares[row] += (values[at] - means[row]) ** 2 / count);
    const divisors = squares.map((square) => divisor(square, count));
    forEachOffset(dims, strides, (row, at) => values[at] = (values[at] - means[row]) / divisors[row]);
    return values;
  });
}

/** By the deviation, or the root of the mean square where nothing was taken away. */
function byDeviation(epsilon: number): Rows["divisor"] {
  return (meanSquare) => Math.sqrt(meanSquare + epsilon);
}

/** One number for each channel, in a shape that broadcasts against a tensor with channels along axis 1. */
function perChannel(parameter: Tensor, rank: number): Tensor {
  return reshaped(parameter, [parameter.size, ...new Array<number>(rank - 2).fill(1)]);
}

function scaled(normal: Tensor, scale: Tensor, shift: Tensor | undefined): readonly Tensor[] | undefined {
  const by = shift ? [scale, shift] : [scale];
  const result = broadcasted([normal, ...by], (value, s, t = 0) => value * s + t, normal.type);
  return result && [result];
}

/**
 * BatchNormalization. In training, too: weights are standardised by the statistics of a batch, which are the weights' own. Before
 * operator set 14 more outputs than one say that.
 */
export const batchNormalized: Evaluate = (node, [x, ...parameters]) => {
  if (node.opset < 9 || !x || x.dims.length < 2 || parameters.some((tensor) => tensor?.size !== x.dims[1])) {
    return undefined;
  }
  const [scale, bias, mean, variance] = parameters.map((tensor) => perChannel(tensor!, x.dims.length));
  const isTraining = node.opset < 14 ? node.outputs.length > 1 : node.number("training_mode", 0) !== 0;
  const divisor = byDeviation(node.number("epsilon", EPSILON));
  if (isTraining) return scaled(standardised(x, (axis) => axis !== 1, { divisor }), scale, bias);
  const result = broadcasted(
    [x, scale, bias, mean, variance],
    (value, s, t, center, spread) => (value - center) * (s / divisor(spread, 1)) + t,
    x.type,
  );
  return result && [result];
};

/** Rows over the axes from one on, then scaled and shifted. */
export function rowsNormalized({ isCentred }: { isCentred: boolean }): Evaluate {
  return (node, [x, scale, shift]) => {
    const axis = axisOf(node, x!.dims.length, -1), divisor = byDeviation(node.number("epsilon", EPSILON));
    if (!(axis in x!.dims) || !scale) return undefined;
    return scaled(standardised(x!, (at) => at >= axis, { isCentred, divisor }), scale, shift);
  };
}

/** InstanceNormalization (each channel a group) and GroupNormalization: parameters per channel, before operator set 21 per group. */
export const groupsNormalized: Evaluate = (node, [x, scale, shift]) => {
  const { dims } = x!, [batch, channels] = dims, groups = node.number("num_groups", channels);
  const isPerGroup = node.is("GroupNormalization") && node.opset < 21, each = isPerGroup ? groups : channels;
  if (dims.length < 3 || channels % groups !== 0 || scale?.size !== each || shift?.size !== each) return undefined;
  const grouped = reshaped(x!, [batch, groups, x!.size / (batch * groups)]);
  const divisor = byDeviation(node.number("epsilon", EPSILON));
  const normal = standardised(grouped, (axis) => axis === 2, { divisor }), seen = isPerGroup ? grouped.dims : dims;
  const [s, t] = [scale, shift].map((parameter) => perChannel(parameter, seen.length));
  const result = scaled(reshaped(normal, seen), s, t);
  return result && [reshaped(result[0], dims)];
};

/** MeanVarianceNormalization. */
export const meanVarianceNormalized: Evaluate = (node, [x]) => {
  const axes = node.numbers("axes") ?? [0, 2, 3];
  return [standardised(x!, (axis) => axes.includes(axis), { divisor: (square) => Math.sqrt(square) + 1e-9 })];
};

/** LpNormalization by the second norm; what is zero stays it. */
export const lpNormalized: Evaluate = (node, [x]) => {
  const axis = axisOf(node, x!.dims.length, -1);
  if (node.number("p", 2) !== 2) return undefined;
  const divisor = (square: number, count: number) => Math.sqrt(square * count) || 1;
  return [standardised(x!, (at) => at === axis, { isCentred: false, divisor })];
};
