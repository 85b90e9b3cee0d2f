import { assert, assertEquals } from "@std/assert";
import { fuse } from "../../src/fusion/mod.ts";
import { assertFuses } from "../fusion_check.ts";
import { modelBytes, random, type TestModel, type TestNode, type TestTensor } from "../onnx_model.ts";

const ints = (...values: number[]): TestTensor => ({ dims: [values.length], values, type: 7 });
const END = 2 ** 31 - 1;

/** Slices of x at steps of 2 from each of these offsets, put side by side. */
function focus(
  offsets: number[][],
  ends: number[] = [END, END],
): { nodes: TestNode[]; constants: Record<string, TestTensor> } {
  const constants: Record<string, TestTensor> = { axes: ints(2, 3), ends: ints(...ends), steps: ints(2, 2) };
  const nodes = offsets.map((offset, at): TestNode => {
    constants[`starts${at}`] = ints(...offset);
    return { op: "Slice", inputs: ["x", `starts${at}`, "ends", "axes", "steps"], outputs: [`s${at}`] };
  });
  const inputs = offsets.map((_, at) => `s${at}`);
  return { constants, nodes: [...nodes, { op: "Concat", inputs, outputs: ["p"], attributes: { axis: 1 } }] };
}

const FOCUS = [[0, 0], [1, 0], [0, 1], [1, 1]];

function model(
  { nodes, constants = {} }: { nodes: TestNode[]; constants?: Record<string, TestTensor> },
  { x = ["n", 3, 8, 12], w = [5, 12, 3, 3], attributes = { pads: [1, 1, 1, 1] } as TestNode["attributes"] } = {},
): TestModel {
  return {
    inputs: { x },
    outputs: { y: null },
    initializers: { ...constants, w: random(w, 1), b: random([w[0]], 2) },
    nodes: [...nodes, { op: "Conv", inputs: ["p", "w", "b"], outputs: ["y"], name: "conv", attributes }],
  };
}

Deno.test("Focus is one convolution at stride 2, at its borders too, whatever the order of its parts and of any size", async () => {
  await assertFuses(model(focus(FOCUS)), { Conv: 1 });
  await assertFuses(
    model(focus([[1, 1], [0, 1], [1, 0], [0, 0]]), { attributes: { pads: [2, 1, 0, 1], strides: [2, 1] } }),
    { Conv: 1 },
  );
  await assertFuses(model(focus(FOCUS), { x: ["n", 3, "h", "w"] }), { Conv: 1 });
  await assertFuses(model(focus([[0, 1], [1, 0]]), { w: [5, 6, 3, 3] }), { Slice: 2, Concat: 1, Conv: 1 }); // more weights
});

Deno.test("Slices of one axis after the other are parts of Focus too, some of them shared", async () => {
  const slice = (from: string, to: string, axis: string, start: string): TestNode => ({
    op: "Slice",
    inputs: [from, start, "end", axis, "step"],
    outputs: [to],
  });
  const nodes = [
    slice("x", "r0", "rows", "zero"),
    slice("x", "r1", "rows", "one"),
    ...["r0", "r1"].flatMap((
      row,
    ) => [slice(row, `${row}0`, "columns", "zero"), slice(row, `${row}1`, "columns", "one")]),
    { op: "Concat", inputs: ["r00", "r10", "r01", "r11"], outputs: ["p"], attributes: { axis: 1 } },
  ];
  const constants = { rows: ints(2), columns: ints(3), zero: ints(0), one: ints(1), end: ints(END), step: ints(2) };
  await assertFuses(model({ nodes, constants }), { Conv: 1 });
});

Deno.test("SpaceToDepth and pixel-unshuffle are part of the convolution behind them", async () => {
  const attributes = { blocksize: 2 };
  await assertFuses(model({ nodes: [{ op: "SpaceToDepth", inputs: ["x"], outputs: ["p"], attributes }] }), { Conv: 1 });
  for (const perm of [[0, 1, 3, 5, 2, 4], [0, 3, 5, 1, 2, 4]]) {
    const nodes: TestNode[] = [
      { op: "Reshape", inputs: ["x", "apart"], outputs: ["r"] },
      { op: "Transpose", inputs: ["r"], outputs: ["t"], attributes: { perm } },
      { op: "Reshape", inputs: ["t", "joined"], outputs: ["p"] },
    ];
    const constants = { apart: ints(2, 3, 4, 2, 6, 2), joined: ints(2, 12, 4, 6) };
    await assertFuses(model({ nodes, constants }, { x: [2, 3, 8, 12] }), { Conv: 1 });
  }
});

Deno.test("a BatchNormalization and an activation behind Focus end as behind any convolution", async () => {
  const made = model(focus(FOCUS));
  await assertFuses({
    ...made,
    initializers: { ...made.initializers, k: random([5, 1, 1], 4) },
    nodes: [
      ...made.nodes.slice(0, -1),
      { ...made.nodes.at(-1)!, outputs: ["c"] },
      { op: "Mul", inputs: ["c", "k"], outputs: ["m"] },
      { op: "Relu", inputs: ["m"], outputs: ["y"] },
    ],
  }, { Conv: 1, Relu: 1 });
});

/** What is not Focus. */
const KEPT: Record<string, TestModel> = {
  "before a dilated convolution": model(focus(FOCUS), { attributes: { dilations: [2, 2] } }),
  "whose parts may leave out a last row": model(focus([[0, 0], [0, 1], [0, 0], [0, 1]]), { x: ["n", 3, 9, 12] }),
  "that does not go to the end": model(focus(FOCUS, [6, END])),
  "along channels": (() => {
    const { nodes, constants } = focus(FOCUS);
    return model({ nodes, constants: { ...constants, axes: ints(1, 3) } }, { x: ["n", 6, 8, 12] });
  })(),
  "of two values": (() => {
    const made = model(focus(FOCUS)), [first, ...rest] = made.nodes;
    return {
      ...made,
      inputs: { x: ["n", 3, 8, 12], z: ["n", 3, 8, 12] },
      nodes: [{ ...first, inputs: ["z", ...first.inputs.slice(1)] }, ...rest],
    };
  })(),
  "before a grouped convolution": model(focus(FOCUS), {
    w: [6, 2, 3, 3],
    attributes: { group: 6, pads: [1, 1, 1, 1] },
  }),
};

for (const [what, kept] of Object.entries(KEPT)) {
  Deno.test(`parts of x ${what} stay`, async () => {
    const { report } = await fuse(modelBytes(kept));
    assertEquals(report.after.ops.Slice, 4);
  });
}

Deno.test("a part that something else takes stays, and the report says so", async () => {
  const made = model(focus(FOCUS)), { report } = await fuse(modelBytes({ ...made, outputs: { y: null, s0: null } }));
  assertEquals(report.after.ops.Slice, 4);
  assert(
    report.skipped.some(({ reason }) => /'s0', which would disappear, is a graph output/.test(reason)),
    JSON.stringify(report.skipped),
  );
});

Deno.test("Slices whose axes a caller may give are left alone", async () => {
  const open = model(focus(FOCUS)), given = { ...open, inputs: { ...open.inputs, axes: [2] }, types: { axes: 7 } };
  const { report } = await fuse(modelBytes(given));
  assertEquals(report.after.ops, { Slice: 4, Concat: 1, Conv: 1 });
});
