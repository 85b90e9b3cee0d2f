import { broadcasted } from "../tensor/elementwise.ts";
import { computedTensor, sizeOf, valuesOf } from "../tensor/tensor.ts";
import { batchNormalization as batchNormalizationAffine, EPSILON } from "./affine/batch_normalization.ts";
import { axisOf } from "./constant.ts";
import { entriesBefore } from "./entries.ts";
import { inferSame } from "./elementwise.ts";
import type { Op, Ops } from "./op.ts";
import { intoNormalization } from "./take_affine.ts";

const batchNormalization: Op = {
  inputs: [5],
  infer(node, [x, , , mean, variance]) {
    const statistics = [mean, variance].map(({ type, shape }) => ({ type, shape }));
    return [{ type: x.type, shape: x.shape }, ...statistics, ...node.opset < 9 ? statistics : []];
  },
  /** In training, too: weights are standardised by the statistics of a batch, which are the weights' own. */
  evaluate(node, [x, scale, bias, mean, variance]) {
    if (node.opset < 9 || !x || x.dims.length < 2 || !scale || !bias || !mean || !variance) return undefined;
    const channels = x.dims[1], epsilon = node.number("epsilon", EPSILON);
    if ([scale, bias, mean, variance].some(({ size }) => size !== channels)) return undefined;
    const isTraining = node.number("training_mode", 0) !== 0;
    return [computedTensor(x.type, x.dims, () => {
      const values = valuesOf(x), out = new Float64Array(values.length), inner = sizeOf(x.dims.slice(2));
      const [gamma, beta, m, v] = [scale, bias, mean, variance].map(valuesOf), row = channels * inner;
      for (let channel = 0; channel < channels; channel++) {
        const each = (visit: (value: number, at: number) => void) => {
          for (let start = channel * inner; start < values.length; start += row) {
            for (let at = start; at < start + inner; at++) visit(values[at], at);
          }
        };
        let center = m[channel], spread = v[channel];
        if (isTraining) {
          const count = values.length / channels;
          center = spread = 0;
          each((value) => center += value);
          center /= count;
          each((value) => spread += (value - center) ** 2);
          spread /= count;
        }
        const factor = gamma[channel] / Math.sqrt(spread + epsilon);
        each((value, at) => out[at] = (value - center) * factor + beta[channel]);
      }
      return out;
    })];
  },
};

/** Rows over the axes from one on, brought to a mean square of 1, their mean taken away first or not; then scaled and shifted. */
const evaluateRows =
  ({ isCentred }: { isCentred: boolean }): NonNullable<Op["evaluate"]> => (node, [x, scale, shift]) => {
    const { dims, type } = x!, axis = axisOf(node, dims.length, -1), length = sizeOf(dims.slice(axis));
    const epsilon = node.number("epsilon", EPSILON);
    if (!(axis in dims) || !scale) return undefined;
    const normal = computedTensor(type, dims, () => {
      const values = valuesOf(x!);
      for (let first = 0; first < values.length; first += length) {
        const row = values.subarray(first, first + length),
          sum = (f: (value: number) => number) => row.reduce((total, value) => total + f(value), 0) / length;
        const mean = isCentred ? sum((value) => value) : 0,
          deviation = Math.sqrt(sum((value) => (value - mean) ** 2) + epsilon);
        for (let at = 0; at < length; at++) row[at] = (row[at] - mean) / deviation;
      }
      return values;
    });
    const result = broadcasted(
      shift ? [normal, scale, shift] : [normal, scale],
      (value, s, t = 0) => value * s + t,
      type,
    );
    return result && [result];
  };

/** The second and third outputs are statistics: the axes from `axis` on have length 1. */
const layerNormalization: Op = {
  inputs: [2, 3],
  infer(node, [{ type, shape }]) {
    const axis = shape && axisOf(node, shape.length, -1);
    const statistics = {
      type: node.number("stash_type", 1) === 1 ? "float32" as const : type,
      shape: shape?.map((dim, at) => at < axis! ? dim : 1),
    };
    return [{ type, shape }, statistics, statistics];
  },
};

/** With a scale alone, behind the input. */
const scaleOnly: Op = {
  inputs: [2],
  infer: inferSame,
  entries: entriesBefore(-1),
  evaluate: evaluateRows({ isCentred: false }),
  takeAffine: intoNormalization({ gamma: 1 }),
};

/** With a scale and a shift per channel. */
const perChannel: Op = {
  inputs: [3],
  infer: inferSame,
  takeAffine: intoNormalization({ gamma: 1, beta: 2, isPerChannel: true }),
};

/** Normalizations: the first output is like the first input. */
export const NORMALIZATION_OPS = {
  BatchNormalization: { ...batchNormalization, affine: batchNormalizationAffine },
  InstanceNormalization: perChannel,
  LayerNormalization: {
    ...layerNormalization,
    evaluate: evaluateRows({ isCentred: true }),
    entries: entriesBefore(-1),
    takeAffine: intoNormalization({ gamma: 1, beta: 2 }),
  },
  RMSNormalization: scaleOnly,
  SimplifiedLayerNormalization: scaleOnly,
  GroupNormalization: perChannel,
  MeanVarianceNormalization: { inputs: [1], infer: inferSame },
  LpNormalization: { inputs: [1], infer: inferSame },
} satisfies Ops;
