import { assertEquals } from "@std/assert";
import { fuse } from "../../src/fusion/mod.ts";
import { assertFuses, assertKeeps } from "../fusion_check.ts";
import { modelBytes, random, randomIn, type TestModel, type TestNode } from "../onnx_model.ts";

/** Nodes over x of shape [n, 4, 5, 5]. */
function model(nodes: TestNode[], outputs: string[] = ["y"]): TestModel {
  return {
    inputs: { x: ["n", 4, 5, 5] },
    outputs: Object.fromEntries(outputs.map((name) => [name, null])),
    initializers: {
      c: random([4, 1, 1], 1),
      d: random([4, 1, 1], 2),
      last: random([5], 3),
      w: random([4, 4, 1, 1], 4),
    },
    nodes,
  };
}

const SCALED: TestNode = { op: "Mul", inputs: ["r", "c"], outputs: ["m"] };
const RELU: TestNode = { op: "Relu", inputs: ["x"], outputs: ["r"] };

Deno.test("fuse() makes one Mul of a value and a scaled copy of it, added in either order or subtracted", async () => {
  for (
    const [op, inputs] of [["Add", ["r", "m"]], ["Add", ["m", "r"]], ["Sub", ["r", "m"]], ["Sub", ["m", "r"]]] as const
  ) {
    await assertFuses(model([RELU, SCALED, { op, inputs: [...inputs], outputs: ["y"] }]), { Relu: 1, Mul: 1 });
  }
});

Deno.test("fuse() folds the sum of a layer's result and a scaled copy of it into the layer", async () => {
  const conv: TestNode = { op: "Conv", inputs: ["x", "w"], outputs: ["r"] };
  await assertFuses(model([conv, SCALED, { op: "Add", inputs: ["r", "m"], outputs: ["y"] }]), { Conv: 1 });
});

Deno.test("fuse() makes one Mul of what is scaled in a sum of several terms, and adds the rest", async () => {
  const nodes: TestNode[] = [
    RELU,
    SCALED,
    { op: "Add", inputs: ["r", "d"], outputs: ["a"] },
    { op: "Sigmoid", inputs: ["x"], outputs: ["s"] },
    { op: "Sum", inputs: ["m", "s", "a"], outputs: ["y"] },
  ];
  await assertFuses(model(nodes), { Relu: 1, Mul: 1, Sigmoid: 1, Sum: 1 });
});

/** c·(r − d), a map of two nodes, and r itself: what PEFT's DoRA adds to a layer that is not merged. */
const MOVED: TestNode[] = [
  { op: "Sub", inputs: ["r", "d"], outputs: ["s"] },
  { op: "Mul", inputs: ["s", "c"], outputs: ["m"] },
  { op: "Add", inputs: ["r", "m"], outputs: ["y"] },
];

Deno.test("fuse() merges affine maps of several nodes each", async () => {
  await assertFuses(model([RELU, ...MOVED]), { Relu: 1, Mul: 1, Add: 1 });
  await assertFuses(model([{ op: "Conv", inputs: ["x", "w"], outputs: ["r"] }, ...MOVED]), { Conv: 1 });
});

Deno.test("fuse() does not merge maps of several nodes of which one is needed, or goes along another axis", async () => {
  await assertKeeps(model([RELU, ...MOVED], ["y", "s"]), /'s' is a graph output/);
  const [subtracted, scaled, added] = MOVED;
  const other = { ...scaled, inputs: ["s", "last"] };
  await assertKeeps(model([RELU, subtracted, other, added]), /goes along another axis|no linear layer/);
});

Deno.test("fuse() does not merge affine maps along different axes, or one that is used elsewhere", async () => {
  const other: TestNode = { op: "Mul", inputs: ["r", "last"], outputs: ["n"] };
  const apart = model([RELU, SCALED, other, { op: "Add", inputs: ["m", "n"], outputs: ["y"] }]);
  await assertFuses(apart, { Relu: 1, Mul: 2, Add: 1 });
  const used = model([RELU, SCALED, { op: "Add", inputs: ["r", "m"], outputs: ["y"] }], ["y", "m"]);
  await assertKeeps(used, /'m' is a graph output/);
});

Deno.test("fuse() leaves alone affine maps of an input whose element type has no numbers", async () => {
  const complex = model([
    { op: "BatchNormalization", inputs: ["x", "a", "a", "a", "a"], outputs: ["b"] },
    { op: "Sub", inputs: ["x", "b"], outputs: ["y"] },
  ]);
  complex.types = { x: 14 };
  complex.initializers!.a = randomIn(0.5, 1.5, [4], 5);
  assertEquals((await fuse(modelBytes(complex))).report.applied, []);
});
