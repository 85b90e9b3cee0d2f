/** Examples that set attributes which the others leave out: the suite asks for one of each that an entry reads. */
import { type Example, type Examples, floats, ints, positive, scalar, TYPE, wholes } from "../example.ts";

const image = floats(2, 4, 6, 5), epsilon = { epsilon: { float: 0.1 } };
const bytes = (...dims: number[]) => wholes(0, 20, dims, TYPE.uint8);
const scale = scalar(0.1), zero = scalar(3, TYPE.uint8);

/** One example for each set of attributes, all of the same inputs. */
const each = (inputs: Example["inputs"], ...attributes: NonNullable<Example["attributes"]>[]): Example[] =>
  attributes.map((own) => ({ inputs, attributes: own }));

/** From an operator set on. */
const since = (first: number, ...examples: Example[]): Examples => ({ opset }) => opset >= first ? examples : [];

const always = (...examples: Example[]): Examples => () => examples;

const windows = [
  { strides: [2, 1], dilations: [1, 2] },
  { auto_pad: "SAME_UPPER", strides: [2, 2] },
  { pads: [1, 0, 1, 1] },
];

const quantizedConv = [bytes(1, 2, 6, 5), scale, zero, bytes(3, 2, 2, 2), scale, zero, scale, zero];
const quantizedPool = [bytes(1, 2, 6, 5), scale, zero, scale, zero];
const quantizedGemm = (
  a: number[],
  b: number[],
) => [bytes(...a), scale, zero, bytes(...b), scale, zero, null, scale, zero];

/** By domain and operator. */
export const ALL_ATTRIBUTES: Readonly<Record<string, Readonly<Record<string, Examples>>>> = {
  "": {
    ConvInteger: always(...each([bytes(1, 2, 6, 5), bytes(3, 2, 2, 2)], ...windows)),
    QLinearConv: always(...each(quantizedConv, ...windows)),
    ConvTranspose: always(
      ...each([image, floats(4, 3, 3, 3)], { output_shape: [8, 7] }, { dilations: [2, 1] }),
    ),
    DeformConv: always(
      ...[[2, { strides: [2, 2] }], [2, { dilations: [2, 2] }], [5, { pads: [1, 1, 1, 1] }]].map((
        [size, attributes],
      ) => ({
        inputs: [floats(1, 2, 4, 4), floats(3, 2, 2, 2), floats(1, 8, size as number, size as number)],
        attributes: attributes as Example["attributes"],
      })),
    ),
    BatchNormalization: ({ opset }) =>
      each([image, floats(4), floats(4), floats(4), positive(4)], epsilon, ...opset < 9 ? [{ spatial: 1 }] : []),
    InstanceNormalization: always(...each([image, floats(4), floats(4)], epsilon)),
    LayerNormalization: since(17, ...each([image, floats(5), floats(5)], { ...epsilon, stash_type: 1 })),
    RMSNormalization: since(23, ...each([image, floats(6, 5)], { ...epsilon, axis: 2 })),
    SimplifiedLayerNormalization: always(...each([image, floats(5)], { ...epsilon, axis: -1 })),
    GroupNormalization: since(21, ...each([image, floats(4), floats(4)], { ...epsilon, num_groups: 2 })),
    MeanVarianceNormalization: since(9, ...each([image], { axes: [0, 2] })),
    LpNormalization: always(...each([image], { axis: 1, p: 1 })),
    MaxPool: since(10, ...each([image], { kernel_shape: [2, 2], dilations: [2, 1] })),
    AveragePool: since(19, ...each([image], { kernel_shape: [2, 2], dilations: [2, 1] })),
    LpPool: since(18, ...each([image], { kernel_shape: [2, 2], dilations: [2, 1] })),
    MaxUnpool: always({
      inputs: [floats(1, 1, 2, 2), { dims: [1, 1, 2, 2], values: [0, 2, 6, 8], type: TYPE.int64 }],
      attributes: { kernel_shape: [2, 2], strides: [2, 2], pads: [0, 0, 1, 1] },
    }),
    QuantizeLinear: since(
      21,
      ...each([image, scale], { output_dtype: TYPE.int8 }),
      ...each([floats(2, 6), positive(2, 3)], { axis: 1, block_size: 2 }),
    ),
    DequantizeLinear: since(23, ...each([bytes(2, 3), scale], { output_dtype: TYPE.float })),
    Reshape: since(14, { inputs: [floats(2, 0), ints(0, 3)], parameters: [1], attributes: { allowzero: 1 } }),
    Resize: since(
      18,
      ...[
        { mode: "cubic", exclude_outside: 1 },
        { mode: "cubic", cubic_coeff_a: { float: -0.5 } },
        { mode: "linear", antialias: 1 },
        { keep_aspect_ratio_policy: "not_larger" },
      ].map((attributes) => ({
        inputs: [image, null, null, ints(2, 4, 3, 4)],
        parameters: [3],
        attributes,
        isOpen: true,
      })),
    ),
    Scatter: ({ opset }) => opset < 11 ? each([floats(3, 4), wholes(0, 2, [3, 1]), floats(3, 1)], { axis: 1 }) : [],
    Upsample: ({ opset }) =>
      opset === 9
        ? [{ inputs: [image, { dims: [4], values: [1, 1, 2, 3] }], parameters: [1], attributes: { mode: "linear" } }]
        : [],
    TopK: since(11, {
      inputs: [floats(2, 5), ints(3)],
      outputs: 2,
      parameters: [1],
      attributes: { largest: 0, sorted: 1 },
    }),
    Multinomial: always(...each([floats(2, 3)], { sample_size: 5, dtype: TYPE.int64 })),
    MelWeightMatrix: since(17, {
      inputs: [scalar(4, TYPE.int64), scalar(16, TYPE.int64), scalar(8192, TYPE.int64), scalar(0), scalar(4096)],
      parameters: [0, 1, 2, 3, 4],
      attributes: { output_datatype: TYPE.double },
    }),
  },
  "ai.onnx.ml": {
    LabelEncoder: since(
      2,
      ...each([wholes(0, 1, [2, 3])], { keys_int64s: [0, 1], values_strings: { strings: ["a", "b"] } }),
    ),
  },
  "com.microsoft": {
    Attention: always(
      ...each([floats(2, 3, 8), floats(8, 20), floats(20)], { num_heads: 2, qkv_hidden_sizes: [8, 8, 4] }),
    ),
    ConvTransposeWithDynamicPads: always({
      inputs: [floats(1, 4, 3, 4), floats(4, 3, 2, 2), ints(0, 0, 1, 0)],
      parameters: [2],
      attributes: { group: 2 },
      isOpen: true,
    }),
    FusedConv: always(
      ...each([image, floats(2, 4, 2, 2)], ...windows),
      ...each([image, floats(4, 2, 2, 2)], { group: 2 }),
    ),
    FusedGemm: always(...each([floats(3, 2), floats(4, 3), floats(4)], { activation: "Relu", transA: 1, transB: 1 })),
    FusedMatMul: always(...each([floats(5, 2, 3), floats(3, 5, 4)], { transBatchB: 1 })),
    NhwcMaxPool: always(
      ...each([bytes(1, 6, 5, 2)], ...windows.map((own) => ({ kernel_shape: [2, 2], ceil_mode: 1, ...own }))),
    ),
    MaxpoolWithMask: always(
      ...each(
        [floats(1, 2, 4, 6), wholes(0, 1, [1, 2, 4, 6], TYPE.int32)],
        ...windows.map(({ dilations: _, ...own }) => ({ kernel_shape: [2, 2], ...own })),
      ),
    ),
    QGemm: always(...each(quantizedGemm([3, 2], [4, 3]), { transA: 1, transB: 1 })),
    QLinearAveragePool: always(
      ...each(quantizedPool, { kernel_shape: [2, 2], pads: [1, 0, 1, 1] }, {
        kernel_shape: [3, 2],
        strides: [2, 2],
        ceil_mode: 1,
      }, { kernel_shape: [3, 2], auto_pad: "SAME_UPPER" }),
    ),
    QLinearConv: always(...each(quantizedConv, ...windows)),
    QLinearGlobalAveragePool: always(...each([bytes(1, 6, 5, 2), scale, zero, scale, zero], { channels_last: 1 })),
    TransposeMatMul: always(...each([floats(5, 2, 3), floats(5, 4, 3)], { transB: 1, alpha: { float: 0.5 } })),
    Trilu: always(...each([floats(3, 4)], { upper: 0 })),
  },
};
