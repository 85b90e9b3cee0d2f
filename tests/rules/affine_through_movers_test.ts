/** Affine maps that reach their layer through operators that only move elements, in both directions. */
import { assertFuses, assertKeeps } from "../fusion_check.ts";
import { random, randomIn, type TestModel, type TestNode, type TestTensor } from "../onnx_model.ts";

const ints = (...values: number[]): TestTensor => ({ dims: [values.length], values, type: 7 });

const bn = (x: string, y: string): TestNode => ({
  op: "BatchNormalization",
  inputs: [x, "gamma", "beta", "mean", "variance"],
  outputs: [y],
  name: "bn",
});

const parameters = (channels: number): Record<string, TestTensor> => ({
  gamma: randomIn(0.5, 1.5, [channels], 2),
  beta: random([channels], 3),
  mean: random([channels], 4),
  variance: randomIn(0.1, 2, [channels], 5),
});

/** x → layer → c → movers → m → BatchNormalization. */
function after(
  x: (number | string | null)[],
  layer: Partial<TestNode>,
  w: TestTensor,
  movers: TestNode[],
  channels: number,
  more: Record<string, TestTensor> = {},
): TestModel {
  return {
    inputs: { x },
    outputs: { y: null },
    initializers: { w, ...parameters(channels), ...more },
    nodes: [{ op: "MatMul", inputs: ["x", "w"], outputs: ["c"], ...layer }, ...movers, bn("m", "y")],
  };
}

const mover = (op: string, inputs: string[], output: string, attributes?: TestNode["attributes"]): TestNode => ({
  op,
  inputs,
  outputs: [output],
  attributes,
});

const THROUGH: Record<string, { model: TestModel; left: Record<string, number> }> = {
  "a Linear of a sequence, transposed for BatchNorm1d and back": {
    model: (() => {
      const model = after(
        ["n", 5, 4],
        {},
        random([4, 6], 1),
        [
          mover("Add", ["c", "b"], "a"),
          mover("Transpose", ["a"], "m", { perm: [0, 2, 1] }),
        ],
        6,
        { b: random([6], 7) },
      );
      model.nodes.push(mover("Transpose", ["z"], "y", { perm: [0, 2, 1] }));
      model.nodes.find(({ name }) => name === "bn")!.outputs = ["z"];
      return model;
    })(),
    left: { Add: 1, MatMul: 1 },
  },
  "a Linear whose rows are flattened for BatchNorm1d": {
    model: after(["n", 5, 4], {}, random([4, 6], 1), [mover("Reshape", ["c", "shape"], "m")], 6, {
      shape: ints(-1, 6),
    }),
    left: { Add: 1, MatMul: 1, Reshape: 1 },
  },
  "a Gemm and an Unsqueeze": {
    model: after(["n", 4], { op: "Gemm" }, random([4, 6], 1), [mover("Unsqueeze", ["c", "axes"], "m")], 6, {
      axes: ints(2),
    }),
    left: { Gemm: 1, Unsqueeze: 1 },
  },
  "a Gemm reshaped to an image of one pixel, of a dynamic batch": {
    model: after(["n", 4], { op: "Gemm" }, random([4, 6], 1), [mover("Reshape", ["c", "shape"], "m")], 6, {
      shape: ints(0, 6, 1, 1),
    }),
    left: { Gemm: 1, Reshape: 1 },
  },
  "a Reshape that takes the columns apart, each group of them one channel": {
    model: after(["n", 4], { op: "Gemm" }, random([4, 6], 1), [mover("Reshape", ["c", "shape"], "m")], 2, {
      shape: ints(0, 2, 3),
    }),
    left: { Gemm: 1, Reshape: 1 },
  },
  "x.view(x.size(0), 6, 1) as PyTorch exports it": {
    model: after(
      ["n", 4],
      { op: "Gemm" },
      random([4, 6], 1),
      [
        mover("Shape", ["c"], "s"),
        mover("Gather", ["s", "zero"], "batch"),
        mover("Concat", ["batch", "six", "one"], "shape", { axis: 0 }),
        mover("Reshape", ["c", "shape"], "m"),
      ],
      6,
      { zero: ints(0), six: ints(6), one: ints(1) },
    ),
    left: { Gemm: 1, Reshape: 1 },
  },
  "x.view(x.size(0), 6, -1) of an input whose batch has no name": {
    model: after(
      [null, 4],
      { op: "Gemm" },
      random([4, 6], 1),
      [
        mover("Shape", ["c"], "s"),
        mover("Gather", ["s", "zero"], "batch"),
        mover("Concat", ["batch", "one", "six"], "shape", { axis: 0 }),
        mover("Reshape", ["c", "shape"], "m"),
      ],
      6,
      { zero: ints(0), six: ints(-1), one: ints(6) },
    ),
    left: { Gemm: 1, Reshape: 1 },
  },
  "a Conv whose shape is asked for": {
    model: (() => {
      const model = after(["n", 3, 4, 4], { op: "Conv" }, random([6, 3, 1, 1], 1), [mover("Shape", ["c"], "s")], 6);
      model.nodes.find(({ name }) => name === "bn")!.inputs[0] = "c";
      return { ...model, outputs: { y: null, s: [4] }, types: { s: 7 } };
    })(),
    left: { Conv: 1, Shape: 1 },
  },
  "what asks for its shape, into the next layer": {
    model: {
      inputs: { x: ["n", 4, 5, 5] },
      outputs: { y: null, s: [4] },
      types: { s: 7 },
      initializers: { w: random([6, 4, 1, 1], 1), ...parameters(4) },
      nodes: [
        { op: "Relu", inputs: ["x"], outputs: ["r"] },
        bn("r", "b"),
        mover("Shape", ["b"], "s"),
        { op: "Conv", inputs: ["b", "w"], outputs: ["y"] },
      ],
    },
    left: { Conv: 1, Relu: 1, Shape: 1 },
  },
  "a Conv to one pixel and a Flatten": {
    model: after(["n", 3, 2, 2], { op: "Conv" }, random([6, 3, 2, 2], 1), [mover("Flatten", ["c"], "m")], 6),
    left: { Conv: 1, Flatten: 1 },
  },
  "a Conv, a Squeeze and a Dropout": {
    model: after(
      ["n", 3, 2, 2],
      { op: "Conv" },
      random([6, 3, 2, 2], 1),
      [
        mover("Squeeze", ["c", "axes"], "s"),
        mover("Dropout", ["s"], "m"),
      ],
      6,
      { axes: ints(2, 3) },
    ),
    left: { Conv: 1, Squeeze: 1 },
  },
  "a Conv whose rows and columns are merged": {
    model: after(["n", 3, 4, 4], { op: "Conv" }, random([6, 3, 1, 1], 1), [mover("Reshape", ["c", "shape"], "m")], 6, {
      shape: ints(0, 6, -1),
    }),
    left: { Conv: 1, Reshape: 1 },
  },
  "a Conv to NHWC, an axis of the last kind": {
    model: {
      ...after(["n", 3, 4, 4], { op: "Conv" }, random([6, 3, 1, 1], 1), [], 6),
      initializers: { w: random([6, 3, 1, 1], 1), k: randomIn(0.5, 2, [6], 2) },
      nodes: [
        { op: "Conv", inputs: ["x", "w"], outputs: ["c"] },
        mover("Transpose", ["c"], "t", { perm: [0, 2, 3, 1] }),
        mover("Mul", ["t", "k"], "y"),
      ],
    },
    left: { Conv: 1, Transpose: 1 },
  },
  "a Transpose without perm, which reverses the axes": {
    model: {
      inputs: { x: [5, 4] },
      outputs: { y: null },
      initializers: { w: random([4, 6], 1), k: randomIn(0.5, 2, [6, 1], 2) },
      nodes: [
        { op: "MatMul", inputs: ["x", "w"], outputs: ["c"] },
        mover("Transpose", ["c"], "t"),
        mover("Mul", ["t", "k"], "y"),
      ],
    },
    left: { MatMul: 1, Transpose: 1 },
  },
};

for (const [name, { model, left }] of Object.entries(THROUGH)) {
  Deno.test(`fuse() folds an affine map through ${name}`, async () => void await assertFuses(model, left));
}

Deno.test("fuse() keeps a BatchNormalization behind a Reshape whose shape is an input", async () => {
  const model = after([2, 4], { op: "Gemm" }, random([4, 6], 1), [
    { ...mover("Reshape", ["c", "shape"], "m"), name: "reshape" },
  ], 6);
  model.inputs = { ...model.inputs, shape: [3] };
  model.types = { shape: 7 };
  await assertKeeps(model, /reshape does not keep its channels apart, as far as shapes are known/, { node: "bn" });
});
