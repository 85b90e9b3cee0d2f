/** What runtimes compute on whole numbers stays whole. */
import { assertEquals } from "@std/assert";
import { fuse } from "../../src/fusion/mod.ts";
import { assertFuses, assertKeeps } from "../fusion_check.ts";
import { modelBytes, random, randomIn, tensor, type TestModel, type TestNode, type TestTensor } from "../onnx_model.ts";
import { asRun } from "./cpu_kernels.ts";

const UINT8 = 2, INT8 = 3, INT32 = 6;

function whole(low: number, high: number, dims: number[], type: number, seed: number): TestTensor {
  const { values } = randomIn(low, high, dims, seed);
  return { dims, type, values: Array.from(values, Math.round) };
}

const SCALE = 0.02, scales = randomIn(0.001, 0.01, [4], 2);

const WEIGHTS: Record<string, TestTensor> = {
  s: tensor([], [SCALE]),
  z: tensor([], [128], UINT8),
  w: whole(-100, 100, [4, 4, 3, 3], INT8, 1),
  ws: scales,
  wz: tensor([4], [0, 0, 0, 0], INT8),
  b: whole(-200, 200, [4], INT32, 3),
  bs: tensor([4], Array.from(scales.values, (value) => SCALE * value)), // as the runtime asks of a bias
  bz: tensor([4], [0, 0, 0, 0], INT32),
};

const quantize = (from: string, to: string): TestNode => ({
  op: "QuantizeLinear",
  inputs: [from, "s", "z"],
  outputs: [to],
});
const dequantize = (from: string, to: string): TestNode => ({
  op: "DequantizeLinear",
  inputs: [from, "s", "z"],
  outputs: [to],
});
const parameter = (name: string): TestNode => ({
  op: "DequantizeLinear",
  inputs: [name, `${name}s`, `${name}z`],
  outputs: [`${name}f`],
  attributes: { axis: 0 },
});
const conv = (from: string, to: string, bias = "bf"): TestNode => ({
  op: "Conv",
  name: to,
  inputs: [from, "wf", bias],
  outputs: [to],
  attributes: { pads: [1, 1, 1, 1] },
});

/** x, as whole numbers and back → `layers` → whole numbers. */
function quantised(layers: TestNode[], results: string[]): TestModel {
  return {
    opset: 13,
    inputs: { x: [1, 4, 6, 6] },
    outputs: { y: null },
    initializers: WEIGHTS,
    nodes: [
      quantize("x", "xq"),
      dequantize("xq", "xf"),
      parameter("w"),
      parameter("b"),
      ...layers,
      ...results.flatMap((name) => [quantize(name, `${name}q`), dequantize(`${name}q`, `${name}f`)]),
      results.length > 1
        ? { op: "Add", inputs: results.map((name) => `${name}f`), outputs: ["y"] }
        : { op: "Relu", inputs: [`${results[0]}f`], outputs: ["y"] },
    ],
  };
}

Deno.test("fuse() leaves weight and bias of a convolution on whole numbers as they are stored", async () => {
  const model = quantised([conv("xf", "c")], ["c"]), { model: fused, report } = await fuse(modelBytes(model));
  assertEquals(report.applied, []);
  assertEquals(fused.ops, { QuantizeLinear: 2, DequantizeLinear: 4, Conv: 1, Relu: 1 });
  assertEquals((await asRun(model, {})).QLinearConv, 1);
});

Deno.test("fuse() leaves a weight that is moved on its way to whole numbers as it is stored", async () => {
  const moved: TestNode = { op: "Transpose", inputs: ["wf"], outputs: ["wt"], attributes: { perm: [1, 0, 2, 3] } };
  const layer: TestNode = { ...conv("xf", "c"), inputs: ["xf", "wt", "bf"] };
  const { report } = await fuse(modelBytes(quantised([moved, layer], ["c"])));
  assertEquals(report.applied, []);
});

Deno.test("fuse() works out a weight that is rounded to whole numbers, and leaves it to the layer that computes on them", async () => {
  const { w: _stored, ...others } = WEIGHTS, made = quantised([conv("xf", "c")], ["c"]);
  const model: TestModel = {
    ...made,
    initializers: { ...others, real: randomIn(-1, 1, [4, 4, 3, 3], 9) },
    nodes: [
      { op: "QuantizeLinear", inputs: ["real", "ws", "wz"], outputs: ["w"], attributes: { axis: 0 } },
      ...made.nodes,
    ],
  };
  await assertFuses(model, { QuantizeLinear: 2, DequantizeLinear: 4, Conv: 1, Relu: 1 });
  assertEquals((await asRun(model, {})).QLinearConv, 1);
});

Deno.test("merge-parallel-layers keeps two convolutions that are computed on whole numbers", async () => {
  const other = { ...conv("xf", "d"), inputs: ["xf", "vf", "bf"] };
  const model = quantised([parameter("v"), conv("xf", "c"), other], ["c", "d"]);
  const initializers = { ...WEIGHTS, v: whole(-100, 100, [4, 4, 3, 3], INT8, 7), vs: WEIGHTS.ws, vz: WEIGHTS.wz };
  const { report } = await fuse(modelBytes({ ...model, initializers }));
  assertEquals(report.applied, []);
  assertEquals((await asRun({ ...model, initializers }, {})).QLinearConv, 2);
});

Deno.test("fuse() folds into a layer with stored whole numbers that is computed on fractions", async () => {
  const model: TestModel = {
    opset: 13,
    inputs: { x: [1, 4, 6, 6] },
    outputs: { y: null },
    initializers: { ...WEIGHTS, m: randomIn(0.5, 2, [4, 1, 1], 5) },
    nodes: [
      parameter("w"),
      parameter("b"),
      conv("x", "c"),
      { op: "Mul", inputs: ["c", "m"], outputs: ["e"] },
      { op: "Relu", inputs: ["e"], outputs: ["y"] },
    ],
  };
  await assertFuses(model, { Conv: 1, Relu: 1 }); // so small a file may grow by the few bytes of a weight in fractions
});

/** Mul → DynamicQuantizeLinear → a product of whole numbers, made fractions → BatchNormalization. */
function dynamic(op: "MatMulInteger" | "ConvInteger", w: TestTensor): TestModel {
  return {
    opset: 13,
    inputs: { x: [2, 4, 6, 6] },
    outputs: { y: null },
    initializers: {
      m: random([4, 1, 1], 1),
      w,
      wz: tensor([], [0], INT8),
      ws: tensor([], [SCALE]),
      k: randomIn(1, 2, [4], 3),
    },
    nodes: [
      { op: "Mul", inputs: ["x", "m"], outputs: ["xm"], name: "before" },
      { op: "DynamicQuantizeLinear", inputs: ["xm"], outputs: ["q", "qs", "qz"], name: "round" },
      { op, inputs: ["q", "w", "qz", "wz"], outputs: ["i"], name: "product" },
      { op: "Cast", inputs: ["i"], outputs: ["f"], attributes: { to: 1 } },
      { op: "Mul", inputs: ["qs", "ws"], outputs: ["s"] },
      { op: "Mul", inputs: ["f", "s"], outputs: ["p"] },
      { op: "BatchNormalization", inputs: ["p", "k", "k", "k", "k"], outputs: ["y"], name: "after" },
    ],
  };
}

for (const [op, dims] of [["MatMulInteger", [6, 6]], ["ConvInteger", [4, 4, 1, 1]]] as const) {
  Deno.test(`fuse() says that ${op} computes on whole numbers, and that nothing is moved across their rounding`, async () => {
    const model = dynamic(op, whole(-100, 100, [...dims], INT8, 4));
    const report = await assertKeeps(model, new RegExp(`${op} \\(product\\) multiplies whole numbers`), {
      node: "after",
    });
    assertEquals(report.skipped.filter(({ node, code }) => node === "after" && code === "no-layer"), []);
    await assertKeeps(model, /DynamicQuantizeLinear \(round\) is where whole numbers begin/, { node: "before" });
  });
}
