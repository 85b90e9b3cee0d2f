import { assertEquals } from "@std/assert";
import { fuse } from "../../src/fusion/mod.ts";
import { assertFuses } from "../fusion_check.ts";
import { modelBytes, random, tensor, type TestModel, type TestNode } from "../onnx_model.ts";

const INT64 = 7;

interface Given {
  /** Lengths of the parts, or of each. */
  split?: number | number[];
  /** Which parts are taken. */
  taken: number[];
  keepdims?: number;
  more?: Partial<TestModel>;
  opset?: number | null;
}

/** Conv, its six channels taken apart, and a Mul behind each part that is taken. */
function apart({ split, taken, keepdims, more = {}, opset = 17 }: Given): TestModel {
  const lengths = split === undefined
    ? undefined
    : tensor(typeof split === "number" ? [] : [split.length], [split].flat(), INT64);
  const parts = taken.flatMap((_, at): TestNode[] => [
    { op: "SequenceAt", inputs: ["s", `i${at}`], outputs: [`p${at}`] },
    { op: "Mul", inputs: [`p${at}`, `k${at}`], outputs: [`y${at}`] },
  ]);
  return {
    opset,
    ...opset === null && { opsets: { other: 1 } },
    inputs: { x: [1, 3, 4, 4] },
    outputs: Object.fromEntries(taken.map((_, at) => [`y${at}`, null])),
    initializers: {
      w: random([6, 3, 1, 1], 1),
      ...lengths && { lengths },
      ...Object.fromEntries(taken.map((index, at) => [`i${at}`, tensor([], [index], INT64)])),
      ...Object.fromEntries(taken.map((_, at) => [`k${at}`, tensor([], [at + 2])])),
      ...more.initializers,
    },
    nodes: [
      { op: "Conv", inputs: ["x", "w"], outputs: ["a"] },
      {
        op: "SplitToSequence",
        inputs: lengths ? ["a", "lengths"] : ["a"],
        outputs: ["s"],
        attributes: { axis: 1, ...keepdims === undefined ? {} : { keepdims } },
      },
      ...parts,
      ...more.nodes ?? [],
    ],
  };
}

for (const opset of [11, 13, 18, null]) { // without a version the runtime takes its newest, where another domain has one
  Deno.test(`write-parts: a sequence of which all parts are taken is a Split, which maps get past (opset ${opset})`, async () => {
    await assertFuses(apart({ split: [1, 2, 3], taken: [2, 0, 1], opset }), { Conv: 1, Split: 1 });
    await assertFuses(apart({ split: 4, taken: [-1, 0], opset }), { Conv: 1, Split: 1 });
  });
}

Deno.test("write-parts: one part alone is a Slice", async () => {
  await assertFuses(apart({ split: [1, 2, 3], taken: [1] }), { Conv: 1, Slice: 1 });
  await assertFuses(apart({ split: 4, taken: [1] }), { Conv: 1, Slice: 1 });
});

Deno.test("write-parts: a part nobody takes is left unused", async () => {
  await assertFuses(apart({ split: 2, taken: [0, 2] }), { Conv: 1, Split: 1 });
});

/** What keeps a sequence, each by itself. */
const KEPT: Record<string, TestModel> = {
  "whose parts lose their axis": apart({ taken: [0, 1], keepdims: 0 }),
  "without lengths": apart({ taken: [0, 1] }),
  "of which a part is taken twice": apart({ split: 3, taken: [1, 1] }),
  "whose length is asked for": apart({
    split: 3,
    taken: [0, 1],
    more: { nodes: [{ op: "SequenceLength", inputs: ["s"], outputs: ["n"] }] },
  }),
  "whose parts are chosen by an input": apart({
    split: 3,
    taken: [0],
    more: { nodes: [{ op: "SequenceAt", inputs: ["s", "at"], outputs: ["chosen"] }] },
  }),
  "with lengths that are computed": apart({ split: 3, taken: [0, 1] }),
};
KEPT["whose length is asked for"].outputs.n = [];
KEPT["whose length is asked for"].types = { n: INT64 };
KEPT["whose parts are chosen by an input"].inputs!.at = [];
KEPT["whose parts are chosen by an input"].types = { at: INT64 };
KEPT["whose parts are chosen by an input"].outputs.chosen = null;
delete KEPT["with lengths that are computed"].initializers!.lengths;
KEPT["with lengths that are computed"].inputs!.lengths = [];
KEPT["with lengths that are computed"].types = { lengths: INT64 };

for (const [what, model] of Object.entries(KEPT)) {
  Deno.test(`write-parts keeps a sequence ${what}`, async () => {
    const { report } = await fuse(modelBytes(model));
    assertEquals(report.after.ops.SplitToSequence, 1);
    assertEquals(report.applied.filter(({ rule }) => rule === "write-parts"), []);
  });
}

Deno.test("write-parts keeps a sequence of a tensor whose length along the axis is not known, unless all lengths are said", async () => {
  const unknown = (split: number | number[]) => {
    const model = apart({ split, taken: [0, 1] });
    return {
      ...model,
      inputs: { x: [1, 6, "h", "h"] },
      nodes: model.nodes.slice(1).map((node) => ({
        ...node,
        inputs: node.inputs.map((name) => name === "a" ? "x" : name),
        attributes: node.op === "SplitToSequence" ? { axis: 2 } : node.attributes,
      })),
    };
  };
  assertEquals((await fuse(modelBytes(unknown(1)))).report.after.ops.SplitToSequence, 1);
  assertEquals((await fuse(modelBytes(unknown([1, 1])))).report.after.ops, { Split: 1, Mul: 2 });
});

/** Tensors that are put into a sequence, of x and its negative. */
const put = (nodes: TestModel["nodes"], more: Partial<TestModel> = {}): TestModel => ({
  opset: 17,
  inputs: { x: ["n", 3, 4] },
  outputs: { y: null },
  nodes: [{ op: "Neg", inputs: ["x"], outputs: ["z"] }, ...nodes],
  ...more,
});
const last: TestModel["nodes"][number] = {
  op: "ConcatFromSequence",
  inputs: ["s"],
  outputs: ["y"],
  attributes: { axis: 1 },
};
const construct: TestModel["nodes"][number] = { op: "SequenceConstruct", inputs: ["x", "z", "x"], outputs: ["s"] };

Deno.test("write-parts makes of a sequence that is put together what its tensors make", async () => {
  await assertFuses(put([construct, last]), { Neg: 1, Concat: 1 });
  const constants = { at: { dims: [], values: [-2], type: INT64 } };
  const taken = { op: "SequenceAt", inputs: ["s", "at"], outputs: ["y"] };
  await assertFuses(put([construct, taken], { initializers: constants }), { Neg: 1 });
  const inserted = [
    { op: "SequenceEmpty", inputs: [], outputs: ["s0"] },
    { op: "SequenceInsert", inputs: ["s0", "x"], outputs: ["s1"] },
    { op: "SequenceInsert", inputs: ["s1", "z", "at"], outputs: ["s"] },
  ];
  const first = { initializers: { at: { dims: [], values: [0], type: INT64 } } };
  await assertFuses(put([...inserted, last], first), { Neg: 1, Concat: 1 });
});

Deno.test("write-parts keeps a sequence to which a tensor comes at a computed place, and one whose tensors get an axis of their own", async () => {
  const stacked = { ...last, attributes: { axis: -1, new_axis: 1 } };
  assertEquals((await fuse(modelBytes(put([construct, stacked])))).report.after.ops.ConcatFromSequence, 1);
  const nodes = [
    { op: "SequenceConstruct", inputs: ["x"], outputs: ["s0"] },
    { op: "SequenceInsert", inputs: ["s0", "z", "at"], outputs: ["s"] },
    last,
  ];
  const open = put(nodes, { inputs: { x: ["n", 3, 4], at: [] }, types: { at: INT64 } });
  const { report } = await fuse(modelBytes(open));
  assertEquals(report.after.ops.ConcatFromSequence, 1);
});
