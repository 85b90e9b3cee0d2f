import { batchNormalization as batchNormalizationAffine } from "./affine/batch_normalization.ts";
import { axisOf } from "./constant.ts";
import { entriesBefore } from "./entries.ts";
import { inferSame } from "./elementwise.ts";
import {
  batchNormalized,
  groupsNormalized,
  lpNormalized,
  meanVarianceNormalized,
  rowsNormalized,
} from "./normalized.ts";
import type { Op, Ops } from "./op.ts";
import { intoNormalization } from "./take_affine.ts";

const batchNormalization: Op = {
  inputs: [5],
  infer(node, [x, , , mean, variance]) {
    const statistics = [mean, variance].map(({ type, shape }) => ({ type, shape }));
    return [{ type: x.type, shape: x.shape }, ...statistics, ...node.opset < 9 ? statistics : []];
  },
  evaluate: batchNormalized,
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
  evaluate: rowsNormalized({ isCentred: false }),
  takeAffine: intoNormalization({ gamma: 1 }),
};

/** With a scale and a shift per channel. */
const perChannel: Op = {
  inputs: [3],
  infer: inferSame,
  evaluate: groupsNormalized,
  takeAffine: intoNormalization({ gamma: 1, beta: 2, isPerChannel: true }),
};

/** Normalizations: the first output is like the first input. */
export const NORMALIZATION_OPS = {
  BatchNormalization: { ...batchNormalization, affine: batchNormalizationAffine },
  InstanceNormalization: perChannel,
  LayerNormalization: {
    ...layerNormalization,
    evaluate: rowsNormalized({ isCentred: true }),
    entries: entriesBefore(-1),
    takeAffine: intoNormalization({ gamma: 1, beta: 2 }),
  },
  RMSNormalization: scaleOnly,
  SimplifiedLayerNormalization: scaleOnly,
  GroupNormalization: perChannel,
  MeanVarianceNormalization: { inputs: [1], infer: inferSame, evaluate: meanVarianceNormalized },
  LpNormalization: { inputs: [1], infer: inferSame, evaluate: lpNormalized },
} satisfies Ops;
