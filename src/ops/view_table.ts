import { batchNormalization } from "./affine/batch_normalization.ts";
import { elementwise } from "./affine/elementwise.ts";
import { scaler } from "./affine/scaler.ts";
import { homogeneousCarry } from "./carry/activation.ts";
import { depthToSpaceCarry, spaceToDepthCarry } from "./carry/blocks.ts";
import { clipCarry } from "./carry/clip.ts";
import { gateCarry } from "./carry/gate.ts";
import { resizeCarry } from "./carry/interpolation.ts";
import { concatCarry, splitCarry } from "./carry/parts.ts";
import {
  averagePoolCarry,
  globalAverageCarry,
  globalMaxCarry,
  maxPoolCarry,
  reduceMaxCarry,
  reduceMeanCarry,
} from "./carry/pools.ts";
import { dropoutCarry, identityCarry, reshapeCarry, shuffleOrReshapeCarry, transposeCarry } from "./carry/reshape.ts";
import { gatherCarry, sliceCarry } from "./carry/select.ts";
import { sumCarry } from "./carry/sum.ts";
import { averagePoolLinear } from "./linear/average_pool.ts";
import { einsumLinear } from "./linear/einsum.ts";
import {
  convLinear,
  convTransposeLinear,
  fusedConvLinear,
  fusedMatmulLinear,
  gemmLinear,
  matmulLinear,
} from "./linear/layers.ts";
import { padAveragePool, padConv, padMaxPool, zeroPadding } from "./padding.ts";
import { averagePoolPositions, globalAveragePositions, reduceMeanPositions, resizePositions } from "./position_map.ts";
import { binaryTerms, sumTerms } from "./sum.ts";
import type { Views } from "./view.ts";

const homogeneous: Views = { carry: homogeneousCarry };
const interpolation: Views = { carry: resizeCarry, positions: resizePositions };

const ONNX: Readonly<Record<string, Views>> = {
  Abs: homogeneous,
  Add: { affine: elementwise, carry: sumCarry(1), terms: binaryTerms(1) },
  AveragePool: {
    linear: averagePoolLinear,
    carry: averagePoolCarry,
    positions: averagePoolPositions,
    takePadding: padAveragePool,
  },
  BatchNormalization: { affine: batchNormalization },
  Clip: { carry: clipCarry },
  Concat: { carry: concatCarry },
  Conv: { linear: convLinear, takePadding: padConv },
  ConvTranspose: { linear: convTransposeLinear },
  DepthToSpace: { carry: depthToSpaceCarry },
  Div: { affine: elementwise, carry: gateCarry([0]) },
  Dropout: { carry: dropoutCarry },
  Einsum: { linear: einsumLinear },
  Flatten: { carry: reshapeCarry },
  Gather: { carry: gatherCarry },
  Gemm: { linear: gemmLinear },
  GlobalAveragePool: { carry: globalAverageCarry, positions: globalAveragePositions },
  GlobalMaxPool: { carry: globalMaxCarry },
  Identity: { carry: identityCarry },
  LeakyRelu: homogeneous,
  MatMul: { linear: matmulLinear },
  MaxPool: { carry: maxPoolCarry, takePadding: padMaxPool },
  Mul: { affine: elementwise, carry: gateCarry([0, 1]) },
  Neg: { affine: elementwise },
  PRelu: homogeneous,
  Pad: { padding: zeroPadding },
  ReduceMax: { carry: reduceMaxCarry },
  ReduceMean: { carry: reduceMeanCarry, positions: reduceMeanPositions },
  Relu: homogeneous,
  Reshape: { carry: shuffleOrReshapeCarry },
  Resize: interpolation,
  Shape: { readsShapeOnly: true },
  Size: { readsShapeOnly: true },
  Slice: { carry: sliceCarry },
  SpaceToDepth: { carry: spaceToDepthCarry },
  Split: { carry: splitCarry },
  Squeeze: { carry: reshapeCarry },
  Sub: { affine: elementwise, carry: sumCarry(-1), terms: binaryTerms(-1) },
  Sum: { terms: sumTerms },
  Transpose: { carry: transposeCarry },
  Unsqueeze: { carry: reshapeCarry },
  Upsample: interpolation,
};

/** What operators are to the rules, by domain (the default one is the empty string) and operator. */
export const VIEWS: Readonly<Record<string, Readonly<Record<string, Views>>>> = {
  "": ONNX,
  "ai.onnx.ml": { Scaler: { affine: scaler } },
  "com.microsoft": { FusedConv: { linear: fusedConvLinear }, FusedMatMul: { linear: fusedMatmulLinear } },
};
