import { assertFuses } from "../fusion_check.ts";
import { random, randomIn, type TestGraph, type TestModel, type TestNode, type TestTensor } from "../onnx_model.ts";
import { AS_WRITTEN } from "./linear_layers.ts";

/** Parameters of a BatchNormalization with `channels` channels, named `<name>.scale` and so on. */
function bn(name: string, channels: number, seed = 20): Record<string, TestTensor> {
  return {
    [`${name}.scale`]: randomIn(0.5, 1.5, [channels], seed),
    [`${name}.bias`]: random([channels], seed + 1),
    [`${name}.mean`]: random([channels], seed + 2),
    [`${name}.var`]: randomIn(0.1, 2, [channels], seed + 3),
  };
}

function bnNode(name: string, x: string, y: string): TestNode {
  return {
    op: "BatchNormalization",
    inputs: [x, ...["scale", "bias", "mean", "var"].map((part) => `${name}.${part}`)],
    outputs: [y],
    name,
  };
}

/** x (n, 4, 6, 6) → Relu → BatchNormalization → what follows. */
function reluBn(after: TestNode[], initializers: TestGraph["initializers"], more: Partial<TestModel> = {}): TestModel {
  return {
    inputs: { x: ["n", 4, 6, 6] },
    outputs: { y: null },
    initializers: { ...bn("bn", 4), ...initializers },
    nodes: [{ op: "Relu", inputs: ["x"], outputs: ["r"] }, bnNode("bn", "r", "b"), ...after],
    ...more,
  };
}

const conv = (attributes: TestNode["attributes"] = {}, x = "b", w = "w", y = "y"): TestNode => ({
  op: "Conv",
  inputs: [x, w],
  outputs: [y],
  attributes,
});

const FOLDS: Record<string, { model: TestModel; left: Record<string, number> }> = {
  "an unpadded Conv": {
    model: reluBn([conv()], { w: random([5, 4, 3, 3], 1) }),
    left: { Conv: 1, Relu: 1 },
  },
  "an unpadded grouped, dilated, strided Conv with a bias": {
    model: reluBn([{ ...conv({ group: 2, dilations: [2, 2], strides: [2, 1] }), inputs: ["b", "w", "bias"] }], {
      w: random([6, 2, 2, 2], 1),
      bias: random([6], 2),
    }),
    left: { Conv: 1, Relu: 1 },
  },
  "a Conv with auto_pad SAME_UPPER that pads nothing": {
    model: reluBn([conv({ auto_pad: "SAME_UPPER", strides: [2, 2] })], { w: random([5, 4, 2, 2], 1) }),
    left: { Conv: 1, Relu: 1 },
  },
  "a padded Conv whose weights are zero where the shift is not": {
    model: {
      inputs: { x: ["n", 2, 6, 6] },
      outputs: { y: null },
      initializers: {
        t: { dims: [2, 1, 1], values: [0.5, 0] },
        w: { dims: [3, 2, 1, 1], values: [0, 1, 0, 2, 0, 3] },
      },
      nodes: [
        { op: "Relu", inputs: ["x"], outputs: ["r"] },
        { op: "Sub", inputs: ["r", "t"], outputs: ["b"] },
        conv({ pads: [1, 1, 1, 1] }),
      ],
    },
    left: { Conv: 1, Relu: 1 },
  },
  "a 1×1 ConvTranspose with groups": {
    model: reluBn([{ op: "ConvTranspose", inputs: ["b", "w"], outputs: ["y"], attributes: { group: 2 } }], {
      w: random([4, 3, 1, 1], 1),
    }),
    left: { ConvTranspose: 1, Relu: 1 },
  },
  "a Conv behind a MaxPool": {
    model: reluBn([
      {
        op: "MaxPool",
        inputs: ["b"],
        outputs: ["p"],
        attributes: { kernel_shape: [3, 3], pads: [1, 1, 1, 1], strides: [2, 2] },
      },
      conv({}, "p"),
    ], { w: random([5, 4, 1, 1], 1) }),
    left: { Conv: 1, MaxPool: 1, Relu: 1 },
  },
  "a Conv behind a padded AveragePool that does not count padding": {
    model: reluBn([
      { op: "AveragePool", inputs: ["b"], outputs: ["p"], attributes: { kernel_shape: [3, 3], pads: [1, 1, 1, 1] } },
      conv({}, "p"),
    ], { w: random([5, 4, 1, 1], 1) }),
    left: { AveragePool: 1, Conv: 1, Relu: 1 },
  },
  "a Conv behind a padded AveragePool with ceil_mode that does not count padding": {
    model: reluBn([
      {
        op: "AveragePool",
        inputs: ["b"],
        outputs: ["p"],
        attributes: { kernel_shape: [3, 3], pads: [1, 1, 1, 1], strides: [2, 2], ceil_mode: 1 },
      },
      conv({}, "p"),
    ], { w: random([5, 4, 1, 1], 1) }),
    left: { AveragePool: 1, Conv: 1, Relu: 1 },
  },
  "a Gemm behind a GlobalAveragePool and a Flatten": {
    model: reluBn([
      { op: "GlobalAveragePool", inputs: ["b"], outputs: ["p"] },
      { op: "Flatten", inputs: ["p"], outputs: ["f"] },
      { op: "Gemm", inputs: ["f", "w", "c"], outputs: ["y"], attributes: { transB: 1 } },
    ], { w: random([3, 4], 1), c: random([3], 2) }),
    left: { Flatten: 1, Gemm: 1, GlobalAveragePool: 1, Relu: 1 },
  },
  "a Gemm behind a ReduceMean that drops its axes": {
    model: reluBn([
      { op: "ReduceMean", inputs: ["b"], outputs: ["p"], attributes: { axes: [2, -1], keepdims: 0 } },
      { op: "Gemm", inputs: ["p", "w"], outputs: ["y"], attributes: { alpha: { float: 0.5 } } },
    ], { w: random([4, 3], 1) }),
    left: { Gemm: 1, ReduceMean: 1, Relu: 1 },
  },
  "a Gemm behind a GlobalMaxPool and a Squeeze": {
    model: reluBn([
      { op: "GlobalMaxPool", inputs: ["b"], outputs: ["p"] },
      { op: "Squeeze", inputs: ["p", "axes"], outputs: ["f"] },
      { op: "Gemm", inputs: ["f", "w"], outputs: ["y"] },
    ], { w: random([4, 3], 1), axes: { dims: [2], values: [2, 3], type: 7 } }),
    left: { Gemm: 1, GlobalMaxPool: 1, Relu: 1, Squeeze: 1 },
  },
  "a Gemm behind a Flatten that merges pixels into the channels": {
    model: reluBn([
      { op: "Flatten", inputs: ["b"], outputs: ["f"] },
      { op: "Gemm", inputs: ["f", "w", "c"], outputs: ["y"], attributes: { beta: { float: 0.5 } } },
    ], { w: random([144, 3], 1), c: random([1, 3], 2) }),
    left: { Flatten: 1, Gemm: 1, Relu: 1 },
  },
  "a MatMul and its bias behind a Transpose and a Reshape": {
    model: reluBn([
      { op: "Transpose", inputs: ["b"], outputs: ["t"], attributes: { perm: [0, 2, 3, 1] } },
      { op: "Reshape", inputs: ["t", "shape"], outputs: ["f"] },
      { op: "MatMul", inputs: ["f", "w"], outputs: ["m"] },
      { op: "Add", inputs: ["m", "c"], outputs: ["y"] },
    ], { w: random([4, 3], 1), c: random([3], 2), shape: { dims: [3], values: [0, -1, 4], type: 7 } }),
    left: { Add: 1, MatMul: 1, Relu: 1, Reshape: 1, Transpose: 1 },
  },
  "a MatMul of rank 2, which becomes a Gemm": {
    model: reluBn([
      { op: "Flatten", inputs: ["b"], outputs: ["f"] },
      { op: "MatMul", inputs: ["f", "w"], outputs: ["y"] },
    ], { w: random([144, 3], 1) }),
    left: { Flatten: 1, Gemm: 1, Relu: 1 },
  },
  "a padded Conv as far as a Mul goes, its shift in an Add": {
    model: {
      inputs: { x: ["n", 4, 6, 6] },
      outputs: { y: null },
      initializers: { m: randomIn(0.5, 2, [4, 1, 1], 3), a: random([1, 4, 1, 1], 4), w: random([5, 4, 3, 3], 1) },
      nodes: [
        { op: "Relu", inputs: ["x"], outputs: ["r"] },
        { op: "Mul", inputs: ["r", "m"], outputs: ["s"] },
        { op: "Add", inputs: ["a", "s"], outputs: ["b"] },
        conv({ pads: [1, 1, 1, 1] }),
      ],
    },
    left: { Add: 1, Conv: 1, Relu: 1 },
  },
  "several layers at once": {
    model: reluBn([conv(), conv({}, "b", "v", "z")], { w: random([5, 4, 3, 3], 1), v: random([2, 4, 1, 1], 2) }, {
      outputs: { y: null, z: null },
    }),
    left: { Conv: 2, Relu: 1 },
  },
  "two layers that share one weight": {
    model: reluBn([conv(), conv({ strides: [2, 2] }, "b", "w", "z")], { w: random([5, 4, 3, 3], 1) }, {
      outputs: { y: null, z: null },
    }),
    left: { Conv: 2, Relu: 1 },
  },
};

for (const [name, { model, left }] of Object.entries(FOLDS)) {
  Deno.test(`fuse-affine-into-next-layer folds an affine map into ${name}`, async () => {
    await assertFuses(model, left, { options: AS_WRITTEN });
  });
}

Deno.test("a sum that two values become is one, which both that take it find", async () => {
  const nodes: TestNode[] = [
    { op: "Add", inputs: ["x", "t"], outputs: ["a"] },
    { op: "Mul", inputs: ["a", "s"], outputs: ["m"] },
    { op: "AveragePool", inputs: ["m"], outputs: ["p"], attributes: { kernel_shape: [1, 2] } },
    conv({ pads: [0, 1, 0, 1] }, "p", "w", "y"),
    bnNode("bn", "m", "b"),
    conv({}, "b", "v", "z"),
  ];
  await assertFuses({
    inputs: { x: ["n", 4, 6, 6] },
    outputs: { y: null, z: null },
    initializers: {
      ...bn("bn", 4),
      t: { dims: [], values: [0.3] },
      s: { dims: [], values: [2] },
      w: random([2, 4, 1, 1], 1),
      v: random([2, 4, 1, 1], 2),
    },
    nodes,
  }, { Add: 1, AveragePool: 1, Conv: 2 });
});
