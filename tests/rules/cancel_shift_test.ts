/** An affine map in front of the difference of a value and its average. */
import { assertEquals } from "@std/assert";
import { fuse } from "../../src/fusion/mod.ts";
import { assertFuses, assertKeeps } from "../fusion_check.ts";
import { modelBytes, random, tensor, type TestAttribute, type TestModel, type TestNode } from "../onnx_model.ts";

interface Case {
  /** Nodes from `x` to `a`, whose average is taken. */
  before?: TestNode[];
  /** The average of `a`. */
  pool?: TestNode;
  /** Inputs of the difference of `a` and its average `p`. */
  terms?: string[];
  op?: string;
  /** Nodes from the difference `d` to `y`. */
  behind?: TestNode[];
  parameter?: number[];
  opset?: number;
}

const AFFINE: TestNode[] = [
  { op: "Mul", inputs: ["x", "s"], outputs: ["m"] },
  { op: "Add", inputs: ["m", "t"], outputs: ["a"] },
];
const SCALED: TestNode[] = [{ op: "Mul", inputs: ["d", "l"], outputs: ["y"] }];

function pool(attributes: Record<string, TestAttribute> = {}): TestNode {
  const window = { kernel_shape: [3, 3], pads: [1, 1, 1, 1], ...attributes };
  return { op: "AveragePool", inputs: ["a"], outputs: ["p"], attributes: window };
}

function model(given: Case = {}): TestModel {
  const { before = AFFINE, terms = ["p", "a"], op = "Sub", behind = SCALED, parameter = [6, 1, 1], opset = 17 } = given;
  const parameters = ["s", "t", "l"].map((name, at) => [name, random(parameter, at + 1)]);
  return {
    opset,
    inputs: { x: ["n", 6, 5, 7] },
    outputs: { y: null },
    initializers: {
      ...Object.fromEntries(parameters),
      vector: random([6], 5),
      positive: tensor([6], [1, 2, 3, 4, 5, 6]),
    },
    nodes: [
      ...before,
      given.pool ?? pool(),
      { op, inputs: terms, outputs: [behind.length > 0 ? "d" : "y"] },
      ...behind,
    ],
  };
}

const CANCELLED = { AveragePool: 1, Mul: 1, Sub: 1 };

async function left(given: Case) {
  return (await fuse(modelBytes(model(given)))).report.after.ops;
}

Deno.test("fuse() takes the scale behind the difference of an average and what it averages, and no shift", async () => {
  await assertFuses(model(), CANCELLED);
  await assertFuses(model({ terms: ["a", "p"] }), CANCELLED);
  await assertFuses(model({ behind: [] }), CANCELLED);
  await assertFuses(model({ parameter: [] }), CANCELLED);
  await assertFuses(model({ pool: pool({ pads: [0, 0, 2, 2] }) }), CANCELLED);
  await assertFuses(model({ pool: pool({ ceil_mode: 1 }) }), CANCELLED);
});

Deno.test("fuse() leaves nothing of a shift alone", async () => {
  const shifted: TestNode[] = [{ op: "Add", inputs: ["x", "t"], outputs: ["a"] }];
  await assertFuses(model({ before: shifted, behind: [] }), { AveragePool: 1, Sub: 1 });
  await assertFuses(model({ before: shifted }), CANCELLED);
});

Deno.test("fuse() takes a BatchNormalization, and puts it together with what is behind", async () => {
  const norm: TestNode[] = [{
    op: "BatchNormalization",
    inputs: ["x", "vector", "vector", "vector", "positive"],
    outputs: ["a"],
  }];
  await assertFuses(model({ before: norm }), CANCELLED);
  await assertFuses(model({ behind: [{ op: "Add", inputs: ["d", "l"], outputs: ["y"] }] }), { Add: 1, ...CANCELLED });
});

Deno.test("fuse() takes the average over everything, which is spread", async () => {
  await assertFuses(model({ pool: { op: "GlobalAveragePool", inputs: ["a"], outputs: ["p"] } }), {
    GlobalAveragePool: 1,
    Mul: 1,
    Sub: 1,
  });
});

Deno.test("fuse() keeps a shift where padded cells are counted", async () => {
  const counted = pool({ count_include_pad: 1 });
  const report = await assertKeeps(model({ pool: counted }), /it counts padded cells \(count_include_pad\)/);
  assertEquals(report.after.ops.Add, 1);
});

Deno.test("fuse() keeps a map along an axis that is averaged", async () => {
  await assertKeeps(model({ parameter: [7] }), /a goes along an axis over which p averages/);
});

Deno.test("fuse() keeps a sum, and the difference to the average of something else", async () => {
  assertEquals((await left({ op: "Add" })).Mul, 2);
  assertEquals((await left({ terms: ["p", "m"] })).Mul, 2);
});

Deno.test("fuse() keeps another pool than an average", async () => {
  assertEquals((await left({ pool: { ...pool(), op: "MaxPool" } })).Add, 1);
});

Deno.test("fuse() keeps a mean that lacks the axes it averages over", async () => {
  const mean: TestNode = { op: "ReduceMean", inputs: ["a"], outputs: ["p"], attributes: { axes: [0], keepdims: 0 } };
  assertEquals((await left({ pool: mean })).Add, 1);
});

Deno.test("fuse() keeps an affine map that something else takes", async () => {
  const test = model();
  test.outputs.a = null;
  await assertKeeps(test, /'a', which would disappear, is a graph output/);
});

Deno.test("fuse() keeps a scale alone, which would only change places", async () => {
  const scaled: TestNode[] = [{ op: "Mul", inputs: ["x", "s"], outputs: ["a"] }];
  await assertFuses(model({ before: scaled, behind: [] }), CANCELLED);
  await assertKeeps(model({ before: scaled, behind: [] }), /it would save nothing/);
});
