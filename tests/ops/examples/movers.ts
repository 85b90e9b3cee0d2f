import type { TestNode } from "../../onnx_model.ts";
import { type Example, type Examples, floats, ints, scalar, TYPE, wholes, withAxes } from "../example.ts";

const x = floats(2, 3, 4);

/** Whole numbers as a node's result. */
const constant = (name: string, ...values: number[]): TestNode => ({
  op: "Constant",
  inputs: [],
  outputs: [name],
  attributes: { value: { tensor: ints(...values) } },
});

/** Every second cell of an image along both axes, at the four places of a block. */
const focused: Example = {
  inputs: [floats(1, 2, 4, 4)],
  attributes: { axis: 1 },
  before: {
    nodes: [
      ...[["ends", 4, 4], ["axes", 2, 3], ["steps", 2, 2]].map(([name, ...values]) =>
        constant(`${name}`, ...values as number[])
      ),
      ...[[0, 0], [1, 0], [0, 1], [1, 1]].flatMap((starts, at): TestNode[] => [
        constant(`start${at}`, ...starts),
        { op: "Slice", inputs: ["i0", `start${at}`, "ends", "axes", "steps"], outputs: [`part${at}`] },
      ]),
    ],
    inputs: ["part0", "part1", "part2", "part3"],
  },
};

/** Blocks of 2×2 cells put into channels, as PyTorch's exporters write it. */
const unshuffled: Example = {
  inputs: [floats(1, 2, 4, 4), ints(1, 8, 2, 2)],
  parameters: [1],
  before: {
    nodes: [
      constant("apart", 1, 2, 2, 2, 2, 2),
      { op: "Reshape", inputs: ["i0", "apart"], outputs: ["blocks"] },
      { op: "Transpose", inputs: ["blocks"], outputs: ["turned"], attributes: { perm: [0, 1, 3, 5, 2, 4] } },
    ],
    inputs: ["turned", "i1"],
  },
};

const slice: Examples = ({ opset }) => {
  if (opset < 10) {
    return [
      { inputs: [x], attributes: { starts: [1, 0], ends: [2, -1], axes: [0, 2] } },
      { inputs: [x], attributes: { starts: [0], ends: [2 ** 31 - 1] } },
      { inputs: [x], attributes: { starts: [1], ends: [3], axes: [1] } },
    ];
  }
  const cut = (starts: number[], ends: number[], axes: number[], steps: number[]): Example => ({
    inputs: [x, ints(...starts), ints(...ends), ints(...axes), ints(...steps)],
    parameters: [1, 2, 3, 4],
  });
  return [
    { inputs: [x, ints(1, 0), ints(2, 2)], parameters: [1, 2] },
    cut([0], [2 ** 31 - 1], [1], [1]),
    cut([-1], [-(2 ** 31)], [2], [-1]),
    cut([1], [3], [1], [1]),
    cut([-1], [2 ** 31 - 1], [2], [1]),
    cut([3, -1], [-10, 0], [-1, 1], [-2, -1]),
    cut([1, 5], [100, 9], [1, 2], [2, 1]),
    cut([0, 0, 0], [2, 3, 4], [0, 1, 2], [1, 1, 1]),
  ];
};

const split: Examples = ({ opset }) => {
  const whole: Example = { inputs: [x], outputs: 2, attributes: { axis: 2 } };
  const parts: Example = opset < 13
    ? { inputs: [x], outputs: 2, attributes: { axis: 1, split: [1, 2] } }
    : { inputs: [x, ints(1, 2)], outputs: 2, parameters: [1], attributes: { axis: 1 } };
  if (opset < 18) return [whole, parts, { inputs: [x], outputs: 1, attributes: { axis: 1 } }];
  return [
    parts,
    { ...whole, attributes: { axis: 2, num_outputs: 2 } },
    { inputs: [x], outputs: 2, attributes: { axis: 1, num_outputs: 2 } },
    { inputs: [x], outputs: 1, attributes: { axis: 1, num_outputs: 1 } },
  ];
};

const pad: Examples = ({ opset }) => {
  const modes = ["constant", "reflect", "edge", ...opset >= 19 ? ["wrap"] : []];
  const pads = [0, 1, 2, 0, 2, 1], cropped = [0, -1, 1, 0, 0, -1], none = [0, 0, 0, 0, 0, 0];
  if (opset < 11) {
    return [
      ...modes.map((mode) => ({ inputs: [x], attributes: { mode, pads } })),
      { inputs: [x], attributes: { pads: cropped, value: { float: 1.5 } } },
      { inputs: [x], attributes: { pads: none } },
    ];
  }
  return [
    ...modes.map((mode) => ({ inputs: [x, ints(...pads)], parameters: [1], attributes: { mode } })),
    { inputs: [x, ints(...cropped), scalar(1.5)], parameters: [1] },
    { inputs: [x, ints(...none)], parameters: [1] },
    { inputs: [wholes(-9, 9, [2, 3, 4]), ints(...pads), scalar(7, TYPE.int64)], parameters: [1] },
    ...opset >= 18 ? [{ inputs: [x, ints(1, 2, 0, 1), null, ints(-1, 1)], parameters: [1, 3] }] : [],
  ];
};

const reshape: Examples = () =>
  [[4, 6], [-1], [0, -1], [2, 3, 4], [1, 0, -1, 2]].map((shape) => ({ inputs: [x, ints(...shape)], parameters: [1] }));

const unsqueeze: Examples = ({ opset }) => {
  const isInput = opset >= 13;
  const examples = [withAxes(x, [0, 2], isInput), withAxes(x, opset >= 11 ? [-1] : [3], isInput)];
  return isInput ? [...examples, withAxes(x, [], isInput)] : examples;
};

const squeeze: Examples = ({ opset }) => {
  const thin = floats(1, 3, 1, 4), isInput = opset >= 13;
  return [
    { inputs: [thin] },
    { inputs: [floats(2, 3)] },
    withAxes(thin, [0], isInput),
    withAxes(thin, opset >= 11 ? [-2, 0] : [0, 2], isInput),
  ];
};

const indices = (...values: number[]) => ints(...values);

const scatterElements: Examples = ({ opset }) => {
  const places = wholes(0, 2, [3, 4]), updates = floats(3, 4), into = floats(3, 4);
  const reductions = opset >= 18 ? ["none", "add", "mul", "max", "min"] : opset >= 16 ? ["none", "add", "mul"] : [];
  const distinct = { dims: [1, 4], values: [2, 0, 1, 2], type: TYPE.int64 };
  return [
    { inputs: [into, distinct, floats(1, 4)] },
    { inputs: [into, { dims: [3, 1], values: [-1, 0, 1], type: TYPE.int64 }, floats(3, 1)], attributes: { axis: 1 } },
    ...reductions.filter((reduction) => reduction !== "none").map((reduction) => ({
      inputs: [into, places, updates],
      attributes: { reduction },
    })),
  ].filter((example) => opset >= 11 || (example.inputs[1]!.values as number[]).every((place) => place >= 0));
};

const scatterND: Examples = ({ opset }) => {
  const places = { dims: [2, 2], values: [1, 0, 0, -1], type: TYPE.int64 };
  const reductions = opset >= 18 ? ["add", "mul", "max", "min"] : opset >= 16 ? ["add", "mul"] : [];
  return [
    { inputs: [x, places, floats(2, 4)] },
    { inputs: [x, { dims: [1, 1], values: [1], type: TYPE.int64 }, floats(1, 3, 4)] },
    ...reductions.map((reduction) => ({ inputs: [x, places, floats(2, 4)], attributes: { reduction } })),
  ];
};

const dropout: Examples = ({ opset }) => [
  { inputs: [x] },
  { inputs: [x], outputs: 2 },
  ...opset >= 12
    ? [{ inputs: [x, scalar(0.4)] }, { inputs: [x, scalar(0.4), scalar(0, TYPE.bool)], parameters: [2] }]
    : [],
];

const tile: Examples = () => [
  { inputs: [x, ints(1, 2, 3)], parameters: [1] },
  { inputs: [floats(1, 3), ints(4, 1)], parameters: [1] },
  { inputs: [x, ints(1, 1, 1)], parameters: [1] },
];

/** Operators that move elements. */
export const MOVERS: Record<string, Examples> = {
  Crop: () =>
    [{ border: [1, 0, 2, 1] }, { border: [1, 0, 2, 1], scale: [2, 1] }].map((attributes) => ({
      inputs: [floats(1, 2, 4, 5)],
      attributes,
    })),
  DynamicSlice: () => [
    { inputs: [x, ints(1, -3), ints(2, 9), ints(1, 2)], parameters: [1, 2, 3], needsAll: true },
    { inputs: [x, ints(0, 1), ints(1, -1)], parameters: [1, 2] },
    { inputs: [x, ints(0), ints(1), ints(-2)], parameters: [1, 2, 3] },
  ],
  Slice: slice,
  Split: split,
  Pad: pad,
  Reshape: (init) => [...reshape(init), unshuffled],
  Flatten: () => [
    ...[0, 1, 2, 3].map((axis) => ({ inputs: [x], attributes: { axis } })),
    { inputs: [floats(3, 4)] },
  ],
  Squeeze: squeeze,
  Unsqueeze: unsqueeze,
  Transpose: () => [
    { inputs: [x] },
    { inputs: [x], attributes: { perm: [1, 2, 0] } },
    { inputs: [x], attributes: { perm: [0, 1, 2] } },
    { inputs: [floats(3)] },
  ],
  Dropout: dropout,
  Concat: ({ opset }) => [
    ...opset < 10 ? [] : [focused],
    { inputs: [x, floats(2, 1, 4), floats(2, 2, 4)], attributes: { axis: 1 } },
    { inputs: [wholes(0, 9, [2]), wholes(0, 9, [3])], attributes: { axis: 0 } },
    { inputs: [x], attributes: { axis: 2 } },
    { inputs: [floats(1), floats(1)], attributes: { axis: 0 } },
  ],
  Expand: () => [
    { inputs: [floats(3, 1), ints(2, 3, 4)], parameters: [1] },
    { inputs: [x, ints(3, 1)], parameters: [1] },
    { inputs: [x, ints(2, 3, 4)], parameters: [1] },
  ],
  Tile: tile,
  CenterCropPad: () => [
    { inputs: [x, ints(3, 2, 4)], parameters: [1] },
    { inputs: [x, ints(5, 1)], parameters: [1], attributes: { axes: [-1, 0] } },
  ],
  Trilu: () => [
    { inputs: [floats(3, 4)] },
    { inputs: [floats(2, 4, 3)], attributes: { upper: 0 } },
    { inputs: [floats(3, 4), scalar(1, TYPE.int64)] },
    { inputs: [wholes(1, 9, [4, 4]), scalar(-1, TYPE.int64)], attributes: { upper: 0 } },
  ],
  Gather: ({ opset }) => [
    { inputs: [x, indices(1, 0, 1)], attributes: { axis: 0 } },
    { inputs: [x, scalar(2, TYPE.int64)], attributes: { axis: 1 } },
    { inputs: [x, { dims: [2, 2], values: [3, 0, 1, 2], type: TYPE.int64 }], attributes: { axis: 2 } },
    { inputs: [x, indices(0, 1, 2)], parameters: [1], attributes: { axis: 1 } },
    { inputs: [x, indices(0, 1)], parameters: [1], attributes: { axis: 1 } },
    ...opset >= 11 ? [{ inputs: [x, indices(-1)], attributes: { axis: -1 } }] : [],
  ],
  GatherElements: () => [
    { inputs: [floats(3, 4), wholes(-3, 2, [2, 4])] },
    { inputs: [x, wholes(0, 3, [2, 3, 5])], attributes: { axis: -1 } },
  ],
  GatherND: ({ opset }) => [
    { inputs: [x, { dims: [2, 2], values: [1, 0, 0, -1], type: TYPE.int64 }] },
    { inputs: [x, { dims: [3, 1], values: [1, 0, 1], type: TYPE.int64 }] },
    ...opset >= 12
      ? [{ inputs: [x, { dims: [2, 1], values: [2, 0], type: TYPE.int64 }], attributes: { batch_dims: 1 } }]
      : [],
  ],
  Scatter: scatterElements,
  ScatterElements: scatterElements,
  ScatterND: scatterND,
  TensorScatter: () => [{ inputs: [floats(2, 4, 3), floats(2, 1, 3), wholes(0, 2, [2])] }],
  OneHot: ({ opset }) => [
    { inputs: [ints(0, 2, 1), scalar(3, TYPE.int64), { dims: [2], values: [0, 1] }], parameters: [1] },
    {
      inputs: [wholes(0, 3, [2, 2]), scalar(4, TYPE.int64), { dims: [2], values: [-1, 5] }],
      parameters: [1],
      attributes: { axis: 0 },
    },
    ...opset >= 11
      ? [{
        inputs: [ints(-1, 5), scalar(3, TYPE.int64), { dims: [2], values: [2, 3] }],
        parameters: [1],
        attributes: { axis: 1 },
      }]
      : [],
  ],
  Compress: () => [
    { inputs: [x, { dims: [3], values: [1, 0, 1], type: TYPE.bool }], parameters: [1], attributes: { axis: 1 } },
    { inputs: [floats(2, 3), { dims: [5], values: [1, 0, 1, 1, 0], type: TYPE.bool }], parameters: [1] },
  ],
  ReverseSequence: () => [{ inputs: [floats(4, 3), ints(1, 2, 4)] }],
  DepthToSpace: ({ opset }) => [
    { inputs: [floats(1, 8, 2, 3)], attributes: { blocksize: 2 } },
    { inputs: [floats(1, 8, 2, 3)], attributes: { blocksize: 1 } },
    ...opset >= 11 ? [{ inputs: [floats(1, 8, 2, 3)], attributes: { blocksize: 2, mode: "CRD" } }] : [],
  ],
  SpaceToDepth: () => [1, 2].map((blocksize) => ({ inputs: [floats(1, 2, 4, 6)], attributes: { blocksize } })),
  Identity: () => [{ inputs: [x] }, { inputs: [wholes(0, 9, [3])] }],
};
