import { type Examples, floats, ints, scalar, text, TYPE, wholes } from "../example.ts";

const scale = scalar(0.1), zero = scalar(3, TYPE.uint8);

const one = (example: ReturnType<Examples>[number]): Examples => () => [example];

/** Operators of com.microsoft that older models, and those of single tasks, have. */
export const OTHER_CONTRIB: Record<string, Examples> = {
  ConvTransposeWithDynamicPads: one({
    inputs: [floats(1, 2, 4, 5), floats(2, 3, 3, 3), ints(1, 1, 0, 0)],
    parameters: [2],
    isOpen: true,
  }),
  CropAndResize: one({
    inputs: [
      floats(1, 3, 6, 6),
      { dims: [2, 4], values: [0, 0, 1, 1, 0.1, 0.2, 0.9, 0.8] },
      wholes(0, 0, [2], TYPE.int32),
      { dims: [2], values: [4, 5], type: TYPE.int32 },
    ],
    parameters: [3],
  }),
  DynamicQuantizeLSTM: () => {
    const weights = [wholes(0, 9, [1, 3, 16], TYPE.uint8), wholes(0, 9, [1, 4, 16], TYPE.uint8)],
      none = [null, null, null, null, null];
    const numbers = { dims: [1], values: [0.1] }, zeros = { dims: [1], values: [3], type: TYPE.uint8 };
    return [{
      inputs: [floats(5, 2, 3), ...weights, ...none, numbers, zeros, numbers, zeros],
      parameters: [1, 2, 8, 9, 10, 11],
      attributes: { hidden_size: 4 },
      outputs: 3,
    }];
  },
  GatherND: one({ inputs: [floats(3, 4, 5), wholes(0, 2, [2, 2])] }),
  MatMulInteger16: one({ inputs: [wholes(0, 9, [2, 3], TYPE.int16), wholes(0, 9, [3, 4], TYPE.int16)] }),
  MaxpoolWithMask: one({
    inputs: [floats(1, 2, 4, 6), wholes(0, 1, [1, 2, 4, 6], TYPE.int32)],
    attributes: { kernel_shape: [2, 3] },
  }),
  Pad: () => [
    { inputs: [floats(2, 3), ints(0, 1, 0, 2)], parameters: [1] },
    { inputs: [floats(2, 3), ints(1, 0, 1, 0), scalar(2)], parameters: [1, 2] },
  ],
  QEmbedLayerNormalization: () => {
    const table = (...dims: number[]) => wholes(0, 20, dims, TYPE.uint8);
    return [{
      inputs: [
        wholes(0, 4, [2, 3], TYPE.int32),
        null,
        table(5, 8),
        table(4, 8),
        null,
        table(8),
        table(8),
        null,
        scale,
        scale,
        null,
        scale,
        scale,
        zero,
        zero,
        null,
        zero,
        zero,
      ],
      outputs: 2,
    }];
  },
  QLinearWhere: one({
    inputs: [
      wholes(0, 1, [2, 1], TYPE.bool),
      wholes(0, 20, [3], TYPE.uint8),
      scale,
      zero,
      wholes(0, 20, [2, 3], TYPE.uint8),
      scale,
      zero,
      scale,
      zero,
    ],
  }),
  Range: () => [
    { inputs: [scalar(1), scalar(4)], parameters: [0, 1] },
    { inputs: [scalar(7, TYPE.int32), scalar(-4, TYPE.int32), scalar(-3, TYPE.int32)], parameters: [0, 1, 2] },
  ],
  Tokenizer: one({
    inputs: [text([2], "a b", "c")],
    attributes: { mark: 0, mincharnum: 1, pad_value: "#", separators: { strings: [" "] } },
    isOpen: true, // as many words as the longest text has
  }),
  UnfoldTensor: () => [
    { inputs: [floats(2, 9)], attributes: { size: 3, step: 2 } },
    { inputs: [floats(2, 6, 4)], attributes: { dim: 1, size: 4 } },
  ],
  Unique: one({ inputs: [floats(7)], outputs: 3, isOpen: true }),
};
