/** reorder-layer-and-pool and reorder-resize-and-layer: what gives a layer fewer positions goes before it. */
import { assertEquals } from "@std/assert";
import { fuse, type FuseOptions, open } from "../../src/fusion/mod.ts";
import { assertFuses, assertKeeps } from "../fusion_check.ts";
import { modelBytes, random, tensor, type TestModel, type TestNode, type TestTensor } from "../onnx_model.ts";

/** Nodes over one input x, whose last node makes y, with a 1×1 kernel w [2, 8], a bias b [2] and a matrix m [8, 2]. */
function model(x: (number | string | null)[], nodes: TestNode[], more: Record<string, TestTensor> = {}): TestModel {
  const rank = x.length;
  return {
    nodes,
    inputs: { x },
    outputs: { y: Array(nodes.at(-1)!.attributes?.keepdims === 0 ? rank - 1 : rank).fill(null) },
    initializers: {
      w: random([2, 8, ...x.slice(2).map(() => 1)], 1),
      b: random([2], 2),
      m: random([8, 2], 3),
      ...more,
    },
  };
}

/** Asserts that the operators come in this order, with the same result. */
async function assertOrder(model: TestModel, ops: string[], options: FuseOptions = {}): Promise<void> {
  const left: Record<string, number> = {};
  for (const op of ops) left[op] = (left[op] ?? 0) + 1;
  await assertFuses(model, left, { options });
  const { model: fused } = await fuse(modelBytes(model), options);
  assertEquals((await open(await fused.bytes())).nodes.map(({ opType }) => opType), ops);
}

const IMAGE = ["n", 8, 12, 12];
const conv = (inputs = ["x", "w"]): TestNode => ({ op: "Conv", inputs, outputs: ["c"] });
const pool = (attributes: TestNode["attributes"] = {}): TestNode => ({
  op: "AveragePool",
  inputs: ["c"],
  outputs: ["y"],
  attributes: { kernel_shape: [2, 2], strides: [2, 2], ...attributes },
});

Deno.test("fuse() moves the average pool of a DenseNet transition before its 1×1 Conv, through a Pad by nothing", async () => {
  const nodes: TestNode[] = [
    conv(),
    { op: "Pad", inputs: ["c", "none"], outputs: ["p"] },
    { ...pool(), inputs: ["p"] },
  ];
  const none = tensor([8], Array(8).fill(0), 7);
  await assertOrder(model(IMAGE, nodes, { none }), ["AveragePool", "Conv"]);
  const { report } = await fuse(modelBytes(model(IMAGE, nodes, { none })));
  const { before, after } = report.applied.find(({ rule }) => rule === "reorder-layer-and-pool")!;
  assertEquals(before!.macs! - after!.macs!, (144 - 36) * 16 - 36 * (8 - 2) * 4);
});

Deno.test("fuse() moves a pool of unknown size whose strides say that it is less work", async () => {
  await assertOrder(model(["n", 8, "h", "w"], [conv(), pool()]), ["AveragePool", "Conv"]);
});

Deno.test("fuse() moves a pool before a biased Conv where no window counts padding, and before an unbiased one always", async () => {
  const biased = conv(["x", "w", "b"]), padded = { pads: [1, 1, 1, 1] };
  await assertOrder(model(IMAGE, [biased, pool()]), ["AveragePool", "Conv"]);
  await assertOrder(model(IMAGE, [biased, pool(padded)]), ["AveragePool", "Conv"]);
  await assertOrder(model(IMAGE, [conv(), pool({ ...padded, count_include_pad: 1 })]), ["AveragePool", "Conv"]);
  await assertOrder(model(["n", 8, 13, 13], [biased, pool({ ceil_mode: 1 })]), ["AveragePool", "Conv"]);
  await assertKeeps(
    model(IMAGE, [biased, pool({ ...padded, count_include_pad: 1 })]),
    /it counts padded cells \(count_include_pad\), to which c would add its bias/,
  );
});

Deno.test("fuse() moves an average over the whole image before a 1×1 Conv", async () => {
  const biased = conv(["x", "w", "b"]);
  await assertOrder(model(IMAGE, [biased, { op: "GlobalAveragePool", inputs: ["c"], outputs: ["y"] }]), [
    "GlobalAveragePool",
    "Conv",
  ]);
  const mean: TestNode = { op: "ReduceMean", inputs: ["c"], outputs: ["y"], attributes: { axes: [2, -1] } };
  await assertOrder(model(IMAGE, [biased, mean]), ["ReduceMean", "Conv"]);
  for (const keepdims of [0, 2]) { // the runtime keeps the axes for 1 alone
    await assertKeeps(
      { ...model(IMAGE, [biased, { ...mean, attributes: { axes: [2, 3], keepdims } }]), outputs: { y: ["n", null] } },
      /it drops the axes it averages over \(keepdims = 0\), which c needs/,
    );
  }
  await assertKeeps(
    model(IMAGE, [biased, { ...mean, attributes: { axes: [1, 2] } }]),
    /it averages over the channels of c/,
  );
});

Deno.test("fuse() moves a ReduceMean before the matrix product whose rows it averages", async () => {
  const product: TestNode[] = [
    { op: "MatMul", inputs: ["x", "m"], outputs: ["p"] },
    { op: "Add", inputs: ["p", "b"], outputs: ["c"] },
  ];
  const mean = (attributes: TestNode["attributes"]): TestNode => ({
    op: "ReduceMean",
    inputs: ["c"],
    outputs: ["y"],
    attributes,
  });
  await assertOrder(model(["n", 6, 8], [...product, mean({ axes: [1] })]), ["ReduceMean", "MatMul", "Add"]);
  await assertOrder(model(["n", 6, 8], [...product, mean({ axes: [1], keepdims: 0 })]), ["ReduceMean", "Gemm"]);
  const gemm: TestNode = { op: "Gemm", inputs: ["x", "m", "b"], outputs: ["c"] };
  await assertOrder(model([6, 8], [gemm, mean({ axes: [0] })]), ["ReduceMean", "Gemm"]);
  await assertKeeps(
    model(["n", 6, 8], [...product, mean({ axes: [2] })]),
    /it averages over the channels of c/,
  );
  await assertKeeps(
    model([6, 8], [gemm, mean({ axes: [0], keepdims: 0 })]),
    /it drops the axes it averages over \(keepdims = 0\), which c needs/,
  );
});

Deno.test("fuse() leaves a pool after a Conv that is more than 1×1, or strided, or followed by an activation", async () => {
  const wide = { w: random([2, 8, 3, 3], 1) };
  const skip = ["take-average-first"];
  await assertFuses(model(IMAGE, [conv(), pool()], wide), { Conv: 1, AveragePool: 1 }, { options: { skip } });
  const strided = { ...conv(), attributes: { strides: [2, 2] } };
  const kept = model(IMAGE, [strided, pool()]);
  assertEquals((await fuse(modelBytes(kept))).report.applied, []);
  const relu = model(IMAGE, [conv(), { op: "Relu", inputs: ["c"], outputs: ["r"] }, { ...pool(), inputs: ["r"] }]);
  assertEquals((await fuse(modelBytes(relu))).report.applied, []);
});

Deno.test("fuse() leaves a pool that would have more channels to average and saves nothing", async () => {
  const same = pool({ kernel_shape: [3, 3], strides: [1, 1], pads: [1, 1, 1, 1] });
  assertEquals((await fuse(modelBytes(model(IMAGE, [conv(), same])))).report.applied, []);
});

Deno.test("fuse() leaves a pool after a Conv whose result is used elsewhere", async () => {
  const used = model(IMAGE, [conv(), pool()]);
  used.outputs.c = [null, null, null, null];
  await assertKeeps(used, /'c', which would disappear, is a graph output/);
});

const resize = (scales: string, attributes: TestNode["attributes"] = {}, sizes?: string): TestNode => ({
  op: "Resize",
  inputs: ["x", "", scales, ...sizes ? [sizes] : []],
  outputs: ["r"],
  attributes,
});
const after: TestNode = { op: "Conv", inputs: ["r", "k", "kb"], outputs: ["y"] };
const SIZES: Record<string, TestTensor> = {
  k: random([4, 32, 1, 1], 5),
  kb: random([4], 6),
  twice: tensor([4], [1, 1, 2, 2]),
};

function enlarged(node: TestNode, x: (number | string | null)[] = ["n", 32, 5, 5], more = {}): TestModel {
  return {
    nodes: [node, after],
    inputs: { x },
    outputs: { y: Array(4).fill(null) },
    initializers: { ...SIZES, ...more },
  };
}

Deno.test("fuse() moves a 1×1 Conv before the Resize that enlarges its input, in every mode", async () => {
  for (const mode of ["nearest", "linear", "cubic"]) {
    await assertOrder(enlarged(resize("twice", { mode })), ["Conv", "Resize"]);
  }
  await assertOrder(
    enlarged(resize("twice", { mode: "linear", coordinate_transformation_mode: "align_corners" }), ["n", 32, "h", "w"]),
    ["Conv", "Resize"],
  );
  const sizes = tensor([4], [2, 32, 10, 10], 7);
  await assertOrder(enlarged(resize("", {}, "sizes"), [2, 32, 5, 5], { sizes }), ["Conv", "Resize"]);
});

Deno.test("fuse() moves a 1×1 Conv before a Resize although its activation is an operator of its own then", async () => {
  const activated = (x: (number | string | null)[], more = {}) => {
    const one = enlarged(resize("twice", { mode: "linear" }), x, more),
      relu = { op: "Relu", inputs: ["c"], outputs: ["y"] };
    return { ...one, nodes: [one.nodes[0], { ...after, outputs: ["c"] }, relu] };
  };
  await assertOrder(activated(["n", 32, 5, 5]), ["Conv", "Resize", "Relu"]);
  const small = { k: random([4, 2, 1, 1], 5) };
  assertEquals((await fuse(modelBytes(activated(["n", 2, 5, 5], small)))).report.applied, []);
});

Deno.test("fuse() moves a 1×1 Conv before an Upsample", async () => {
  const upsample: TestNode = { op: "Upsample", inputs: ["x", "twice"], outputs: ["r"] };
  await assertOrder({ ...enlarged(upsample), opset: 9 }, ["Conv", "Upsample"]);
});

Deno.test("fuse() leaves a Resize that makes smaller, that resizes channels, or that crops", async () => {
  const half = tensor([4], [1, 1, 0.5, 0.5]);
  assertEquals((await fuse(modelBytes(enlarged(resize("half"), undefined, { half })))).report.applied, []);
  const channels = { half: tensor([4], [1, 2, 2, 2]) };
  await assertKeeps(enlarged(resize("half"), ["n", 16, 5, 5], channels), /r resizes the batch or the channels/);
  const sizes = tensor([4], [2, 32, 10, 10], 7);
  await assertKeeps(enlarged(resize("", {}, "sizes"), ["n", 32, 5, 5], { sizes }), /or may do so/);
  const roi = tensor([8], [0, 0, 0, 0, 1, 1, 1, 1]);
  const crop = resize("twice", { coordinate_transformation_mode: "tf_crop_and_resize" });
  crop.inputs[1] = "roi";
  await assertKeeps(enlarged(crop, undefined, { roi }), /crops and extrapolates/);
});

Deno.test("fuse() leaves a Resize whose scales are an input, and a Conv that is more than 1×1", async () => {
  const open = enlarged(resize("s"));
  open.inputs!.s = [4];
  await assertKeeps(open, /the scales of r are not constant/);
  assertEquals(
    (await fuse(modelBytes(enlarged(resize("twice"), undefined, { k: random([4, 32, 2, 2], 5) })))).report.applied,
    [],
  );
});

Deno.test("fuse() leaves a Resize where the Conv is so small that its activation is better off beside it", async () => {
  const small = { k: random([4, 2, 1, 1], 5) };
  assertEquals((await fuse(modelBytes(enlarged(resize("twice"), ["n", 2, 5, 5], small)))).report.applied, []);
});

const INDICES: Record<string, TestTensor> = {
  zero: tensor([1], [0], 7),
  two: tensor([1], [2], 7),
  four: tensor([1], [4], 7),
  hw: tensor([2], [10, 11], 7), // no scale that a float32 holds
};

/** Nodes that make sizes of the batch and channels of a value, and of `hw`. */
const sizesOf = (of: string, hw = "hw"): TestNode[] => [
  { op: "Shape", inputs: [of], outputs: ["sh"] },
  { op: "Slice", inputs: ["sh", "zero", "two"], outputs: ["nc"] },
  { op: "Concat", inputs: ["nc", hw], outputs: ["sizes"], attributes: { axis: 0 } },
];
const SHAPE_OF_OTHER: TestNode[] = [
  { op: "Shape", inputs: ["z"], outputs: ["shz"] },
  { op: "Slice", inputs: ["shz", "two", "four"], outputs: ["hwz"] },
];

Deno.test("a Resize to sizes that are computed of its input's shape comes behind the Conv, with sizes of the Conv's shape", async () => {
  const constant = enlarged(resize("", { mode: "linear" }, "sizes"), ["n", 32, 5, 5], INDICES);
  constant.nodes.unshift(...sizesOf("x"));
  await assertOrder(constant, ["Conv", "Shape", "Slice", "Concat", "Resize"]);
  const other = enlarged(resize("", {}, "sizes"), ["n", 32, "h", "w"], INDICES);
  other.inputs!.z = ["n", 3, "h2", "w2"];
  other.nodes.unshift(...SHAPE_OF_OTHER, ...sizesOf("x", "hwz"));
  await assertOrder(other, ["Shape", "Slice", "Conv", "Shape", "Slice", "Concat", "Resize"]);
});

Deno.test("fuse() leaves a Resize to computed sizes that may be other channels, or that something else makes", async () => {
  const open = enlarged(resize("", {}, "s"), ["n", 32, 5, 5]);
  open.inputs!.s = [4];
  open.types = { s: 7 };
  await assertKeeps(open, /the sizes of r are not constant: it may resize the channels/);
  const others = enlarged(resize("", {}, "sizes"), ["n", 32, 5, 5], INDICES);
  others.nodes.unshift(...sizesOf("z"));
  others.inputs!.z = ["n", 32, 7, 7];
  await assertKeeps(others, /'sizes' is computed otherwise than from the shape of 'x'/);
  const used = enlarged(resize("", {}, "sizes"), ["n", 32, 5, 5], INDICES);
  used.nodes.unshift(...sizesOf("x"));
  used.outputs.nc = null;
  used.types = { nc: 7 };
  await assertKeeps(used, /it would take \d+ (nodes|operators) instead of \d+/);
});

Deno.test("a map gets past a Resize of which only the sizes along height and width are open", async () => {
  const normed = enlarged(resize("", {}, "sizes"), ["n", 32, 5, 5], INDICES);
  normed.nodes.unshift(...sizesOf("x"));
  normed.nodes.splice(3, 0, { op: "Mul", inputs: ["x", "s"], outputs: ["m"] });
  normed.nodes.find(({ op }) => op === "Resize")!.inputs[0] = "m";
  normed.initializers!.s = random([32, 1, 1], 8);
  await assertOrder(normed, ["Conv", "Shape", "Slice", "Concat", "Resize"]);
});
