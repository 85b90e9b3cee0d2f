import { tensor, type TestGraph, type TestTensor } from "../../onnx_model.ts";
import { type Example, type Examples, floats, ints, scalar, text, TYPE, wholes } from "../example.ts";

/** A body that gives a constant tensor of this shape. */
const branch = (...dims: number[]): TestGraph => ({
  nodes: [{ op: "Identity", inputs: ["c"], outputs: ["r"] }],
  outputs: { r: dims },
  initializers: { c: floats(...dims) },
});

const loopBody: TestGraph = {
  inputs: { i: [], going: [], x: [2, 3] },
  types: { i: TYPE.int64, going: TYPE.bool, again: TYPE.bool },
  nodes: [
    { op: "Identity", inputs: ["going"], outputs: ["again"] },
    { op: "Add", inputs: ["x", "x"], outputs: ["y"] },
    { op: "Identity", inputs: ["x"], outputs: ["seen"] },
  ],
  outputs: { again: [], y: [2, 3], seen: [2, 3] },
};

const scanBody: TestGraph = {
  inputs: { sum: [3], next: [3] },
  nodes: [
    { op: "Add", inputs: ["sum", "next"], outputs: ["out"] },
    { op: "Identity", inputs: ["out"], outputs: ["each"] },
  ],
  outputs: { out: [3], each: [3] },
};

const constants: Examples = ({ opset }) => [
  { inputs: [], attributes: { value: { tensor: floats(2, 3) } } },
  { inputs: [], attributes: { value: { tensor: wholes(-9, 9, [3]) } } },
  ...opset >= 12
    ? [
      { inputs: [], attributes: { value_float: { float: 0.5 } } },
      { inputs: [], attributes: { value_floats: { floats: [0.5, 2] } } },
      { inputs: [], attributes: { value_int: -7 } },
      { inputs: [], attributes: { value_ints: [1, 2, 3] } },
    ]
    : [],
];

const random: Examples = () => [
  { inputs: [], attributes: { shape: [2, 3] } },
  { inputs: [], attributes: { shape: [2, 3], dtype: TYPE.double } },
];

const randomLike: Examples =
  () => [{ inputs: [floats(2, 3)] }, { inputs: [floats(2, 3)], attributes: { dtype: TYPE.double } }];

const made = { op: "SequenceConstruct", inputs: ["i0", "i1"], outputs: ["s"] };
const pair = [floats(2, 3), floats(2, 3)];

/** An operator on a sequence of two tensors, with more inputs. */
const onSequence = (...more: (TestTensor | string)[]): Example => ({
  inputs: [...pair, ...more.filter((input) => typeof input !== "string")],
  before: {
    nodes: [made],
    inputs: ["s", ...more.map((input, at) => typeof input === "string" ? input : `i${at + 2}`)],
  },
  isOpen: true,
});

/** The length of the sequence that comes out. */
const counted: Example["after"] = { nodes: [{ op: "SequenceLength", inputs: ["o0"], outputs: ["n"] }], outputs: ["n"] };

const got: Example["after"] = { nodes: [{ op: "OptionalGetElement", inputs: ["o0"], outputs: ["y"] }], outputs: ["y"] };

const mapBody: TestGraph = {
  inputs: { x: [2, 3] },
  nodes: [{ op: "Neg", inputs: ["x"], outputs: ["y"] }],
  outputs: { y: [2, 3] },
};

/** Sources, orders, control flow and text. */
export const OTHERS: Record<string, Examples> = {
  Constant: constants,
  ConstantOfShape: () => [
    { inputs: [ints(2, 3)], parameters: [0] },
    {
      inputs: [ints(2, 3)],
      parameters: [0],
      attributes: { value: { tensor: { dims: [1], values: [7], type: TYPE.int64 } } },
    },
    { inputs: [ints()], parameters: [0] },
  ],
  Shape: ({ opset }) => [
    { inputs: [floats(2, 3, 4)] },
    ...opset >= 15
      ? [{ inputs: [floats(2, 3, 4)], attributes: { start: 1 } }, {
        inputs: [floats(2, 3, 4)],
        attributes: { start: -2, end: -1 },
      }]
      : [],
  ],
  Range: () => [
    { inputs: [scalar(1), scalar(3), scalar(0.5)], parameters: [0, 1, 2] },
    { inputs: [scalar(9, TYPE.int64), scalar(2, TYPE.int64), scalar(-2, TYPE.int64)], parameters: [0, 1, 2] },
    { inputs: [scalar(0, TYPE.int64), scalar(5, TYPE.int64), scalar(1, TYPE.int64)], parameters: [0, 1, 2] },
  ],
  EyeLike: () => [
    { inputs: [floats(3, 4)] },
    { inputs: [floats(3, 4)], attributes: { k: 1, dtype: TYPE.int32 } },
  ],
  RandomNormal: random,
  RandomUniform: random,
  RandomNormalLike: randomLike,
  RandomUniformLike: randomLike,
  Bernoulli: () => [{ inputs: [tensor([2], [0.2, 0.8])] }, {
    inputs: [tensor([2], [0.2, 0.8])],
    attributes: { dtype: TYPE.int32 },
  }],
  Multinomial: () => [{ inputs: [floats(2, 3)], attributes: { sample_size: 5 } }],
  NonZero:
    () => [{ inputs: [tensor([2, 2], [0, 1, 1, 0])], isOpen: true }, { inputs: [wholes(0, 1, [3])], isOpen: true }],
  TopK: ({ opset }) =>
    opset < 10
      ? [{ inputs: [floats(2, 5)], outputs: 2, attributes: { k: 3 } }]
      : [{ inputs: [floats(2, 5), ints(3)], outputs: 2, parameters: [1], attributes: { axis: 1 } }],
  Unique: () => [
    { inputs: [tensor([4], [2, 1, 2, 3])], outputs: 4, isOpen: true },
    { inputs: [floats(2, 3)], outputs: 1, attributes: { axis: 1 }, isOpen: true },
  ],
  If: () => [
    {
      inputs: [scalar(1, TYPE.bool)],
      attributes: { then_branch: { graph: branch(2, 3) }, else_branch: { graph: branch(2, 3) } },
    },
    {
      inputs: [scalar(0, TYPE.bool)],
      attributes: { then_branch: { graph: branch(2, 3) }, else_branch: { graph: branch(2, 4) } },
      isOpen: true,
    },
  ],
  Loop: () => [{
    inputs: [scalar(3, TYPE.int64), scalar(1, TYPE.bool), floats(2, 3)],
    outputs: 2,
    attributes: { body: { graph: loopBody } },
    isOpen: true,
  }],
  Scan: ({ opset }) =>
    opset < 9 ? [] : [{
      inputs: [floats(3), floats(4, 3)],
      outputs: 2,
      attributes: { body: { graph: scanBody }, num_scan_inputs: 1 },
      isOpen: true,
    }],
  DynamicQuantizeLinear: () => [{ inputs: [floats(2, 3)], outputs: 3 }],
  SequenceConstruct: () => [{ inputs: pair, after: counted }],
  SequenceEmpty: () => [{ inputs: [], after: counted }],
  SequenceAt: () => [onSequence(scalar(1, TYPE.int64))],
  SequenceErase: () => [{ ...onSequence(scalar(1, TYPE.int64)), after: counted }],
  SequenceInsert: () => [{ ...onSequence(floats(4)), after: counted }],
  SequenceLength: () => [onSequence()],
  ConcatFromSequence: () => [{ ...onSequence(), attributes: { axis: 0 } }],
  SequenceMap: () => [{ ...onSequence(), attributes: { body: { graph: mapBody } }, after: counted }],
  SplitToSequence: () => [{ inputs: [floats(4, 3)], after: counted }],
  Optional: () => [{ inputs: [floats(2, 3)], after: got }],
  OptionalGetElement: () => [{
    inputs: [floats(2, 3)],
    before: { nodes: [{ op: "Optional", inputs: ["i0"], outputs: ["o"] }], inputs: ["o"] },
    isOpen: true,
  }],
  OptionalHasElement: () => [{
    inputs: [floats(2, 3)],
    before: { nodes: [{ op: "Optional", inputs: ["i0"], outputs: ["o"] }], inputs: ["o"] },
  }],
  StringNormalizer: () => [{
    inputs: [text([2], "a", "B")],
    attributes: { case_change_action: "LOWER", is_case_sensitive: 1, locale: "C" },
    isOpen: true,
  }],
  StringConcat: () => [{ inputs: [text([2], "a", "b"), text([1], "c")] }],
  StringSplit: () => [{ inputs: [text([2], "a b", "c")], outputs: 2, isOpen: true }],
  RegexFullMatch: () => [{ inputs: [text([2], "ab", "c")], attributes: { pattern: "a." } }],
  TfIdfVectorizer: () => [{
    inputs: [wholes(0, 3, [5])],
    attributes: {
      mode: "TF",
      min_gram_length: 1,
      max_gram_length: 1,
      max_skip_count: 0,
      ngram_counts: [0],
      ngram_indexes: [0, 1, 2],
      pool_int64s: [1, 2, 3],
    },
  }],
};
