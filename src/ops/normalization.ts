import { batchNormalization as batchNormalizationAffine } from "./affine/batch_normalization.ts";
import { axisOf } from "./constant.ts";
import { inferSame } from "./elementwise.ts";
import type { Op, Ops } from "./op.ts";

const batchNormalization: Op = {
  infer(node, [x, , , mean, variance]) {
    const statistics = [mean, variance].map(({ type, shape }) => ({ type, shape }));
    return [{ type: x.type, shape: x.shape }, ...statistics, ...node.opset < 9 ? statistics : []];
  },
};

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
  LayerNormalization: layerNormalization,
  RMSNormalization: { infer: inferSame },
  SimplifiedLayerNormalization: { infer: inferSame },
  GroupNormalization: { infer: inferSame },
  MeanVarianceNormalization: { infer: inferSame },
  LpNormalization: { infer: inferSame },
} satisfies Ops;
