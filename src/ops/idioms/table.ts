import { attentionScores } from "./attention.ts";
import { biasGelu, gelu, quickGelu, tanhGelu } from "./gelu.ts";
import type { Idiom } from "./idiom.ts";
import { convActivation, convSumActivation, matMulBias, scaledMatMul } from "./layer_and_next.ts";
import { layerNormalization, rmsNormalization, skipLayerNormalization } from "./normalisation.ts";

/**
 * Every idiom, the larger ones first. A Softmax with a scale and a group norm by InstanceNormalization are none: ONNX Runtime runs
 * them node by node, so that their parts may go.
 */
export const IDIOMS: readonly Idiom[] = [
  skipLayerNormalization,
  layerNormalization,
  rmsNormalization,
  biasGelu,
  gelu,
  tanhGelu,
  quickGelu,
  attentionScores,
  convSumActivation,
  convActivation,
  scaledMatMul,
  matMulBias,
];
