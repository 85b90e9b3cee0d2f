/** Examples with inputs, or numbers, that the others leave out: the suite asks for each input that an entry says there may be. */
import { tensor } from "../../onnx_model.ts";
import { type Examples, floats, ints, positive, scalar, TYPE, wholes } from "../example.ts";

const bytes = (...dims: number[]) => wholes(0, 20, dims, TYPE.uint8);
const scale = scalar(0.1), zero = scalar(3, TYPE.uint8);

const always = (...examples: ReturnType<Examples>): Examples => () => examples;

/** Losses with a weight for each class. */
const weighted = always({ inputs: [floats(2, 3), wholes(0, 2, [2]), positive(3)] });

/** By domain and operator. */
export const ALL_INPUTS: Readonly<Record<string, Readonly<Record<string, Examples>>>> = {
  "": {
    Attention: always({ inputs: [floats(2, 3, 4, 8), floats(2, 3, 5, 8), floats(2, 3, 5, 6), floats(4, 5)] }),
    RotaryEmbedding: always({ inputs: [floats(2, 3, 4, 8), floats(6, 4), floats(6, 4), wholes(0, 5, [2, 4])] }),
    ConvInteger: always({ inputs: [bytes(1, 2, 5, 5), bytes(3, 2, 2, 2), zero, scalar(2, TYPE.uint8)] }),
    DeformConv: always({
      inputs: [floats(1, 2, 4, 4), floats(3, 2, 2, 2), floats(1, 8, 3, 3), floats(3), positive(1, 4, 3, 3)],
    }),
    QLinearConv: always({
      inputs: [
        bytes(1, 2, 5, 5),
        scale,
        zero,
        bytes(3, 2, 2, 2),
        scale,
        zero,
        scale,
        zero,
        wholes(-9, 9, [3], TYPE.int32),
      ],
    }),
    MatMulInteger: always({ inputs: [bytes(2, 3), bytes(3, 4), zero, scalar(2, TYPE.uint8)] }),
    MaxUnpool: always({
      inputs: [floats(1, 1, 2, 2), { dims: [1, 1, 2, 2], values: [0, 3, 8, 10], type: TYPE.int64 }, ints(1, 1, 4, 5)],
      parameters: [2],
      attributes: { kernel_shape: [2, 2], strides: [2, 2] },
    }),
    LSTM: always({
      inputs: [
        floats(5, 2, 3),
        floats(1, 16, 3),
        floats(1, 16, 4),
        floats(1, 32),
        null,
        floats(1, 2, 4),
        floats(1, 2, 4),
        floats(1, 12),
      ],
      outputs: 3,
      attributes: { hidden_size: 4 },
    }),
    Erf: always({ inputs: [tensor([9], [NaN, Infinity, -8, -4, -2.6, -1, 2.6, 5, 9])] }),
    NegativeLogLikelihoodLoss: weighted,
    SoftmaxCrossEntropyLoss: weighted,
  },
  "com.microsoft": {
    Attention: always({
      inputs: [floats(2, 3, 8), floats(8, 24), floats(24), wholes(2, 3, [2], TYPE.int32), floats(2, 2, 2, 4, 4)],
      outputs: 2,
      attributes: { num_heads: 2 },
    }),
    ConvTransposeWithDynamicPads: always({
      inputs: [floats(1, 2, 4, 5), floats(2, 3, 3, 3), ints(1, 1, 0, 0), floats(3)],
      parameters: [2],
      isOpen: true,
    }),
    DynamicQuantizeMatMul: always({ inputs: [floats(2, 3), bytes(3, 4), scale, zero, floats(4)] }),
    FusedConv: always({
      inputs: [floats(1, 2, 5, 5), floats(3, 2, 3, 3), floats(3), floats(1, 3, 3, 3)],
      attributes: { activation: "Relu" },
    }),
    MatMulIntegerToFloat: always({ inputs: [bytes(2, 3), bytes(3, 4), scale, scale, zero, zero, floats(4)] }),
    MatMulNBits: always({
      inputs: [floats(2, 32), bytes(4, 2, 8), positive(8), wholes(0, 255, [4], TYPE.uint8)],
      attributes: { K: 32, N: 4, bits: 4, block_size: 16 },
    }),
    MultiHeadAttention: always({
      inputs: [floats(2, 3, 8), floats(2, 5, 8), floats(2, 5, 8), floats(24)],
      attributes: { num_heads: 2 },
    }),
    QGemm: always({
      inputs: [bytes(2, 3), scale, zero, bytes(3, 4), scale, zero, wholes(-9, 9, [4], TYPE.int32), scale, zero],
    }),
    SkipSimplifiedLayerNormalization: always({ inputs: [floats(2, 3, 8), floats(2, 3, 8), floats(8), floats(8)] }),
    Trilu: always({ inputs: [floats(3, 4), scalar(1, TYPE.int64)], parameters: [1] }),
  },
};
