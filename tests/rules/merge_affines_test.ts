import { assertAlmostEquals, assertEquals } from "@std/assert";
import { fuse } from "../../src/fusion/mod.ts";
import { valuesOf } from "../../src/tensor/tensor.ts";
import { assertFuses } from "../fusion_check.ts";
import { modelBytes, random, randomIn, type TestModel, type TestNode, type TestTensor } from "../onnx_model.ts";

const CONSTANTS: Record<string, TestTensor> = {
  m: randomIn(0.5, 2, [4, 1, 1], 1),
  m2: randomIn(-2, -0.5, [1, 4, 1, 1], 2),
  a: random([4, 1, 1], 3),
  a2: random([1, 4, 1, 1], 4),
  three: { dims: [], values: [3] },
  third: { dims: [1], values: [1 / 3] },
  half: { dims: [], values: [0.5] },
  tiny: { dims: [], values: [1e-25] },
  rows: randomIn(0.5, 2, [3, 1], 5),
  gamma: randomIn(0.5, 1.5, [4], 6),
  beta: random([4], 7),
  mean: random([4], 8),
  variance: randomIn(0.1, 2, [4], 9),
  gamma2: randomIn(0.5, 1.5, [4], 10),
};

const BN = ["gamma", "beta", "mean", "variance"];

/** x (n, 4, 3, 5) → Sigmoid → each step on the result of the one before → Sigmoid. "op c" or "op c first". */
function steps(list: string[], more: Partial<TestModel> = {}): TestModel {
  const nodes: TestNode[] = [{ op: "Sigmoid", inputs: ["x"], outputs: ["v0"] }];
  list.forEach((step, index) => {
    const [op, constant, first] = step.split(" "), v = `v${index}`;
    const inputs = op === "BatchNormalization"
      ? [v, ...BN.map((name) => name === "gamma" ? constant ?? name : name)]
      : constant === undefined
      ? [v]
      : first
      ? [constant, v]
      : [v, constant];
    nodes.push({ op, inputs, outputs: [`v${index + 1}`], name: `step${index + 1}` });
  });
  nodes.push({ op: "Sigmoid", inputs: [`v${list.length}`], outputs: ["y"] });
  const used = new Set(nodes.flatMap(({ inputs }) => inputs));
  const initializers = Object.fromEntries(Object.entries(CONSTANTS).filter(([name]) => used.has(name)));
  return { inputs: { x: ["n", 4, 3, 5] }, outputs: { y: null }, initializers, nodes, ...more };
}

const MERGES: [string[], Record<string, number>][] = [
  [["Mul m", "Mul m2"], { Mul: 1 }],
  [["Mul m", "Mul half first"], { Mul: 1 }],
  [["Mul half", "Div three"], { Mul: 1 }],
  [["Mul three", "Div three"], {}],
  [["Mul three", "Mul third"], {}],
  [["Add a", "Add a2 first"], { Add: 1 }],
  [["Add a", "Sub a2"], { Add: 1 }],
  [["Add a", "Sub a"], {}],
  [["Sub a first", "Sub a2 first"], { Add: 1 }],
  [["Neg", "Sub a first"], { Add: 1 }],
  [["Neg", "Add a"], { Sub: 1 }],
  [["Neg", "Neg"], {}],
  [["Neg", "Mul m", "Neg"], { Mul: 1 }],
  [["Div half", "Neg", "Mul half"], { Neg: 1 }],
  [["Sub a", "Div m", "Mul m2", "Add a2"], { Add: 1, Mul: 1 }],
  [["Mul m", "Add a"], { Add: 1, Mul: 1 }],
  [["Sub a", "Div m"], { Div: 1, Sub: 1 }],
  [["BatchNormalization", "Mul m", "Add a"], { BatchNormalization: 1 }],
  [["Mul m", "Add a", "BatchNormalization"], { BatchNormalization: 1 }],
  [["Sub half", "Div three", "BatchNormalization", "Neg"], { BatchNormalization: 1 }],
  [["BatchNormalization", "BatchNormalization gamma2"], { BatchNormalization: 1 }],
  [["Mul m", "Mul rows"], { Mul: 2 }],
  [["Mul tiny", "Mul tiny"], { Mul: 2 }],
  [["BatchNormalization", "Mul rows"], { BatchNormalization: 1, Mul: 1 }],
];

for (const [list, left] of MERGES) {
  const result = Object.entries(left).map(([op, count]) => count > 1 ? `${count} ${op}` : op).join(", ") || "nothing";
  Deno.test(`merge-affines: ${list.join(", ")} is ${result}`, async () => {
    await assertFuses(steps(list), Object.fromEntries(Object.entries({ ...left, Sigmoid: 2 }).toSorted()));
  });
}

Deno.test("merge-affines keeps a chain whose middle another node uses", async () => {
  const model = steps(["Mul m", "Mul m2"]);
  model.nodes.push({ op: "Relu", inputs: ["v1"], outputs: ["z"] });
  model.outputs = { y: null, z: null };
  await assertFuses(model, { Mul: 2, Relu: 1, Sigmoid: 2 });
});

Deno.test("merge-affines keeps a chain whose middle is a graph output", async () => {
  await assertFuses(steps(["Add a", "Add a2"], { outputs: { y: null, v1: null } }), { Add: 2, Sigmoid: 2 });
});

Deno.test("merge-affines leaves mean and variance of a BatchNormalization and changes scale and bias", async () => {
  const { model } = await fuse(modelBytes(steps(["BatchNormalization", "Mul half"])));
  const { graph } = model.graphs();
  const [, scale, bias, mean, variance] = graph.nodes.find(({ opType }) => opType === "BatchNormalization")!.inputs;
  assertEquals([mean!.name, variance!.name], ["mean", "variance"]);
  const halves = (name: string) => Array.from(CONSTANTS[name].values, (value) => Math.fround(value) / 2);
  valuesOf(scale!.initializer!).forEach((value, i) => assertAlmostEquals(value, halves("gamma")[i], 1e-7));
  valuesOf(bias!.initializer!).forEach((value, i) => assertAlmostEquals(value, halves("beta")[i], 1e-7));
});
