import { assertEquals } from "@std/assert";
import { fuse } from "../../src/fusion/mod.ts";
import { assertFuses } from "../fusion_check.ts";
import { modelBytes, random, tensor, type TestModel, type TestNode } from "../onnx_model.ts";
import { constantValues } from "../../src/ops/constant.ts";

const ints = (...values: number[]) => tensor([values.length], values, 7);

/** Reshape of x to sizes of which `from` says where each comes from: a number, or the axis of x as `x0`, of z as `z0`. */
function view(
  from: (number | string)[],
  x: (number | string | null)[] = ["n", "m", 8],
  after: TestNode[] = [],
): TestModel {
  const initializers: TestModel["initializers"] = { zero: ints(0) }, nodes: TestNode[] = [];
  const parts = from.map((size, at) => {
    if (typeof size === "number") {
      initializers[`c${at}`] = ints(size);
      return `c${at}`;
    }
    initializers[`a${at}`] = tensor([], [Number(size.slice(1))], 7);
    nodes.push(
      { op: "Shape", inputs: [size[0]], outputs: [`s${at}`] },
      { op: "Gather", inputs: [`s${at}`, `a${at}`], outputs: [`g${at}`] },
      { op: "Unsqueeze", inputs: [`g${at}`, "zero"], outputs: [`u${at}`] },
    );
    return `u${at}`;
  });
  nodes.push(
    { op: "Concat", inputs: parts, outputs: ["target"], attributes: { axis: 0 } },
    { op: "Reshape", inputs: ["x", "target"], outputs: ["r"] },
    ...after,
    { op: "Relu", inputs: ["r"], outputs: ["y"] },
  );
  return { inputs: { x, z: ["k", 2] }, outputs: { y: null }, initializers, nodes, opsets: { "": 17 } };
}

const KEPT = { Concat: 1, Gather: 1, Relu: 1, Reshape: 1, Shape: 1, Unsqueeze: 1 };

/** What Reshape is told after fusion; undefined where that is still computed. */
async function targetOf(model: TestModel): Promise<number[] | undefined> {
  const { graph } = (await fuse(modelBytes(model))).model.graphs();
  return constantValues(graph.nodes.find((node) => !node.isRemoved && node.is("Reshape"))!.inputs[1]);
}

Deno.test("write-target: a size that is the input's at the same axis is 0, another one that is open is −1", async () => {
  for (
    const [model, target] of [
      [view(["x0", "x1", 2, 4]), [0, 0, 2, 4]],
      [view(["x0", 2, 4], ["n", 8]), [0, 2, 4]],
      [view([2, "x0", 4], ["n", 8]), [2, -1, 4]],
      [view(["x0", -1], ["n", 4, 2]), [0, 8]],
      [view(["x0", -1, 1], ["n", "m", 2]), [0, -1, 1]],
      [view(["z0", 8], [4, 4]), [-1, 8]],
    ] as const
  ) {
    await assertFuses(model, { Relu: 1, Reshape: 1 });
    assertEquals(await targetOf(model), [...target]);
  }
});

Deno.test("write-target: sizes of windows beside the batch are the input's own", async () => {
  const model = view(["w0", "w1", 2, 4], ["n", 6, 8]);
  const windows: TestNode[] = [
    { op: "Reshape", inputs: ["x", "parts"], outputs: ["w"] },
    { op: "Sigmoid", inputs: ["w"], outputs: ["q"] },
  ];
  model.nodes.find(({ op }, at) => op === "Reshape" && at > 0)!.inputs[0] = "q";
  const { Relu, Reshape } = KEPT;
  await assertFuses({
    ...model,
    nodes: [...windows, ...model.nodes],
    initializers: { ...model.initializers, parts: ints(-1, 3, 8) },
  }, { Relu, Reshape: 2 * Reshape, Sigmoid: 1 });
});

Deno.test("write-target: every Reshape that takes the same sizes gets its own", async () => {
  const both = view(["x0", 2, 4], ["n", 8], [{ op: "Reshape", inputs: ["z", "target"], outputs: ["q"] }]);
  await assertFuses(
    { ...both, inputs: { x: ["n", 8], z: ["n", 2, 4, 1] }, outputs: { y: null, q: null } },
    { Relu: 1, Reshape: 2 },
  );
});

Deno.test("write-target lets the token that models expand to their batch be known", async () => {
  const token = tensor([1, 1, 8], [1, 2, 3, 4, 5, 6, 7, 8]);
  const made = view(["x0", -1, -1]);
  const model = {
    ...made,
    initializers: { ...made.initializers, token, ones: ints(1, 1, 1), below: ints(-1, -1, -1), flat: ints(0, 2, 4) },
    nodes: [
      ...made.nodes.filter(({ op }) => op !== "Reshape" && op !== "Relu"),
      { op: "Equal", inputs: ["target", "below"], outputs: ["isBelow"] },
      { op: "Where", inputs: ["isBelow", "ones", "target"], outputs: ["to"] },
      { op: "Expand", inputs: ["token", "to"], outputs: ["tokens"] },
      { op: "Concat", inputs: ["tokens", "x"], outputs: ["all"], attributes: { axis: 1 } },
      { op: "Shape", inputs: ["all"], outputs: ["sizes"] },
      { op: "Slice", inputs: ["sizes", "first", "last"], outputs: ["lead"] },
      { op: "Concat", inputs: ["lead", "four"], outputs: ["split"], attributes: { axis: 0 } },
      { op: "Reshape", inputs: ["all", "split"], outputs: ["y"] },
    ],
  };
  Object.assign(model.initializers, { first: ints(0), last: ints(2), four: ints(2, 4) });
  const left = { Concat: 2, Expand: 1, Gather: 1, Reshape: 1, Shape: 1, Unsqueeze: 1 };
  await assertFuses({ ...model, inputs: { x: ["n", 5, 8] } }, left);
});

Deno.test("write-target keeps two sizes that are open", async () => {
  await assertFuses(view(["z0", -1], ["n", "m"]), KEPT);
});

Deno.test("write-target keeps an open size beside one of the input's: of an empty input −1 says nothing", async () => {
  const { Concat, Relu, Reshape } = KEPT;
  await assertFuses(view(["x0", "z0", 8]), { Concat, Relu, Reshape, Gather: 2, Shape: 2, Unsqueeze: 2 });
});

Deno.test("write-target keeps a size that is zero", async () => {
  await assertFuses(view(["x0", 0, 4], ["n", 0, 2]), KEPT);
});

Deno.test("write-target says sizes once for all where 0 means an empty axis, and keeps those with a 0", async () => {
  for (
    const [model, left] of [
      [view(["x0", 2, 4], ["n", 8]), { Relu: 1, Reshape: 1 }],
      [view(["x0", -1, 2, 4]), { Relu: 1, Reshape: 1 }], // as PyTorch's newer exporter writes views
      [view(["x0", "x1", 8]), { Relu: 1 }],
      [view(["x0", 0, 4], ["n", 0, 2]), KEPT],
      [view(["x0", "x1", 0], ["n", "m", 0]), { Relu: 1 }],
    ] as const
  ) {
    model.nodes.find(({ op }) => op === "Reshape")!.attributes = { allowzero: 1 };
    await assertFuses(model, left);
  }
});

Deno.test("write-target keeps sizes that something else takes", async () => {
  const model = view(["x0", 2, 4], ["n", 8]);
  await assertFuses({ ...model, outputs: { y: null, target: null }, types: { target: 7 } }, KEPT);
});

Deno.test("write-target keeps sizes in a model older than initializers that are no inputs", async () => {
  await assertFuses({ ...view(["x0", 2, 4], ["n", 8]), ir: 3 }, KEPT);
});

/** Resize of x to its own batch and channels, as exporters compute them, and this height and width. */
function resize(
  sizes: number[],
  x: (number | string)[] = ["n", 3, 4, 6],
  { opset = 17, attributes = {} }: { opset?: number; attributes?: TestNode["attributes"] } = {},
): TestModel {
  return {
    inputs: { x },
    outputs: { y: null },
    initializers: { first: ints(0), last: ints(2), image: ints(...sizes), none: tensor([0], []) },
    nodes: [
      { op: "Shape", inputs: ["x"], outputs: ["s"] },
      { op: "Slice", inputs: ["s", "first", "last", "first"], outputs: ["lead"] },
      { op: "Concat", inputs: ["lead", "image"], outputs: ["sizes"], attributes: { axis: 0 } },
      { op: "Resize", inputs: ["x", "none", "none", "sizes"], outputs: ["r"], attributes },
      { op: "Relu", inputs: ["r"], outputs: ["y"] },
    ],
    opsets: { "": opset },
  };
}

for (const opset of [11, 13, 18]) {
  for (const mode of ["nearest", "linear", "cubic"]) {
    Deno.test(`write-target: ${mode} Resize to sizes of a batch that is open is one by scales (opset ${opset})`, async () => {
      for (const coordinates of ["half_pixel", "align_corners", "asymmetric", "pytorch_half_pixel"]) {
        const attributes = { mode, coordinate_transformation_mode: coordinates };
        const model = resize([8, 9], undefined, { opset, attributes }),
          { graph } = (await fuse(modelBytes(model))).model.graphs();
        await assertFuses(model, { Relu: 1, Resize: 1 });
        const { inputs } = graph.nodes.find((node) => !node.isRemoved && node.is("Resize"))!;
        assertEquals([constantValues(inputs[2]), inputs.length], [[1, 1, 2, 1.5], 3]);
      }
    });
  }
}

const SIZES_KEPT = { Concat: 1, Relu: 1, Resize: 1, Shape: 1, Slice: 1 };

Deno.test("write-target keeps sizes that no scale gives to the last bit", async () => {
  await assertFuses(resize([8, 7]), SIZES_KEPT);
});

Deno.test("write-target keeps sizes of an image whose own are not known", async () => {
  await assertFuses(resize([8, 8], ["n", 3, "h", 4]), SIZES_KEPT);
});

Deno.test("write-target keeps sizes that a region or an aspect ratio has a say in", async () => {
  const policy = { mode: "linear", keep_aspect_ratio_policy: "not_larger" };
  await assertFuses(resize([8, 12], undefined, { opset: 18, attributes: policy }), SIZES_KEPT);
  const model = resize([8, 12], undefined, {
    attributes: { mode: "linear", coordinate_transformation_mode: "tf_crop_and_resize" },
  });
  model.initializers!.roi = tensor([8], [0, 0, 0.1, 0.1, 1, 1, 0.9, 0.9]);
  model.nodes[3].inputs[1] = "roi";
  await assertFuses(model, SIZES_KEPT);
});

/** x [5, n, 6] → a recurrent layer that begins with `states`, made of a ConstantOfShape of x's batch. */
function recurrent(op: "LSTM" | "GRU" | "RNN", states: string[], fill?: TestNode["attributes"]): TestModel {
  const rows = { LSTM: 12, GRU: 9, RNN: 3 }[op];
  return {
    inputs: { x: [5, "n", 6] },
    outputs: { y: null, h: null },
    initializers: {
      ...{ one: ints(1), two: ints(2), three: ints(3), zero: ints(0) },
      w: random([1, rows, 6], 1),
      r: random([1, rows, 3], 2),
    },
    nodes: [
      { op: "Shape", inputs: ["x"], outputs: ["s"] },
      { op: "Slice", inputs: ["s", "one", "two"], outputs: ["n"] },
      { op: "Concat", inputs: ["two", "n", "three"], outputs: ["size"], attributes: { axis: 0 } },
      { op: "ConstantOfShape", inputs: ["size"], outputs: ["all"], attributes: fill },
      { op: "Slice", inputs: ["all", "one", "two", "zero"], outputs: ["second"] },
      { op, inputs: ["x", "w", "r", "", "", ...states], outputs: ["y", "h"], attributes: { hidden_size: 3 } },
    ],
  };
}

for (const [op, states] of [["LSTM", ["second", "second"]], ["GRU", ["second"]], ["RNN", ["second"]]] as const) {
  Deno.test(`write-target: ${op} begins with zeros anyway`, async () => {
    await assertFuses(recurrent(op, [...states]), { [op]: 1 });
  });
}

/** x [5, n, 6] → an LSTM that begins with one number, widened to two states of x's batch as PyTorch's newer exporter does. */
function widened(number: number): TestModel {
  const model = recurrent("LSTM", ["all", "other"]);
  Object.assign(model.initializers!, { number: tensor([], [number]), whole: ints(1) });
  model.nodes.splice(
    3,
    2,
    ...["all", "other"].map((state) => (
      { op: "Expand", inputs: ["number", "size"], outputs: [state] }
    )),
  );
  model.nodes[2].inputs[0] = "whole";
  return model;
}

Deno.test("write-target: LSTM begins with zeros that are one number widened, and with no other number", async () => {
  await assertFuses(widened(0), { LSTM: 1 });
  await assertFuses(widened(0.5), { Concat: 1, Expand: 2, LSTM: 1, Shape: 1, Slice: 1 });
});

Deno.test("write-target: sizes multiplied together, one of which is open, are known", async () => {
  const model = view(["x0", 4], ["n", 2, 4]);
  model.initializers!.pair = ints(0, 1);
  model.nodes.splice(1, 2, { op: "Gather", inputs: ["s0", "pair"], outputs: ["g0"] }, {
    op: "ReduceProd",
    inputs: ["g0"],
    outputs: ["u0"],
    attributes: { axes: [0], keepdims: 1 },
  });
  await assertFuses(model, { Relu: 1, Reshape: 1 });
  assertEquals(await targetOf(model), [-1, 4]);
});

const STATES_KEPT = { Concat: 1, ConstantOfShape: 1, LSTM: 1, Shape: 1, Slice: 2 };

Deno.test("write-target keeps states that are not zero, or that something else takes", async () => {
  const ones = { value: { tensor: tensor([1], [1]) } };
  await assertFuses(recurrent("LSTM", ["second", "second"], ones), STATES_KEPT);
  const shared = recurrent("LSTM", ["second", "second"]);
  await assertFuses({ ...shared, outputs: { ...shared.outputs, second: null } }, STATES_KEPT);
});
