import { assert, assertEquals } from "@std/assert";
import { fuse } from "../../src/fusion/mod.ts";
import { assertFuses } from "../fusion_check.ts";
import { modelBytes, random, randomIn, tensor, type TestGraph, type TestModel, type TestNode } from "../onnx_model.ts";

const BOOL = 9, INT64 = 7;

const norm = (x: string, y: string): TestNode => ({
  op: "BatchNormalization",
  inputs: [x, "scale", "shift", "mean", "variance"],
  outputs: [y],
  name: `norm of ${x}`,
});

/** Conv, then an If of which one branch is a BatchNormalization and the other a Relu. */
function chosen(condition: TestModel, more: { then?: TestGraph; else?: TestGraph } = {}): TestModel {
  return {
    inputs: { x: [1, 3, 5, 5] },
    opsets: {},
    ...condition,
    outputs: { y: null, ...condition.outputs },
    initializers: {
      w: random([4, 3, 3, 3], 1),
      scale: randomIn(0.5, 2, [4], 2),
      shift: random([4], 3),
      mean: random([4], 4),
      variance: randomIn(0.5, 2, [4], 5),
      ...condition.initializers,
    },
    nodes: [
      { op: "Conv", inputs: ["x", "w"], outputs: ["a"] },
      ...condition.nodes,
      {
        op: "If",
        inputs: ["c"],
        outputs: ["y"],
        name: "choice",
        attributes: {
          then_branch: { graph: more.then ?? { nodes: [norm("a", "t")], outputs: { t: null } } },
          else_branch: {
            graph: more.else ?? { nodes: [{ op: "Relu", inputs: ["a"], outputs: ["e"] }], outputs: { e: null } },
          },
        },
      },
    ],
  };
}

const always = (value: number): TestModel => ({
  nodes: [],
  outputs: {},
  initializers: { c: tensor([], [value], BOOL) },
});

Deno.test("take-branches: an If with a constant condition is the nodes of the branch it takes, which then fuse", async () => {
  const { applied } = await assertFuses(chosen(always(1)), { Conv: 1 });
  assertEquals(applied.map(({ rule, nodes }) => [rule, nodes]), [
    ["take-branches", ["choice"]],
    ["fuse-affine-into-layer", ["norm of a", "a"]],
  ]);
  await assertFuses(chosen(always(0)), { Conv: 1, Relu: 1 });
});

Deno.test("take-branches: a condition that follows from shapes is constant", async () => {
  await assertFuses(
    chosen({
      outputs: {},
      initializers: { four: tensor([1], [4], INT64), one: tensor([], [1], INT64) },
      nodes: [
        { op: "Shape", inputs: ["a"], outputs: ["s"] },
        { op: "Gather", inputs: ["s", "one"], outputs: ["n"] },
        { op: "Equal", inputs: ["n", "four"], outputs: ["c"] },
      ],
    }),
    { Conv: 1 },
  );
});

Deno.test("take-branches leaves an If whose condition is an input", async () => {
  await assertFuses(
    chosen({ inputs: { x: [1, 3, 5, 5], c: [] }, types: { c: BOOL }, nodes: [], outputs: {} }),
    { Conv: 1, If: 1, BatchNormalization: 1, Relu: 1 },
  );
});

Deno.test("take-branches leaves an If whose condition a caller may set", async () => {
  const { inputs, ...open } = chosen({ ...always(1), inputs: { x: [1, 3, 5, 5], c: [] }, types: { c: BOOL } });
  const model = { ...open, inputs };
  assertEquals((await fuse(modelBytes(model))).report.applied, []);
  assertEquals((await fuse(modelBytes(model), { freezeInputs: true })).report.after.ops, { Conv: 1 });
});

Deno.test("take-branches: initializers, outer values and values that are two outputs come along", async () => {
  const then: TestGraph = {
    nodes: [{ op: "Mul", inputs: ["a", "k"], outputs: ["m"] }],
    initializers: { k: tensor([], [0.5]) },
    outputs: { m: null, k: null },
  };
  const model = chosen(always(1), {
    then,
    else: { ...then, nodes: [{ op: "Div", inputs: ["a", "k"], outputs: ["m"] }] },
  });
  model.nodes[1].outputs = ["y", "z"];
  model.outputs.z = null;
  await assertFuses(model, { Conv: 1, Identity: 1 });
});

Deno.test("take-branches: names of a branch that something else has become others", async () => {
  // both branches have an 'm', and the branch that is left over from another If too
  const branch = (op: string, last: string): TestGraph => ({
    nodes: [{ op, inputs: ["a"], outputs: ["m"], name: "same" }, {
      op: last,
      inputs: ["m"],
      outputs: ["o"],
      name: "other",
    }],
    outputs: { o: null },
  });
  const model = chosen(always(1), { then: branch("Sigmoid", "Sin"), else: branch("Relu", "Cos") });
  model.inputs!.d = [];
  model.types = { d: BOOL };
  model.outputs.z = null;
  model.nodes.push({
    op: "If",
    inputs: ["d"],
    outputs: ["z"],
    attributes: { then_branch: { graph: branch("Tanh", "Abs") }, else_branch: { graph: branch("Exp", "Neg") } },
  });
  await assertFuses(model, { Conv: 1, Sigmoid: 1, Sin: 1, If: 1, Tanh: 1, Abs: 1, Exp: 1, Neg: 1 });
  const { model: fused } = await fuse(modelBytes(model));
  const names = fused.nodes.map(({ name }) => name);
  assert(new Set(names.slice(0, 4)).size === 4 && names.includes("same_2"), names.join());
});

Deno.test("take-branches: an If in the branch of an If, in a branch that stays, and in a function", async () => {
  const inner = (x: string, y: string): TestNode => ({
    op: "If",
    inputs: ["c"],
    outputs: [y],
    attributes: {
      then_branch: { graph: { nodes: [{ op: "Abs", inputs: [x], outputs: [`${y}t`] }], outputs: { [`${y}t`]: null } } },
      else_branch: { graph: { nodes: [{ op: "Neg", inputs: [x], outputs: [`${y}e`] }], outputs: { [`${y}e`]: null } } },
    },
  });
  const nested = chosen(always(1), { then: { nodes: [inner("a", "i")], outputs: { i: null } } });
  await assertFuses(nested, { Conv: 1, Abs: 1 });
  const staying = chosen({ ...always(1), inputs: { x: [1, 3, 5, 5], d: [] }, types: { d: BOOL } }, {
    then: { nodes: [inner("a", "i")], outputs: { i: null } },
  });
  staying.nodes[1].inputs = ["d"];
  await assertFuses(staying, { Conv: 1, If: 1, Abs: 1, Relu: 1 });
  const body = inner("v", "r");
  await assertFuses({
    inputs: { x: [2, 3] },
    outputs: { y: null },
    opsets: { own: 1 },
    nodes: [{ op: "F", domain: "own", inputs: ["x"], outputs: ["y"] }],
    functions: [{
      name: "F",
      domain: "own",
      inputs: ["v"],
      outputs: ["r"],
      nodes: [
        { op: "Constant", inputs: [], outputs: ["c"], attributes: { value: { tensor: tensor([], [1], BOOL) } } },
        body,
      ],
    }],
  }, { "own.F": 1, Abs: 1 });
});

Deno.test("take-branches is left out as a rule is", async () => {
  const { report } = await fuse(modelBytes(chosen(always(1))), { skip: ["take-branches"] });
  assertEquals(report.after.ops.If, 1);
});
