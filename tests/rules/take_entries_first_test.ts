/** Positions that are all that is used are taken before everything that treats positions alike. */
import { assertEquals } from "@std/assert";
import { fuse } from "../../src/fusion/mod.ts";
import { assertFuses } from "../fusion_check.ts";
import { modelBytes, random, tensor, type TestModel, type TestNode } from "../onnx_model.ts";

const LENGTH = 9, WIDTH = 8;

/** The last block of a transformer with one head, and what takes positions of its result. */
function block(
  last: TestNode,
  { length = LENGTH, more = {} }: { length?: number | string; more?: TestModel["initializers"] } = {},
): TestModel {
  return {
    inputs: { x: [1, length, WIDTH] },
    outputs: { y: null },
    initializers: {
      ...Object.fromEntries(
        ["q", "k", "v", "o", "up", "down"].map((name, at) => [name, random([WIDTH, WIDTH], at + 1)]),
      ),
      g: random([WIDTH], 11),
      h: random([WIDTH], 12),
      b: random([WIDTH], 13),
      zero: tensor([], [0], 7),
      end: tensor([], [-1], 7),
      ...more,
    },
    nodes: [
      { op: "LayerNormalization", inputs: ["x", "g", "h"], outputs: ["n"] },
      ...["q", "k", "v"].map((name): TestNode => ({ op: "MatMul", inputs: ["n", name], outputs: [`n${name}`] })),
      { op: "Transpose", inputs: ["nk"], outputs: ["t"], attributes: { perm: [0, 2, 1] } },
      { op: "MatMul", inputs: ["nq", "t"], outputs: ["scores"] },
      { op: "Softmax", inputs: ["scores"], outputs: ["weights"], attributes: { axis: -1 } },
      { op: "MatMul", inputs: ["weights", "nv"], outputs: ["seen"] },
      { op: "MatMul", inputs: ["seen", "o"], outputs: ["told"] },
      { op: "Add", inputs: ["x", "told"], outputs: ["r"] },
      { op: "LayerNormalization", inputs: ["r", "g", "h"], outputs: ["m"] },
      { op: "MatMul", inputs: ["m", "up"], outputs: ["wide"] },
      { op: "Add", inputs: ["wide", "b"], outputs: ["biased"] },
      { op: "Relu", inputs: ["biased"], outputs: ["active"] },
      { op: "MatMul", inputs: ["active", "down"], outputs: ["narrow"] },
      { op: "Add", inputs: ["r", "narrow"], outputs: ["z"] },
      last,
    ],
  };
}

const gather = (index: string, axis = 1): TestNode => ({
  op: "Gather",
  inputs: ["z", index],
  outputs: ["y"],
  attributes: { axis },
});

/** Shapes of what nodes make, by the operators that are computed for one position only. */
async function applied(model: TestModel): Promise<string[]> {
  const { report } = await fuse(modelBytes(model));
  return report.applied.filter(({ rule }) => rule === "take-entries-first").flatMap(({ nodes }) => nodes).sort();
}

const ALL = ["active", "biased", "m", "narrow", "nq", "r", "scores", "seen", "told", "weights", "wide", "y", "z"];
const OPS = { Add: 3, Gather: 2, LayerNormalization: 2, MatMul: 8, Relu: 1, Softmax: 1, Squeeze: 1, Transpose: 1 };
const { Squeeze: _, ...WITHOUT_SQUEEZE } = OPS;

Deno.test("fuse() takes the class token before a whole block, down to the query of its attention", async () => {
  const model = block(gather("zero"));
  await assertFuses(model, OPS);
  assertEquals(await applied(model), ALL);
});

Deno.test("fuse() takes the last token of a sequence of any length", async () => {
  const model = block(gather("end"), { length: "length" });
  await assertFuses(model, OPS);
  assertEquals(await applied(model), ALL);
});

Deno.test("fuse() takes positions by a Slice and by a list, and keeps their axis", async () => {
  const ends = { from: tensor([1], [-1], 7), to: tensor([1], [2 ** 53], 7), axes: tensor([1], [1], 7) };
  const slice: TestNode = { op: "Slice", inputs: ["z", "from", "to", "axes"], outputs: ["y"] };
  await assertFuses(block(slice, { more: ends }), WITHOUT_SQUEEZE);
  await assertFuses(block(gather("two"), { more: { two: tensor([2], [0, 3], 7) } }), WITHOUT_SQUEEZE);
});

Deno.test("fuse() takes positions past heads: Reshape and Transpose", async () => {
  const model: TestModel = {
    inputs: { x: ["n", LENGTH, WIDTH] },
    outputs: { y: null },
    initializers: {
      w: random([WIDTH, WIDTH], 1),
      o: random([WIDTH, WIDTH], 2),
      heads: tensor([4], [0, LENGTH, 2, WIDTH / 2], 7),
      joined: tensor([3], [-1, LENGTH, WIDTH], 7),
      zero: tensor([], [0], 7),
    },
    nodes: [
      { op: "MatMul", inputs: ["x", "w"], outputs: ["a"] },
      { op: "Reshape", inputs: ["a", "heads"], outputs: ["b"] },
      { op: "Transpose", inputs: ["b"], outputs: ["c"], attributes: { perm: [0, 2, 1, 3] } },
      { op: "Relu", inputs: ["c"], outputs: ["d"] },
      { op: "Transpose", inputs: ["d"], outputs: ["e"], attributes: { perm: [0, 2, 1, 3] } },
      { op: "Reshape", inputs: ["e", "joined"], outputs: ["f"] },
      { op: "MatMul", inputs: ["f", "o"], outputs: ["z"] },
      gather("zero"),
    ],
  };
  await assertFuses(model, { Gather: 1, MatMul: 2, Relu: 1, Reshape: 2, Squeeze: 1, Transpose: 2 });
});

Deno.test("fuse() keeps positions that are chosen at run time", async () => {
  const model = block(gather("chosen"));
  model.inputs!.chosen = [];
  model.types = { chosen: 7 };
  assertEquals(await applied(model), []);
});

Deno.test("fuse() takes nothing of a value that something else needs whole", async () => {
  const model = block(gather("zero"));
  model.nodes.push({ op: "ReduceMean", inputs: ["z"], outputs: ["mean"], attributes: { axes: [1] } });
  model.outputs.mean = null;
  assertEquals(await applied(model), []);
});

Deno.test("fuse() takes nothing of a graph output", async () => {
  const model = block(gather("zero"));
  model.outputs.z = null;
  assertEquals(await applied(model), []);
});

Deno.test("fuse() takes positions behind what mixes them", async () => {
  const mixing: TestNode[] = [
    { op: "Softmax", inputs: ["r"], outputs: ["m"], attributes: { axis: 1 } },
    { op: "LayerNormalization", inputs: ["r", "all", "all"], outputs: ["m"], attributes: { axis: 1 } },
  ];
  for (const node of mixing) {
    const model = block(gather("zero"), { more: { all: random([LENGTH, WIDTH], 5) } });
    model.nodes[10] = node;
    await assertFuses(model, node.op === "Softmax" ? { ...OPS, LayerNormalization: 1, Softmax: 2 } : OPS);
    assertEquals(await applied(model), ["active", "biased", "narrow", "wide", "y", "z"]);
  }
});

Deno.test("fuse() keeps positions where another selection takes others", async () => {
  const model = block(gather("zero"));
  model.nodes.push({ op: "Gather", inputs: ["z", "end"], outputs: ["last"], attributes: { axis: 1 } });
  model.outputs.last = null;
  assertEquals(await applied(model), []);
});

Deno.test("fuse() keeps a selection behind elementwise operators alone, which would save no arithmetic", async () => {
  const model: TestModel = {
    inputs: { x: [1, LENGTH, WIDTH] },
    outputs: { y: null },
    initializers: { zero: tensor([], [0], 7) },
    nodes: [{ op: "Relu", inputs: ["x"], outputs: ["z"] }, gather("zero")],
  };
  assertEquals(await applied(model), []);
});
