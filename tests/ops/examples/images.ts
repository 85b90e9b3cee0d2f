import { tensor } from "../../onnx_model.ts";
import { type Examples, floats, ints, scalar, TYPE, wholes } from "../example.ts";

const image = floats(1, 2, 4, 5), sizes = (...values: number[]) => tensor([values.length], values);

const resize: Examples = ({ opset }) => {
  if (opset < 10) return [];
  if (opset < 11) return [{ inputs: [image, sizes(1, 1, 2, 1.5)], parameters: [1] }];
  const roi = opset >= 13 ? null : sizes();
  return [
    { inputs: [image, roi, sizes(1, 1, 2, 1.5)], parameters: [1, 2] },
    { inputs: [image, roi, sizes(1, 1, 1, 1)], parameters: [1, 2] },
    ...opset >= 13
      ? [[8, 3], [8, 10]].map(([height, width]) => ({
        inputs: [image, null, null, ints(1, 2, height, width)],
        parameters: [3],
        attributes: { mode: "linear" },
      }))
      : [],
    ...opset >= 18 ? [{ inputs: [image, null, sizes(0.5, 3)], parameters: [2], attributes: { axes: [2, -1] } }] : [],
  ];
};

/** Every way to say where an entry of the result lies, and which one is nearest. */
const resizedWays: Examples = ({ opset }) => {
  if (opset < 13) return [];
  const modes = ["half_pixel", "asymmetric", "pytorch_half_pixel", "align_corners"];
  const to = (attributes: Record<string, string>, scales: boolean) => ({
    inputs: scales ? [image, null, sizes(1, 1, 1.75, 0.6)] : [image, null, null, ints(1, 2, 7, 3)],
    parameters: [scales ? 2 : 3],
    attributes,
  });
  return modes.flatMap((coordinate_transformation_mode) => [
    ...["linear", "cubic"].flatMap((mode) =>
      [true, false].map((by) => to({ mode, coordinate_transformation_mode }, by))
    ),
    ...["round_prefer_floor", "round_prefer_ceil", "floor", "ceil"].map((nearest_mode, at) =>
      to({ nearest_mode, coordinate_transformation_mode }, at % 2 === 0)
    ),
  ]);
};

/** Pixels, signals and detection. */
export const IMAGES: Record<string, Examples> = {
  Resize: (init) => [...resize(init), ...resizedWays(init)],
  Upsample: ({ opset }) =>
    opset < 9
      ? [{ inputs: [image], attributes: { scales: { floats: [1, 1, 2, 3] } } }]
      : [{ inputs: [image, sizes(1, 1, 2, 3)], parameters: [1] }],
  GridSample: () => [{ inputs: [image, floats(1, 3, 6, 2)] }],
  AffineGrid: () => [{ inputs: [floats(2, 2, 3), ints(2, 3, 4, 5)], parameters: [1] }],
  NonMaxSuppression: () => [{
    inputs: [floats(1, 4, 4), floats(1, 2, 4), scalar(2, TYPE.int64), scalar(0.5), scalar(0)],
    isOpen: true,
  }],
  DFT: ({ opset }) =>
    opset < 20
      ? [
        { inputs: [floats(2, 8, 1)], attributes: { axis: 1 } },
        { inputs: [floats(2, 8, 1)], attributes: { axis: 1, onesided: 1 } },
        { inputs: [floats(2, 8, 2), scalar(6, TYPE.int64)], parameters: [1], attributes: { axis: 1, inverse: 1 } },
      ]
      : [
        { inputs: [floats(2, 8, 1)] },
        { inputs: [floats(2, 8, 1), null, scalar(1, TYPE.int64)], parameters: [2], attributes: { onesided: 1 } },
        { inputs: [floats(2, 8, 2), scalar(6, TYPE.int64)], parameters: [1], attributes: { inverse: 1 } },
      ],
  STFT: () => [
    { inputs: [floats(1, 32, 1), scalar(4, TYPE.int64), floats(8)], parameters: [1] },
    {
      inputs: [floats(1, 32, 1), scalar(8, TYPE.int64), null, scalar(16, TYPE.int64)],
      parameters: [1, 3],
      attributes: { onesided: 0 },
    },
  ],
  MelWeightMatrix: () => [{
    inputs: [scalar(4, TYPE.int64), scalar(16, TYPE.int64), scalar(8192, TYPE.int64), scalar(0), scalar(4096)],
    parameters: [0, 1, 2, 3, 4],
  }],
  ...Object.fromEntries(
    ["HannWindow", "HammingWindow", "BlackmanWindow"].map((op): [string, Examples] => [op, () => [
      { inputs: [scalar(9, TYPE.int64)], parameters: [0], tolerance: 2e-6 },
      { inputs: [scalar(9, TYPE.int32)], parameters: [0], attributes: { periodic: 0 } },
      {
        inputs: [scalar(9, TYPE.int64)],
        parameters: [0],
        attributes: { output_datatype: TYPE.double },
        tolerance: 1e-7,
      },
    ]]),
  ),
  NegativeLogLikelihoodLoss: () => [
    { inputs: [floats(3, 4, 2), wholes(0, 3, [3, 2])] },
    { inputs: [floats(3, 4, 2), wholes(0, 3, [3, 2])], attributes: { reduction: "none" } },
  ],
  SoftmaxCrossEntropyLoss: () => [
    { inputs: [floats(3, 4), wholes(0, 3, [3])], outputs: 2 },
    { inputs: [floats(3, 4), wholes(0, 3, [3])], attributes: { reduction: "none" } },
  ],
};
