import { assertEquals } from "@std/assert";
import { fuse } from "../../src/fusion/mod.ts";
import { assertFuses } from "../fusion_check.ts";
import { modelBytes, random, type TestModel } from "../onnx_model.ts";

const model = (more: Partial<TestModel> = {}): TestModel => ({
  inputs: { x: [2, 3] },
  outputs: { y: null },
  initializers: { w: random([3, 3], 1), k: random([3], 2), v: random([3, 4], 3) },
  nodes: [
    { op: "MatMul", inputs: ["x", "w"], outputs: ["a"] },
    { op: "MatMul", inputs: ["a", "v"], outputs: ["dead"] },
    { op: "Relu", inputs: ["dead"], outputs: ["deader"] },
    { op: "Mul", inputs: ["a", "k"], outputs: ["y"] },
  ],
  ...more,
});

Deno.test("remove-dead-nodes: what nothing takes goes with its weights, and is no user any more", async () => {
  const report = await assertFuses(model(), { MatMul: 1 });
  assertEquals(report.after.parameters, 9);
  assertEquals(report.applied[0].rule, "remove-dead-nodes");
});

Deno.test("remove-dead-nodes keeps a node whose result is an output of the graph", async () => {
  await assertFuses(model({ outputs: { y: null, deader: null } }), { MatMul: 2, Mul: 1, Relu: 1 });
});

Deno.test("remove-dead-nodes keeps a node of which a subgraph takes a result", async () => {
  const branch = { graph: { nodes: [{ op: "Neg", inputs: ["deader"], outputs: ["r"] }], outputs: { r: [2, 4] } } };
  const taken = model({
    inputs: { x: [2, 3], c: [] },
    types: { c: 9 },
    outputs: { y: null, z: null },
    nodes: [
      ...model().nodes,
      { op: "If", inputs: ["c"], outputs: ["z"], attributes: { then_branch: branch, else_branch: branch } },
    ],
  });
  await assertFuses(taken, { If: 1, MatMul: 2, Mul: 1, Neg: 2, Relu: 1 });
});

/** The model with an operator of a domain of its own that takes what is in between. */
const custom = (outputs: string[], graphOutputs: TestModel["outputs"] = { y: null }) =>
  model({
    nodes: [
      ...model().nodes.slice(0, 1),
      { op: "Log", domain: "custom", inputs: ["a"], outputs, name: "log" },
      model().nodes[3],
    ],
    outputs: graphOutputs,
    opsets: { custom: 1 },
  });

Deno.test("remove-dead-nodes: operators of other domains go too, as an operator has no effect but its results", async () => {
  const { report } = await fuse(modelBytes(custom(["seen"])));
  assertEquals(report.after.ops, { MatMul: 1 });
  assertEquals(report.applied[0], { ...report.applied[0], rule: "remove-dead-nodes", nodes: ["log"] });
});

Deno.test("remove-dead-nodes: what only a node takes that goes itself, goes with it, known or not", async () => {
  const chain = custom(["seen"]);
  chain.nodes.push({ op: "Count", domain: "custom", inputs: ["seen"], outputs: ["counted"], name: "count" });
  assertEquals((await fuse(modelBytes(chain))).report.after.ops, { MatMul: 1 });
});

Deno.test("remove-dead-nodes keeps operators of other domains whose result is taken, and those without one", async () => {
  for (const kept of [custom(["seen"], { y: null, seen: null }), custom([])]) {
    assertEquals((await fuse(modelBytes(kept))).report.after.ops["custom.Log"], 1);
  }
});
