import { assertEquals } from "@std/assert";
import { fuse } from "../../src/fusion/mod.ts";
import { assertFuses } from "../fusion_check.ts";
import { modelBytes, tensor, type TestModel, type TestNode } from "../onnx_model.ts";

const ints = (...values: number[]) => tensor([values.length], values, 7);

const model = (nodes: TestNode[], x: (number | string)[] = [2, 3, 4]): TestModel => ({
  inputs: { x },
  outputs: { y: null },
  initializers: { flat: ints(6, 4), four: ints(-1, 2), copy: ints(0, -1), one: ints(1) },
  nodes,
});

Deno.test("merge-movements: Reshape after Reshape, Flatten or Unsqueeze is one Reshape", async () => {
  for (
    const first of [
      { op: "Reshape", inputs: ["x", "flat"], outputs: ["a"] },
      { op: "Flatten", inputs: ["x"], outputs: ["a"] },
      { op: "Unsqueeze", inputs: ["x", "one"], outputs: ["a"] },
    ]
  ) await assertFuses(model([first, { op: "Reshape", inputs: ["a", "four"], outputs: ["y"] }]), { Reshape: 1 });
});

Deno.test("merge-movements: Transpose after Transpose is one, or none", async () => {
  const turned = (first?: number[], second?: number[]) =>
    model([
      { op: "Transpose", inputs: ["x"], outputs: ["a"], attributes: first ? { perm: first } : {} },
      { op: "Transpose", inputs: ["a"], outputs: ["b"], attributes: second ? { perm: second } : {} },
      { op: "Relu", inputs: ["b"], outputs: ["y"] },
    ]);
  await assertFuses(turned([1, 2, 0], [1, 0, 2]), { Relu: 1, Transpose: 1 });
  await assertFuses(turned([1, 2, 0], [2, 0, 1]), { Relu: 1 });
  await assertFuses(turned(), { Relu: 1 });
});

Deno.test("merge-movements keeps Transposes whose perm is none", async () => {
  for (const perms of [[[0, 2, 1], [1, 0, 2, 3]], [[0, 0, 1], [1, 0, 2]], [[2, 0, 1], [0, 3, 1]]]) {
    const nodes = perms.map((perm, at) => ({
      op: "Transpose",
      inputs: [at === 0 ? "x" : "a"],
      outputs: [at === 0 ? "a" : "y"],
      attributes: { perm },
    }));
    const { report } = await fuse(modelBytes(model(nodes)));
    assertEquals(report.after.ops, { Transpose: 2 });
  }
});

Deno.test("merge-movements keeps a Reshape that copies a dimension which the first one made", async () => {
  const kept = model([
    { op: "Transpose", inputs: ["x"], outputs: ["t"], attributes: { perm: [2, 0, 1] } },
    { op: "Flatten", inputs: ["t"], outputs: ["a"] },
    { op: "Reshape", inputs: ["a", "copy"], outputs: ["y"] },
  ], ["n", "m", 4]);
  await assertFuses({ ...kept, initializers: { ...kept.initializers, copy: ints(-1, 0) } }, {
    Flatten: 1,
    Reshape: 1,
    Transpose: 1,
  });
});

Deno.test("merge-movements keeps the first movement where something else takes its result", async () => {
  await assertFuses({
    ...model([
      { op: "Reshape", inputs: ["x", "flat"], outputs: ["a"] },
      { op: "Reshape", inputs: ["a", "four"], outputs: ["y"] },
      { op: "Relu", inputs: ["a"], outputs: ["z"] },
    ]),
    outputs: { y: null, z: null },
  }, { Relu: 1, Reshape: 2 });
});

const squeezed = (inputs: Partial<Record<"perm" | "axes" | "shape", number[]>>, x: (number | string)[], more = {}) => ({
  inputs: { x },
  outputs: { y: null, ...more },
  initializers: { shape: ints(...inputs.shape ?? [0, -1, 1, 2, 2]), axes: ints(...inputs.axes ?? [0]) },
  nodes: [
    { op: "Reshape", inputs: ["x", "shape"], outputs: ["a"] },
    { op: "Transpose", inputs: ["a"], outputs: ["b"], attributes: { perm: inputs.perm ?? [2, 0, 3, 1, 4] } },
    { op: "Squeeze", inputs: ["b", "axes"], outputs: ["y"] },
  ],
});

Deno.test("merge-movements: Squeeze after Transpose after Reshape is a Transpose after a Reshape without the axis", async () => {
  await assertFuses(squeezed({}, [2, 3, 4]), { Reshape: 1, Transpose: 1 });
  await assertFuses(squeezed({}, ["n", 3, 4]), { Reshape: 1, Transpose: 1 });
  await assertFuses(squeezed({ shape: [1, 3, 1, 8], perm: [2, 3, 1, 0], axes: [0, -1] }, [2, 3, 4]), {
    Reshape: 1,
    Transpose: 1,
  });
});

Deno.test("merge-movements keeps a Squeeze where sizes that are not known cannot be written down", async () => {
  const given = squeezed({ perm: [2, 1, 0, 3, 4] }, ["n", "length", 4]);
  const sizes = [
    { op: "Shape", inputs: ["x"], outputs: ["sizes"] },
    { op: "Gather", inputs: ["sizes", "turned"], outputs: ["two"] },
    { op: "Concat", inputs: ["two", "rest"], outputs: ["shape"], attributes: { axis: 0 } },
  ];
  const { shape: _, ...initializers } = { ...given.initializers, turned: ints(1, 0), rest: ints(1, 2, 2) };
  await assertFuses({ ...given, initializers, nodes: [...sizes, ...given.nodes] }, {
    Concat: 1,
    Gather: 1,
    Reshape: 1,
    Shape: 1,
    Squeeze: 1,
    Transpose: 1,
  });
});

Deno.test("merge-movements keeps a Squeeze where something else takes what comes before it", async () => {
  for (const name of ["a", "b"]) {
    await assertFuses(squeezed({}, [2, 3, 4], { [name]: null }), { Reshape: 1, Squeeze: 1, Transpose: 1 });
  }
});

/** x expanded to sizes that a Where chooses among those of z and constants. */
function chosen(isConstant: boolean[], order: "constants" | "sizes", joined = ["z0", "z1"]): TestModel {
  const choice = order === "constants" ? ["ones", "sizes"] : ["sizes", "ones"];
  return {
    inputs: { x: [1, 1], z: ["n", "m"] },
    outputs: { y: null },
    types: {},
    initializers: {
      ...{ first: ints(0), second: ints(1), third: ints(2), ones: ints(1, 1) },
      which: { dims: [2], values: isConstant.map((value) => Number(value === (order === "constants"))), type: 9 },
    },
    nodes: [
      { op: "Shape", inputs: ["z"], outputs: ["s"] },
      { op: "Slice", inputs: ["s", "first", "second"], outputs: ["z0"] },
      { op: "Slice", inputs: ["s", "second", "third"], outputs: ["z1"] },
      { op: "Concat", inputs: joined, outputs: ["sizes"], attributes: { axis: 0 } },
      { op: "Where", inputs: ["which", ...choice], outputs: ["to"] },
      { op: "Expand", inputs: ["x", "to"], outputs: ["e"] },
      { op: "Relu", inputs: ["e"], outputs: ["y"] },
    ],
  };
}

for (const order of ["constants", "sizes"] as const) {
  Deno.test(`merge-movements: sizes that a Where chooses among ${order} first are put side by side as they are`, async () => {
    for (const isConstant of [[true, false], [false, true]]) {
      await assertFuses(chosen(isConstant, order), { Concat: 1, Expand: 1, Relu: 1, Shape: 1, Slice: 1 });
    }
  });
}

Deno.test("merge-movements keeps a Where of a Concat whose parts are no single entries", async () => {
  const none = { dims: [0], values: [], type: 7 }, model = chosen([true, false], "constants", ["s", "none"]);
  const left = { Concat: 1, Expand: 1, Relu: 1, Shape: 1, Where: 1 };
  await assertFuses({ ...model, initializers: { ...model.initializers, none } }, left);
});

Deno.test("merge-movements keeps a Where whose sizes something else takes", async () => {
  const model = chosen([true, false], "constants");
  const left = { Concat: 1, Expand: 1, Relu: 1, Shape: 1, Slice: 2, Where: 1 };
  await assertFuses({ ...model, outputs: { y: null, sizes: null }, types: { sizes: 7 } }, left);
});

const around = (
  shape: number[],
  perm: number[],
  back: number[],
  x: (number | string)[],
  more: TestNode[] = [],
): TestModel => ({
  inputs: { x },
  outputs: Object.fromEntries(["y", ...more.flatMap(({ outputs }) => outputs)].map((name) => [name, null])),
  initializers: { shape: ints(...shape), back: ints(...back) },
  nodes: [
    { op: "Reshape", inputs: ["x", "shape"], outputs: ["a"] },
    { op: "Transpose", inputs: ["a"], outputs: ["b"], attributes: { perm } },
    { op: "Reshape", inputs: ["b", "back"], outputs: ["y"] },
    ...more,
  ],
});

Deno.test("merge-movements: Reshape that takes a joined axis apart behind a Transpose turns the parts", async () => {
  // heads and batch as one axis, as PyTorch's attention has them
  await assertFuses(around([5, 6, 4], [1, 0, 2], [2, 3, 5, 4], [5, 2, 12]), { Reshape: 1, Transpose: 1 });
  await assertFuses(around([6, 5, 4], [0, 2, 1], [2, 3, 4, 5], [2, 3, 5, 4]), { Transpose: 1 });
  await assertFuses(around([6, 5, 4], [2, 0, 1], [4, 1, 2, 3, 5, 1], [2, 3, 5, 4]), { Reshape: 1, Transpose: 1 });
  await assertFuses(around([-1, 6, 4], [1, 0, 2], [2, 3, -1, 4], ["n", 2, 12]), { Reshape: 1, Transpose: 1 });
  await assertFuses(around([-1, 5, 4], [0, 2, 1], [-1, 3, 4, 5], ["n", 3, 5, 4]), { Transpose: 1 });
});

Deno.test("merge-movements keeps a Reshape behind a Transpose that cuts across its axes, or of which more is needed", async () => {
  await assertFuses(around([6, 5, 4], [0, 2, 1], [3, 8, 5], [2, 3, 5, 4]), { Reshape: 2, Transpose: 1 });
  await assertFuses(around([6, 5, 4], [2, 0, 1], [3, 8, 5], [2, 3, 5, 4]), { Reshape: 2, Transpose: 1 });
  await assertFuses(around([-1, 5, 4], [0, 2, 1], [-1, 2, 12, 5], ["n", 6, 5, 4]), { Reshape: 2, Transpose: 1 });
  const relu = { op: "Relu", inputs: ["b"], outputs: ["z"] };
  await assertFuses(around([5, 6, 4], [1, 0, 2], [2, 3, 5, 4], [5, 2, 12], [relu]), {
    Reshape: 2,
    Transpose: 1,
    Relu: 1,
  });
});
