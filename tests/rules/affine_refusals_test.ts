/**
 * One test a precondition of the affine rules: a model that breaks this one alone stays as it is, computes the same, and the
 * report says why.
 */
import { assertEquals, assertLessOrEqual } from "@std/assert";
import { fuse } from "../../src/fusion/mod.ts";
import { assertKeeps } from "../fusion_check.ts";
import {
  feedsFor,
  modelBytes,
  random,
  randomIn,
  relativeL2,
  run,
  tensor,
  type TestGraph,
  type TestModel,
  type TestNode,
  type TestTensor,
} from "../onnx_model.ts";
import { AS_WRITTEN } from "./linear_layers.ts";

interface Refusal {
  model: TestModel;
  reason: RegExp;
  /** The node that stays, "a" (the affine map) where not said. */
  node?: string;
  /** Operators left, all that were there where not said. */
  left?: Record<string, number>;
  /** Why ONNX Runtime cannot run it. */
  notRun?: string;
}

const PARAMETERS: Record<string, TestTensor> = {
  gamma: randomIn(0.5, 1.5, [4], 2),
  beta: random([4], 3),
  mean: random([4], 4),
  variance: randomIn(0.1, 2, [4], 5),
};

const bnOf = (x: string, y: string, attributes?: TestNode["attributes"]): TestNode => ({
  op: "BatchNormalization",
  inputs: [x, ...Object.keys(PARAMETERS)],
  outputs: [y],
  name: "a",
  attributes,
});

/** x (2, 3, 6, 4) → Conv to (2, 4, 4, 4) → BatchNormalization `a`. */
function convBn(more: Partial<TestModel> & { parameters?: Record<string, TestTensor> } = {}): TestModel {
  const { parameters, ...model } = more;
  return {
    inputs: { x: [2, 3, 6, 6] },
    outputs: { y: null },
    initializers: { w: random([4, 3, 3, 3], 1), ...PARAMETERS, ...parameters },
    nodes: [{ op: "Conv", inputs: ["x", "w"], outputs: ["c"], name: "conv" }, bnOf("c", "y")],
    ...model,
  };
}

/** The same with an elementwise node of a constant. */
function convThen(op: string, inputs: string[], k: TestTensor, more: Partial<TestGraph> = {}): TestModel {
  return {
    inputs: { x: [2, 3, 6, 6] },
    outputs: { y: null },
    initializers: { w: random([4, 3, 3, 3], 1), k },
    nodes: [
      { op: "Conv", inputs: ["x", "w"], outputs: ["c"], name: "conv" },
      { op, inputs, outputs: ["y"], name: "a" },
    ],
    ...more,
  };
}

const ROW = [1, -2, 0.5, 3, 4];

/** x (rows, 3) → MatMul → `a`, an operator with a constant of as many rows. */
function matMulThen(op: string, k: TestTensor, rows = k.dims[0]): TestModel {
  return {
    inputs: { x: [rows, 3] },
    outputs: { y: null },
    initializers: { w: random([3, k.dims[1]], 1), k },
    nodes: [
      { op: "MatMul", inputs: ["x", "w"], outputs: ["c"], name: "matmul" },
      { op, inputs: ["c", "k"], outputs: ["y"], name: "a" },
    ],
  };
}

/** x (2, 4, 6, 6) → Relu → BatchNormalization `a` → what follows. */
function bnThen(
  after: TestNode[],
  initializers: Record<string, TestTensor> = {},
  more: Partial<TestModel> = {},
): TestModel {
  return {
    inputs: { x: [2, 4, 6, 6] },
    outputs: { y: null },
    initializers: { ...PARAMETERS, ...initializers },
    nodes: [{ op: "Relu", inputs: ["x"], outputs: ["r"] }, bnOf("r", "b"), ...after],
    ...more,
  };
}

const channel = (values: number[]): TestTensor => ({ dims: [4], values });
const scale: TestTensor = { dims: [], values: [0.1] }, zero: TestTensor = { dims: [], values: [0], type: 2 };

const REFUSALS: Record<string, Refusal> = {
  "a BatchNormalization in training mode, opset 14": {
    model: convBn({
      nodes: [
        convBn().nodes[0],
        { ...bnOf("c", "y", { training_mode: 1 }), outputs: ["y", "running_mean", "running_var"] },
      ],
    }),
    reason: /training mode: it normalises by the statistics of each batch/,
  },
  "a BatchNormalization in training mode, opset 6": {
    model: convBn({ opset: 6, nodes: [convBn().nodes[0], bnOf("c", "y", { is_test: 0 })] }),
    reason: /training mode.*is_test is 0/,
    notRun: "opset 6",
  },
  "a BatchNormalization in training mode, opset 1": {
    model: convBn({ opset: 1, nodes: [convBn().nodes[0], bnOf("c", "y", { consumed_inputs: [0, 0, 0, 1, 1] })] }),
    reason: /training mode.*is_test is 0, its default/,
    notRun: "opset 1",
  },
  "a BatchNormalization with more than one output, opset 8": {
    model: convBn({
      opset: 8,
      nodes: [convBn().nodes[0], { ...bnOf("c", "y"), outputs: ["y", "m", "v", "sm", "sv"] }],
    }),
    reason: /training mode.*from opset 7 to 13 its 5 outputs say so/,
  },
  "a BatchNormalization with a second output that operator set 14 does not give it": {
    model: convBn({ opset: 14, nodes: [convBn().nodes[0], { ...bnOf("c", "y"), outputs: ["y", "m"] }] }),
    reason: /it has a second output, 'm'/,
    notRun: "is invalid",
  },
  "a BatchNormalization with spatial = 0": {
    model: {
      opset: 8,
      inputs: { x: [2, 3, 3, 3] },
      outputs: { y: null },
      initializers: {
        w: random([4, 3, 3, 3], 1),
        gamma: random([4, 1, 1], 2),
        beta: random([4, 1, 1], 3),
        mean: random([4, 1, 1], 4),
        variance: randomIn(1, 2, [4, 1, 1], 5),
      },
      nodes: [convBn().nodes[0], bnOf("c", "y", { spatial: 0 })],
    },
    reason: /spatial = 0/,
  },
  "a BatchNormalization whose variance + epsilon is not positive": {
    model: convBn({ parameters: { variance: channel([1, 2, -0.5, 1]) } }),
    reason: /variance \+ epsilon is -0\.4999\d* in channel 2/,
  },
  "a BatchNormalization whose scale is not finite": {
    model: convBn({ parameters: { gamma: channel([1, Infinity, 1, 1]) } }),
    reason: /give a scale or shift of (Infinity|NaN|-Infinity)/,
  },
  "a BatchNormalization whose mean is computed": {
    model: convBn({
      inputs: { x: [2, 3, 6, 6], m: [4] },
      nodes: [
        { op: "Abs", inputs: ["m"], outputs: ["mean2"] },
        convBn().nodes[0],
        { ...bnOf("c", "y"), inputs: ["c", "gamma", "beta", "mean2", "variance"] },
      ],
    }),
    reason: /its mean is not constant: 'mean2' is computed by Abs/,
  },
  "a Div by a constant with a zero": {
    model: convThen("Div", ["c", "k"], { dims: [4, 1, 1], values: [1, 0, 2, 3] }),
    reason: /scale or shift of Infinity/,
  },
  "a constant divided by the conv": {
    model: convThen("Div", ["k", "c"], { dims: [4, 1, 1], values: [1, 2, 3, 4] }),
    reason: /divides a constant by its input, which is not linear/,
  },
  "a conv whose result another node uses": {
    model: convBn({
      outputs: { y: null, z: null },
      nodes: [...convBn().nodes, { op: "Relu", inputs: ["c"], outputs: ["z"] }],
    }),
    reason: /'c', which would disappear, is also used by z/,
  },
  "a conv whose result is a graph output": {
    model: convBn({ outputs: { y: null, c: null } }),
    reason: /'c', which would disappear, is a graph output/,
  },
  "a conv with a computed weight": {
    model: convBn({
      inputs: { x: [2, 3, 6, 6], v: [4, 3, 3, 3] },
      nodes: [
        { op: "Abs", inputs: ["v"], outputs: ["w2"] },
        { ...convBn().nodes[0], inputs: ["x", "w2"] },
        bnOf("c", "y"),
      ],
    }),
    reason: /the weight of conv is not constant: 'w2' is computed by Abs/,
  },
  "a conv with a computed bias": {
    model: convBn({
      inputs: { x: [2, 3, 6, 6], b: [4] },
      nodes: [{ ...convBn().nodes[0], inputs: ["x", "w", "b"] }, bnOf("c", "y")],
    }),
    reason: /the bias of conv is not constant: 'b' is an input/,
  },
  "a Gemm with a computed C": {
    model: {
      inputs: { x: [5, 3], b: [4] },
      outputs: { y: null },
      initializers: { w: random([3, 4], 1), ...PARAMETERS },
      nodes: [{ op: "Gemm", inputs: ["x", "w", "b"], outputs: ["c"], name: "gemm" }, bnOf("c", "y")],
    },
    reason: /the C of gemm is not constant: 'b' is an input/,
  },
  "a [W] constant, which is aligned with the width although W equals C": {
    model: convThen("Mul", ["c", "k"], randomIn(0.5, 2, [4], 1)),
    reason: /goes along axis 3, but the channels of the layer are axis 1/,
  },
  "a [H, 1] constant": {
    model: convThen("Add", ["c", "k"], random([4, 1], 1)),
    reason: /goes along axis 2, but the channels of the layer are axis 1/,
  },
  "a constant that varies along two axes": {
    model: convThen("Add", ["c", "k"], random([4, 4, 1], 1)),
    reason: /varies along more than one axis/,
  },
  "a constant of equal rows, but for the last bit": {
    model: matMulThen("Add", tensor([4, 5], [...ROW, ...ROW, ...ROW, 1, -2, 0.5, 3, 4 + 2 ** -21])),
    reason: /varies along more than one axis/,
  },
  "a constant of equal rows but for the sign of a zero": {
    model: matMulThen("Mul", tensor([2, 2], [1, 0, 1, -0])),
    reason: /varies along more than one axis/,
  },
  "a constant of equal rows that enlarge an axis": {
    model: matMulThen("Add", tensor([4, 5], [...ROW, ...ROW, ...ROW, ...ROW]), 1),
    reason: /varies along more than one axis/,
  },
  "a constant of equal rows, which are more than are looked at": {
    model: matMulThen("Add", tensor([2 ** 14, 5], Array.from({ length: 2 ** 14 }, () => ROW).flat())),
    reason: /varies along more than one axis/,
  },
  "a constant of a higher rank, which enlarges the result": {
    model: convThen("Mul", ["c", "k"], random([1, 1, 4, 1, 1], 1)),
    reason: /enlarges its input, which has rank 4/,
  },
  "a constant that enlarges an axis of one entry": {
    model: convThen("Mul", ["c", "k"], random([4, 1, 1], 1), {
      initializers: { w: random([1, 3, 3, 3], 1), k: random([4, 1, 1], 2) },
    }),
    reason: /enlarges its input, whose axis 1 has 1 entries/,
  },
  "a batch constant, which may enlarge a dynamic batch": {
    model: convThen("Mul", ["c", "k"], random([2, 1, 1, 1], 1), { inputs: { x: ["n", 3, 6, 6] } }),
    reason: /may enlarge its input, whose axis 0 has no known size/,
  },
  "a MatMul of rank 3 with a BatchNormalization along its rows": {
    model: {
      inputs: { x: [2, 4, 5] },
      outputs: { y: null },
      initializers: { w: random([5, 4], 1), ...PARAMETERS },
      nodes: [{ op: "MatMul", inputs: ["x", "w"], outputs: ["c"] }, bnOf("c", "y")],
    },
    reason: /goes along axis 1, but the channels of the layer are axis 2/,
  },
  "a Transpose that puts another axis where the channels were": {
    model: convBn({
      nodes: [
        convBn().nodes[0],
        { op: "Transpose", inputs: ["c"], outputs: ["t"], attributes: { perm: [0, 2, 1, 3] } },
        bnOf("t", "y"),
      ],
    }),
    reason: /goes along axis 2, but the channels of the layer are axis 1/,
  },
  "a Reshape that mixes the channels": {
    model: convBn({
      parameters: {
        shape: { dims: [4], values: [2, 8, 2, 4], type: 7 },
        gamma: random([8], 1),
        beta: random([8], 1),
        mean: random([8], 1),
        variance: randomIn(1, 2, [8], 1),
      },
      nodes: [
        convBn().nodes[0],
        { op: "Reshape", inputs: ["c", "shape"], outputs: ["t"], name: "reshape" },
        bnOf("t", "y"),
      ],
    }),
    reason: /reshape makes several axes of its channels, or its channels of several axes/,
  },
  "a quantised activation between conv and BatchNormalization": {
    model: convBn({
      parameters: { s: scale, z: zero },
      nodes: [
        convBn().nodes[0],
        { op: "QuantizeLinear", inputs: ["c", "s", "z"], outputs: ["q"] },
        { op: "DequantizeLinear", inputs: ["q", "s", "z"], outputs: ["d"], name: "dq" },
        bnOf("d", "y"),
      ],
    }),
    reason: /DequantizeLinear \(dq\) is where whole numbers begin or end/,
  },
  "a quantised activation between BatchNormalization and conv": {
    model: bnThen([
      { op: "QuantizeLinear", inputs: ["b", "s", "z"], outputs: ["q"], name: "q" },
      { op: "DequantizeLinear", inputs: ["q", "s", "z"], outputs: ["d"] },
      { op: "Conv", inputs: ["d", "w"], outputs: ["y"] },
    ], { s: scale, z: zero, w: random([5, 4, 1, 1], 1) }),
    reason: /QuantizeLinear \(q\) is where whole numbers begin or end/,
  },
  "a quantised weight whose one scale cannot become one per channel": {
    model: convBn({
      opset: 11,
      parameters: {
        s: scale,
        z: zero,
        wq: { dims: [4, 3, 15, 15], type: 2, values: random([4, 3, 15, 15], 1).values },
      },
      nodes: [
        { op: "DequantizeLinear", inputs: ["wq", "s", "z"], outputs: ["wd"] },
        { ...convBn().nodes[0], inputs: ["x", "wd"], attributes: { pads: [7, 7, 7, 7] } },
        bnOf("c", "y"),
      ],
    }),
    reason: /the file would grow by \d+ bytes: 'wd' is stored in fewer bytes/,
  },
  "a Dropout in training mode in between": {
    model: convBn({
      parameters: { ratio: { dims: [], values: [0] }, training: { dims: [], values: [1], type: 9 } },
      nodes: [
        convBn().nodes[0],
        { op: "Dropout", inputs: ["c", "ratio", "training"], outputs: ["d"], name: "dropout" },
        bnOf("d", "y"),
      ],
    }),
    reason: /dropout is in training mode/,
  },
  "an affine map of a graph input, with nothing to go into": {
    model: { ...bnThen([]), outputs: { b: null }, nodes: [bnOf("x", "b")] },
    reason: /it is applied to 'x', which no node makes/,
  },
  "a shift before a padded Conv": {
    model: bnThen([{
      op: "Conv",
      inputs: ["b", "w"],
      outputs: ["y"],
      name: "conv",
      attributes: { pads: [1, 1, 1, 1] },
    }], {
      w: random([5, 4, 3, 3], 1),
    }),
    reason: /conv pads its input with zeros \(pads 1,1,1,1\), which a folded shift would/,
  },
  "a shift before a Conv with auto_pad and an unknown size": {
    model: bnThen([{
      op: "Conv",
      inputs: ["b", "w"],
      outputs: ["y"],
      name: "conv",
      attributes: { auto_pad: "SAME_LOWER", strides: [2, 2] },
    }], {
      w: random([5, 4, 3, 3], 1),
    }, { inputs: { x: [2, 4, "h", "w"] } }),
    reason: /conv pads by auto_pad, how much is not known/,
  },
  "a shift before a Conv with auto_pad at stride 1, whatever the size": {
    model: bnThen([{
      op: "Conv",
      inputs: ["b", "w"],
      outputs: ["y"],
      name: "conv",
      attributes: { auto_pad: "SAME_LOWER" },
    }], {
      w: random([5, 4, 2, 3], 1),
    }, { inputs: { x: [2, 4, "h", "w"] } }),
    reason: /conv pads its input with zeros \(pads 1,1,0,1\), which a folded shift would/,
  },
  "a shift before a ConvTranspose of 3×3": {
    model: bnThen([{ op: "ConvTranspose", inputs: ["b", "w"], outputs: ["y"], name: "deconv" }], {
      w: random([4, 5, 3, 3], 1),
    }),
    reason: /deconv is a transposed convolution that is not 1×1 at stride 1/,
  },
  "a shift before a 1×1 ConvTranspose at stride 2": {
    model: bnThen([{
      op: "ConvTranspose",
      inputs: ["b", "w"],
      outputs: ["y"],
      name: "deconv",
      attributes: { strides: [2, 2] },
    }], {
      w: random([4, 5, 1, 1], 1),
    }),
    reason: /deconv is a transposed convolution that is not 1×1 at stride 1/,
  },
  "a BatchNormalization that one of several users cannot take": {
    model: bnThen(
      [
        { op: "Conv", inputs: ["b", "w"], outputs: ["y"] },
        { op: "Sigmoid", inputs: ["b"], outputs: ["z"], name: "sigmoid" },
      ],
      { w: random([5, 4, 1, 1], 1) },
      { outputs: { y: null, z: null } },
    ),
    reason: /its result goes into Sigmoid \(sigmoid\), which is no linear layer/,
  },
  "a BatchNormalization whose result is a graph output": {
    model: bnThen([{ op: "Conv", inputs: ["b", "w"], outputs: ["y"] }], { w: random([5, 4, 1, 1], 1) }, {
      outputs: { y: null, b: null },
    }),
    reason: /'b' is a graph output, so it must stay/,
  },
  "a BatchNormalization that a Conv takes as weight": {
    model: {
      inputs: { x: [2, 4, 6, 6], v: [5, 4, 3, 3] },
      outputs: { y: null },
      initializers: PARAMETERS,
      nodes: [bnOf("v", "b"), { op: "Conv", inputs: ["x", "b"], outputs: ["y"], name: "conv" }],
    },
    reason: /the weight of conv is not constant: 'b' is computed by BatchNormalization/,
  },
  "a value a Gemm takes as C": {
    model: {
      inputs: { x: [5, 3], v: [5, 4] },
      outputs: { y: null },
      initializers: { w: random([3, 4], 1), k: random([4], 2) },
      nodes: [
        { op: "Mul", inputs: ["v", "k"], outputs: ["b"], name: "a" },
        { op: "Gemm", inputs: ["x", "w", "b"], outputs: ["y"], name: "gemm" },
      ],
    },
    reason: /gemm takes 'b', but not as what it is applied to/,
  },
  "a negative scale before a MaxPool": {
    model: bnThen([
      { op: "MaxPool", inputs: ["b"], outputs: ["p"], name: "pool", attributes: { kernel_shape: [2, 2] } },
      { op: "Conv", inputs: ["p", "w"], outputs: ["y"] },
    ], { gamma: channel([1, -1, 1, 1]), w: random([5, 4, 1, 1], 1) }),
    reason: /negative scale, which turns the maximum of pool into a minimum/,
  },
  "a MaxPool whose Indices are used": {
    model: bnThen(
      [
        { op: "MaxPool", inputs: ["b"], outputs: ["p", "i"], attributes: { kernel_shape: [2, 2] } },
        { op: "Conv", inputs: ["p", "w"], outputs: ["y"] },
      ],
      { w: random([5, 4, 1, 1], 1) },
      { outputs: { y: null, i: null }, types: { i: 7 } },
    ),
    reason: /p has a second output, 'i', which would change too/,
  },
  "a dilated and padded MaxPool": {
    model: bnThen([
      {
        op: "MaxPool",
        inputs: ["b"],
        outputs: ["p"],
        name: "pool",
        attributes: { kernel_shape: [2, 2], dilations: [2, 2], pads: [1, 1, 1, 1] },
      },
      { op: "Conv", inputs: ["p", "w"], outputs: ["y"] },
    ], { w: random([5, 4, 1, 1], 1) }),
    reason: /pool is dilated and padded/,
  },
  "a shift before an AveragePool that counts padding": {
    model: bnThen([
      {
        op: "AveragePool",
        inputs: ["b"],
        outputs: ["p"],
        name: "pool",
        attributes: { kernel_shape: [3, 3], pads: [1, 1, 1, 1], count_include_pad: 1 },
      },
      { op: "Conv", inputs: ["p", "w"], outputs: ["y"] },
    ], { w: random([5, 4, 1, 1], 1) }),
    reason: /pool counts padded zeros/,
  },
  "a map along an axis that is reduced": {
    model: {
      inputs: { x: [2, 4, 6] },
      outputs: { y: null },
      initializers: { k: randomIn(0.5, 2, [4, 1], 1), w: random([6, 3], 2) },
      nodes: [
        { op: "Relu", inputs: ["x"], outputs: ["r"] },
        { op: "Mul", inputs: ["r", "k"], outputs: ["b"], name: "a" },
        { op: "ReduceMean", inputs: ["b"], outputs: ["p"], name: "mean", attributes: { axes: [1], keepdims: 0 } },
        { op: "Gemm", inputs: ["p", "w"], outputs: ["y"] },
      ],
    },
    reason: /goes along axis 1, over which mean reduces/,
  },
  "an addition that already is the bias of a MatMul": {
    model: {
      inputs: { x: [2, 5, 3] },
      outputs: { y: null },
      initializers: { w: random([3, 4], 1), k: random([4], 2) },
      nodes: [{ op: "MatMul", inputs: ["x", "w"], outputs: ["c"] }, {
        op: "Add",
        inputs: ["c", "k"],
        outputs: ["y"],
        name: "a",
      }],
    },
    reason: /already is the bias of its layer/,
  },
};

function countOps(nodes: TestNode[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { op } of nodes) counts[op] = (counts[op] ?? 0) + 1;
  return counts;
}

for (const [name, { model, reason, node = "a", left, notRun }] of Object.entries(REFUSALS)) {
  Deno.test(`fuse() keeps ${name}, and says why`, async () => {
    const report = await assertKeeps(model, reason, { node, options: AS_WRITTEN });
    assertEquals(Object.entries(report.after.ops).toSorted(), Object.entries(left ?? countOps(model.nodes)).toSorted());
    if (notRun) return;
    const bytes = modelBytes(model), feeds = feedsFor(model);
    const fused = await (await fuse(bytes)).model.bytes();
    assertLessOrEqual(relativeL2(await run(bytes, feeds), await run(fused, feeds)), 1e-5);
  });
}

const WRONG_LISTS = { strides: [[], [2], [0, 2]], dilations: [[], [1, 1, 1], [-1, 1]], pads: [[], [1, 1]] };

Deno.test("fuse() leaves alone windows with more or fewer strides, dilations or pads than axes, whatever follows them", async () => {
  for (const op of ["Conv", "AveragePool", "MaxPool", "ConvTranspose", "LpPool"]) {
    for (
      const [name, lists] of Object.entries({
        ...WRONG_LISTS,
        ...op.endsWith("Pool") ? { kernel_shape: [[-2, 2], [0, 1]] } : {},
      })
    ) {
      for (const list of lists) {
        const isPool = op.endsWith("Pool");
        const attributes = { ...isPool ? { kernel_shape: [2, 2] } : {}, [name]: list };
        const model: TestModel = {
          inputs: { x: ["n", 4, 8, 8] },
          outputs: { y: null },
          initializers: { w: random([4, 4, 2, 2], 1), v: random([4, 4, 3, 3], 2), s: random([4, 1, 1], 3) },
          nodes: [
            { op: "Pad", inputs: ["x", "pads"], outputs: ["p"] },
            { op, inputs: isPool ? ["p"] : ["p", "w"], outputs: ["a"], attributes },
            { op: "Mul", inputs: ["a", "s"], outputs: ["m"] },
            { op: "Conv", inputs: ["m", "v"], outputs: ["y"] },
          ],
        };
        model.initializers!.pads = tensor([8], [0, 0, 1, 1, 0, 0, 1, 1], 7);
        for (const runtime of ["onnxruntime", "onnxruntime-cpu"] as const) {
          const { report } = await fuse(modelBytes(model), { runtime });
          const touched = report.applied.filter(({ rule }) => /pad|compose|turn|lines|winograd|pool/.test(rule));
          assertEquals(touched, [], `${op} ${name} ${list}`);
        }
      }
    }
  }
});
