import { type Examples, floats, positive, scalar, TYPE, wholes } from "../example.ts";
import { GENERATION } from "./generation.ts";
import { OTHER_CONTRIB } from "./contrib_others.ts";

const x = floats(2, 3, 8), bytes = wholes(0, 20, [2, 3], TYPE.uint8), image = wholes(0, 20, [1, 2, 4, 6], TYPE.uint8);
const scale = scalar(0.1), zero = scalar(3, TYPE.uint8);

const one = (example: ReturnType<Examples>[number]): Examples => () => [example];

const quantizedBinary = one({ inputs: [bytes, scale, zero, wholes(0, 9, [3], TYPE.uint8), scale, zero, scale, zero] });

/** Operators of com.microsoft. */
export const CONTRIB: Record<string, Examples> = {
  Attention: () => [
    { inputs: [x, floats(8, 24), floats(24)], attributes: { num_heads: 2 } },
    { inputs: [x, floats(8, 24), floats(24)], outputs: 2, attributes: { num_heads: 2 } },
  ],
  BiasGelu: one({ inputs: [x, floats(8)] }),
  CDist: one({ inputs: [floats(2, 3), floats(4, 3)], attributes: { metric: "sqeuclidean" } }),
  DequantizeLinear: one({ inputs: [bytes, scale, zero] }),
  QuantizeLinear: one({ inputs: [floats(2, 3), scale, zero] }),
  DynamicQuantizeMatMul: one({ inputs: [floats(2, 3), wholes(0, 9, [3, 4], TYPE.uint8), scale, zero] }),
  EmbedLayerNormalization: one({
    inputs: [
      wholes(0, 4, [2, 3], TYPE.int32),
      wholes(0, 1, [2, 3], TYPE.int32),
      floats(5, 8),
      floats(4, 8),
      floats(2, 8),
      floats(8),
      floats(8),
    ],
    outputs: 2,
  }),
  ExpandDims: () => [0, 1, -1].map((axis) => ({ inputs: [floats(2, 3), scalar(axis, TYPE.int32)], parameters: [1] })),
  FastGelu: () => [{ inputs: [x] }, { inputs: [x, floats(8)] }],
  FusedConv: () => [
    { inputs: [floats(1, 2, 5, 5), floats(3, 2, 3, 3), floats(3)], attributes: { activation: "Relu" } },
    { inputs: [floats(1, 2, 5, 5), floats(3, 2, 3, 3), floats(3)] },
  ],
  FusedGemm: one({ inputs: [floats(2, 3), floats(3, 4), floats(4)], attributes: { activation: "Relu" } }),
  FusedMatMul: () => [
    { inputs: [floats(5, 2, 3), floats(5, 3, 4)], attributes: { alpha: { float: 0.5 } } },
    { inputs: [floats(5, 3, 2), floats(5, 4, 3)], attributes: { transA: 1, transB: 1 } },
    { inputs: [floats(2, 5, 3), floats(5, 3, 4)], attributes: { transBatchA: 1 } },
    { inputs: [floats(5, 2, 3), floats(4, 3)], attributes: { transB: 1, alpha: { float: 0.5 } } },
    { inputs: [floats(4, 2), floats(5, 4, 3)], attributes: { transA: 1, alpha: { float: 0.5 } } },
    { inputs: [floats(2, 4), floats(5, 3, 4)], attributes: { transB: 1 } },
  ],
  TransposeMatMul: () => [
    { inputs: [floats(3, 2), floats(3, 4)], attributes: { transA: 1 } },
    { inputs: [floats(2, 3), floats(3, 4)] },
  ],
  GridSample: one({ inputs: [floats(1, 2, 4, 5), floats(1, 3, 6, 2)] }),
  GroupQueryAttention: one({
    inputs: [
      floats(1, 2, 16),
      floats(1, 2, 8),
      floats(1, 2, 8),
      null,
      null,
      wholes(1, 1, [1], TYPE.int32),
      scalar(2, TYPE.int32),
    ],
    attributes: { num_heads: 2, kv_num_heads: 1 },
    isOpen: true, // lengths of the keys that are kept
  }),
  Inverse: one({ inputs: [{ dims: [2, 2], values: [2, 1, 1, 3] }] }),
  MatMulIntegerToFloat: one({ inputs: [bytes, wholes(0, 9, [3, 4], TYPE.uint8), scale, scale, zero, zero] }),
  MatMulNBits: () => {
    const attributes = { K: 32, N: 4, bits: 4, block_size: 16 }, packed = wholes(0, 255, [4, 2, 8], TYPE.uint8);
    return [
      { inputs: [floats(2, 32), packed, positive(8)], attributes },
      { inputs: [floats(2, 3, 32), packed, positive(4, 2), null, null, floats(4)], attributes },
    ];
  },
  MultiHeadAttention: one({ inputs: [x, floats(2, 5, 8), floats(2, 5, 8)], attributes: { num_heads: 2 } }),
  MurmurHash3: () => [0, 1].map((positive) => ({ inputs: [wholes(0, 99, [4], TYPE.int32)], attributes: { positive } })),
  NhwcMaxPool: one({ inputs: [wholes(0, 20, [1, 4, 6, 2], TYPE.uint8)], attributes: { kernel_shape: [2, 3] } }),
  QAttention: one({
    inputs: [
      wholes(0, 20, [1, 3, 8], TYPE.uint8),
      wholes(0, 9, [8, 24], TYPE.uint8),
      floats(24),
      scale,
      scale,
      null,
      zero,
      zero,
    ],
    attributes: { num_heads: 2 },
  }),
  QGemm: one({ inputs: [bytes, scale, zero, wholes(0, 9, [3, 4], TYPE.uint8), scale, zero, null, scale, zero] }),
  QLinearAdd: quantizedBinary,
  QLinearMul: quantizedBinary,
  QLinearAveragePool: () => [
    { inputs: [image, scale, zero, scale, zero], attributes: { kernel_shape: [2, 2], strides: [2, 2] } },
    { inputs: [image, scale, zero, scale, zero], attributes: { kernel_shape: [2, 2], channels_last: 1 } },
  ],
  QLinearConv: () => {
    const weight = wholes(0, 9, [4, 2, 3, 3], TYPE.uint8), rest = [scale, zero, weight, scale, zero, scale, zero];
    return [
      { inputs: [image, ...rest] },
      {
        inputs: [wholes(0, 20, [1, 4, 6, 2], TYPE.uint8), ...rest, wholes(-9, 9, [4], TYPE.int32)],
        attributes: { channels_last: 1, pads: [1, 1, 0, 0] },
      },
    ];
  },
  QLinearConcat: one({ inputs: [scale, zero, bytes, scale, zero, bytes, scale, zero], attributes: { axis: 0 } }),
  QLinearGlobalAveragePool: one({ inputs: [image, scale, zero, scale, zero] }),
  QLinearLeakyRelu: one({ inputs: [bytes, scale, zero, scale, zero] }),
  QLinearSigmoid: one({ inputs: [bytes, scale, zero, scale, zero] }),
  QLinearSoftmax: one({ inputs: [bytes, scale, zero, scale, zero], attributes: { opset: 13, axis: -1 } }),
  RotaryEmbedding: one({
    inputs: [floats(2, 3, 8), wholes(0, 2, [2, 3]), floats(4, 4), floats(4, 4)],
    attributes: { num_heads: 1 },
  }),
  SkipLayerNormalization: () => [
    { inputs: [x, x, floats(8), floats(8), floats(8)] },
  ],
  SkipSimplifiedLayerNormalization: one({ inputs: [x, x, floats(8)] }),
  ...GENERATION,
  ...OTHER_CONTRIB,
  Trilu: one({ inputs: [floats(3, 4)] }),
  QuickGelu: () => [{ inputs: [x] }, { inputs: [x], attributes: { alpha: { float: 1 } } }],
};
