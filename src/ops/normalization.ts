import { inferSame } from "./arithmetic.ts";
import type { Ops } from "./op.ts";

/** Normalizations: the first output is like the first input. */
export const NORMALIZATION_OPS = {
  BatchNormalization: {
    infer(_node, [x, , , mean, variance]) {
      const statistics = [mean, variance].map((facts) => ({ type: facts?.type, shape: facts?.shape }));
      return [{ type: x.type, shape: x.shape }, ...statistics];
    },
  },
  InstanceNormalization: { infer: inferSame },
  LayerNormalization: { infer: inferSame },
  GroupNormalization: { infer: inferSame },
  LRN: { infer: inferSame },
} satisfies Ops;
