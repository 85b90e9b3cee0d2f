import { tensor } from "../../onnx_model.ts";
import { type Example, type Examples, floats, ints, positive, scalar, TYPE, wholes } from "../example.ts";

const image = floats(2, 4, 6, 5);

const conv: Examples = () => [
  { inputs: [image, floats(3, 4, 3, 2), floats(3)], attributes: { pads: [1, 0, 1, 1], strides: [2, 1] } },
  { inputs: [image, floats(4, 1, 2, 2)], attributes: { group: 4, dilations: [2, 1] } },
  { inputs: [image, floats(3, 4, 3, 3)], attributes: { auto_pad: "SAME_UPPER", strides: [2, 2] } },
  { inputs: [image, floats(3, 4, 3, 3)], attributes: { auto_pad: "VALID" } },
  { inputs: [floats(1, 2, 7), floats(3, 2, 3)] },
];

const pool = (more: Record<string, number> = {}): Examples => ({ opset }) => [
  { inputs: [image], attributes: { kernel_shape: [2, 3], ...more } },
  { inputs: [image], attributes: { kernel_shape: [3, 2], strides: [2, 2], pads: [1, 1, 0, 1] } },
  { inputs: [image], attributes: { kernel_shape: [3, 2], strides: [2, 2], auto_pad: "SAME_LOWER" } },
  ...opset >= 10 ? [{ inputs: [image], attributes: { kernel_shape: [3, 2], strides: [2, 2], ceil_mode: 1 } }] : [],
];

const quantizedImage = wholes(0, 20, [1, 2, 5, 5], TYPE.uint8), kernel = wholes(0, 9, [3, 2, 2, 2], TYPE.uint8);

const normalization = (...inputs: Example["inputs"]): Examples => () => [{ inputs }];

const batchNormalization: Examples = ({ opset }) => {
  const inputs = [image, floats(4), floats(4), floats(4), positive(4)];
  return [
    { inputs },
    ...opset >= 14 ? [{ inputs, outputs: 3, attributes: { training_mode: 1 } }] : [],
  ];
};

const layerNormalization: Examples = () => [
  { inputs: [image, floats(5), floats(5)] },
  { inputs: [image, floats(6, 5)], outputs: 3, attributes: { axis: 2 } },
];

const recurrent = (gates: number): Examples => () => [
  ...["forward", "bidirectional"].map((direction, at) => ({
    inputs: [floats(5, 2, 3), floats(at + 1, gates * 4, 3), floats(at + 1, gates * 4, 4)],
    outputs: gates === 4 ? 3 : 2,
    attributes: { hidden_size: 4, direction },
  })),
  ...["reverse", "bidirectional"].map((direction, at) => ({
    inputs: [
      floats(5, 2, 3),
      floats(at + 1, gates * 4, 3),
      floats(at + 1, gates * 4, 4),
      floats(at + 1, gates * 8),
      { ...ints(5, 3), type: TYPE.int32 },
      floats(at + 1, 2, 4),
    ],
    outputs: gates === 4 ? 3 : 2,
    attributes: { hidden_size: 4, direction, linear_before_reset: gates === 3 ? at : undefined },
  })),
];

const attention: Examples = () => [
  { inputs: [floats(2, 3, 4, 8), floats(2, 3, 5, 8), floats(2, 3, 5, 6)] },
  { inputs: [floats(2, 4, 24), floats(2, 5, 24), floats(2, 5, 24)], attributes: { q_num_heads: 3, kv_num_heads: 3 } },
  {
    inputs: [floats(2, 3, 4, 8), floats(2, 3, 5, 8), floats(2, 3, 5, 8), null, floats(2, 3, 2, 8), floats(2, 3, 2, 8)],
    outputs: 3,
  },
];

const quantize: Examples = ({ opset }) => [
  { inputs: [image, scalar(0.1), scalar(3, TYPE.uint8)] },
  { inputs: [image, scalar(0.1)] },
  ...opset >= 13 ? [{ inputs: [image, positive(4), wholes(0, 9, [4], TYPE.int8)], attributes: { axis: 1 } }] : [],
];

const dequantize: Examples = ({ opset }) => [
  { inputs: [wholes(0, 200, [2, 3], TYPE.uint8), scalar(0.1), scalar(3, TYPE.uint8)] },
  { inputs: [wholes(-100, 100, [2, 3], TYPE.int32), scalar(0.1)] },
  ...opset >= 13
    ? [{
      inputs: [wholes(-9, 9, [2, 3], TYPE.int8), positive(3), wholes(-9, 9, [3], TYPE.int8)],
      attributes: { axis: 1 },
    }]
    : [],
  ...opset >= 21
    ? [{ inputs: [wholes(-9, 9, [2, 6], TYPE.int8), positive(2, 3)], attributes: { axis: 1, block_size: 2 } }]
    : [],
];

const singleCells: Example = { inputs: [image], attributes: { kernel_shape: [1, 1], strides: [1, 1] } };

/** Layers, pools, normalizations and what quantizes. */
export const LAYERS: Record<string, Examples> = {
  Conv: conv,
  ConvInteger: () => [
    { inputs: [quantizedImage, kernel] },
    { inputs: [quantizedImage, kernel], attributes: { pads: [1, 1, 1, 1] } },
  ],
  QLinearConv: () => [{
    inputs: [
      quantizedImage,
      scalar(0.1),
      scalar(3, TYPE.uint8),
      kernel,
      scalar(0.2),
      scalar(2, TYPE.uint8),
      scalar(0.3),
      scalar(1, TYPE.uint8),
    ],
    attributes: { strides: [2, 2] },
  }],
  ConvTranspose: () => [
    { inputs: [image, floats(4, 3, 2, 3)], attributes: { strides: [2, 1], pads: [0, 1, 1, 1] } },
    { inputs: [image, floats(4, 2, 2, 2)], attributes: { group: 2, strides: [2, 2], output_padding: [1, 0] } },
    { inputs: [image, floats(4, 3, 3, 3)], attributes: { auto_pad: "SAME_UPPER", strides: [2, 2] } },
    { inputs: [image, floats(4, 3, 1, 1), floats(3)] },
  ],
  DeformConv: () => [{ inputs: [floats(1, 2, 4, 4), floats(3, 2, 2, 2), floats(1, 8, 3, 3)] }],
  Col2Im: () => [{ inputs: [floats(1, 12, 9), ints(4, 4), ints(2, 2)], parameters: [1, 2] }],
  MaxPool: (init) => [
    ...pool()(init),
    { inputs: [image], outputs: 2, attributes: { kernel_shape: [2, 2] } },
    singleCells,
  ],
  AveragePool: (init) => [...pool({ count_include_pad: 1 })(init), singleCells],
  LpPool: pool(),
  MaxUnpool: () => [{
    inputs: [tensor([1, 1, 2, 2], [1, 2, 3, 4]), { dims: [1, 1, 2, 2], values: [0, 3, 8, 10], type: TYPE.int64 }],
    attributes: { kernel_shape: [2, 2], strides: [2, 2] },
  }],
  MaxRoiPool: () => [{
    inputs: [floats(1, 2, 6, 6), tensor([2, 5], [0, 0, 0, 3, 3, 0, 1, 1, 5, 5])],
    attributes: { pooled_shape: [2, 3] },
  }],
  RoiAlign: () => [{
    inputs: [floats(1, 2, 6, 6), tensor([2, 4], [0, 0, 3, 3, 1, 1, 5, 5]), ints(0, 0)],
    attributes: { output_height: 2, output_width: 3 },
  }],
  LRN: () => [{ inputs: [image], attributes: { size: 3 } }],
  GlobalAveragePool: normalization(image),
  GlobalMaxPool: normalization(image),
  GlobalLpPool: normalization(image),
  BatchNormalization: batchNormalization,
  InstanceNormalization: normalization(image, floats(4), floats(4)),
  LayerNormalization: layerNormalization,
  RMSNormalization: normalization(image, floats(5)),
  SimplifiedLayerNormalization: normalization(image, floats(5)),
  GroupNormalization: ({ opset }) => [{
    inputs: [image, floats(opset >= 21 ? 4 : 2), floats(opset >= 21 ? 4 : 2)],
    attributes: { num_groups: 2 },
  }],
  RNN: recurrent(1),
  GRU: recurrent(3),
  LSTM: recurrent(4),
  Attention: attention,
  RotaryEmbedding: () => [{ inputs: [floats(2, 3, 4, 8), floats(2, 4, 4), floats(2, 4, 4)] }],
  QuantizeLinear: quantize,
  DequantizeLinear: dequantize,
};
