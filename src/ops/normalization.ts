import { computedTensor, sizeOf, valuesOf } from "../tensor/tensor.ts";
import { batchNormalization as batchNormalizationAffine, EPSILON } from "./affine/batch_normalization.ts";
import { axisOf } from "./constant.ts";
import { entriesBefore } from "./entries.ts";
import { inferSame } from "./elementwise.ts";
import type { Op, Ops } from "./op.ts";

const batchNormalization: Op = {
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
      const values = valuesOf(x), [gamma, beta] = [valuesOf(scale), valuesOf(bias)];
      const channelOf = channelsOf(x.dims);
      const [m, v] = isTraining ? statisticsOf(values, channels, channelOf) : [valuesOf(mean), valuesOf(variance)];
      return values.map((value, at) => {
        const c = channelOf(at);
        return (value - m[c]) / Math.sqrt(v[c] + epsilon) * gamma[c] + beta[c];
      });
    })];
  },
};

/** The channel of an element: its place along axis 1. */
function channelsOf([, channels, ...rest]: readonly number[]): (at: number) => number {
  const inner = sizeOf(rest);
  return (at) => Math.floor(at / inner) % channels;
}

/** Mean and (population) variance of each channel. */
function statisticsOf(values: Float64Array, channels: number, channelOf: (at: number) => number): Float64Array[] {
  const count = values.length / channels, mean = new Float64Array(channels), variance = new Float64Array(channels);
  values.forEach((value, at) => mean[channelOf(at)] += value / count);
  values.forEach((value, at) => variance[channelOf(at)] += (value - mean[channelOf(at)]) ** 2 / count);
  return [mean, variance];
}

/** The second and third outputs are statistics: the axes from `axis` on have length 1. */
const layerNormalization: Op = {
  infer(node, [{ type, shape }]) {
    const axis = shape && axisOf(node, shape.length, -1);
    const statistics = {
      type: node.number("stash_type", 1) === 1 ? "float32" as const : type,
      shape: shape?.map((dim, at) => at < axis! ? dim : 1),
    };
    return [{ type, shape }, statistics, statistics];
  },
};

/** Normalizations: the first output is like the first input. */
export const NORMALIZATION_OPS = {
  BatchNormalization: { ...batchNormalization, affine: batchNormalizationAffine },
  InstanceNormalization: { infer: inferSame },
  LayerNormalization: { ...layerNormalization, entries: entriesBefore(-1) },
  RMSNormalization: { infer: inferSame, entries: entriesBefore(-1) },
  SimplifiedLayerNormalization: { infer: inferSame, entries: entriesBefore(-1) },
  GroupNormalization: { infer: inferSame },
  MeanVarianceNormalization: { infer: inferSame },
  LpNormalization: { infer: inferSame },
} satisfies Ops;
