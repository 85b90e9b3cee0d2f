import { assertEquals } from "@std/assert";
import { assertFuses, assertKeeps, TOLERANCE } from "../fusion_check.ts";
import { random, randomIn, tensor, type TestModel, type TestNode, type TestTensor } from "../onnx_model.ts";

type Inits = Record<string, TestTensor>;

/** A Conv from x to `name` with a random weight, which is added to `inits`. */
function conv(
  inits: Inits,
  name: string,
  dims: number[],
  attributes: TestNode["attributes"] = {},
  input = "x",
): TestNode {
  inits[`${name}.w`] = random(dims, 1 + Object.keys(inits).length);
  return { op: "Conv", inputs: [input, `${name}.w`], outputs: [name], attributes };
}

/** A BatchNormalization of `input` with random parameters. */
function bn(inits: Inits, name: string, input: string, channels: number): TestNode {
  const seed = Object.keys(inits).length;
  inits[`${name}.g`] = randomIn(0.5, 1.5, [channels], seed + 1);
  inits[`${name}.b`] = random([channels], seed + 2);
  inits[`${name}.m`] = random([channels], seed + 3);
  inits[`${name}.v`] = randomIn(0.2, 2, [channels], seed + 4);
  return {
    op: "BatchNormalization",
    inputs: [input, `${name}.g`, `${name}.b`, `${name}.m`, `${name}.v`],
    outputs: [name],
  };
}

/** A model of nodes over one image input, whose last node's output is y. */
function model(nodes: TestNode[], initializers: Inits, x: (number | string)[] = ["n", 4, 8, 8]): TestModel {
  const rank = x.length;
  return { nodes, initializers, inputs: { x }, outputs: { y: Array(rank).fill(null) } };
}

const SAME = { pads: [1, 1, 1, 1] };

Deno.test("fuse() merges a RepVGG block: 3×3, 1×1 and identity branches, each with its BatchNormalization", async () => {
  const w: Inits = {};
  const nodes = [
    conv(w, "a", [4, 4, 3, 3], SAME),
    bn(w, "an", "a", 4),
    conv(w, "b", [4, 4, 1, 1]),
    bn(w, "bn", "b", 4),
    { op: "Add", inputs: ["an", "bn"], outputs: ["ab"] },
    bn(w, "xn", "x", 4),
    { op: "Add", inputs: ["ab", "xn"], outputs: ["y"] },
  ];
  const report = await assertFuses(model(nodes, w), { Conv: 1 });
  const merged = report.applied.find(({ rule }) => rule === "merge-parallel-layers")!;
  assertEquals(merged.before!.macs, 8 * 8 * 4 * 4 * 10);
  assertEquals(merged.after!.macs, 8 * 8 * 4 * 4 * 9);
  assertEquals(merged.after!.bytes, 4 * (2 * 8 * 8 * 4 + 4 * 4 * 9 + 4));
});

Deno.test("fuse() merges a strided RepVGG block of an even input, although the windows end at different cells", async () => {
  const w: Inits = {}, strides = [2, 2];
  const nodes = [
    conv(w, "a", [6, 4, 3, 3], { ...SAME, strides }),
    conv(w, "b", [6, 4, 1, 1], { strides }),
    { op: "Add", inputs: ["a", "b"], outputs: ["y"] },
  ];
  await assertFuses(model(nodes, w), { Conv: 1 });
  await assertFuses(model(nodes, w, ["n", 4, 7, 7]), { Conv: 1 });
});

Deno.test("fuse() merges a grouped RepVGG block, its identity one channel of each group", async () => {
  const w: Inits = {};
  const nodes = [
    conv(w, "a", [4, 2, 3, 3], { ...SAME, group: 2 }),
    conv(w, "b", [4, 2, 1, 1], { group: 2 }),
    { op: "Add", inputs: ["a", "b"], outputs: ["ab"] },
    { op: "Add", inputs: ["x", "ab"], outputs: ["y"] },
  ];
  await assertFuses(model(nodes, w), { Conv: 1 });
});

Deno.test("fuse() merges MobileOne's depthwise branches that are joined by one Sum", async () => {
  const w: Inits = {};
  const names = ["a", "b", "c", "d"];
  const nodes = [
    ...names.map((name) => conv(w, name, [4, 1, 3, 3], { ...SAME, group: 4 })),
    conv(w, "e", [4, 1, 1, 1], { group: 4 }),
    bn(w, "xn", "x", 4),
    { op: "Sum", inputs: [...names, "e", "xn"], outputs: ["y"] },
  ];
  await assertFuses(model(nodes, w), { Conv: 1 });
});

Deno.test("fuse() merges an ACNet block: 1×3 and 3×1 fit into the 3×3, whatever the order of the sum", async () => {
  for (const order of [["a", "b", "c"], ["c", "b", "a"], ["b", "c", "a"]]) {
    const w: Inits = {};
    const nodes = [
      conv(w, "a", [4, 4, 3, 3], SAME),
      conv(w, "b", [4, 4, 1, 3], { pads: [0, 1, 0, 1] }),
      conv(w, "c", [4, 4, 3, 1], { pads: [1, 0, 1, 0] }),
      { op: "Add", inputs: order.slice(0, 2), outputs: ["s"] },
      { op: "Add", inputs: ["s", order[2]], outputs: ["y"] },
    ];
    await assertFuses(model(nodes, w), { Conv: 1 });
  }
});

Deno.test("fuse() keeps 1×3 and 3×1 branches that no larger one takes up", async () => {
  const w: Inits = {};
  const nodes = [
    conv(w, "b", [4, 4, 1, 3], { pads: [0, 1, 0, 1] }),
    conv(w, "c", [4, 4, 3, 1], { pads: [1, 0, 1, 0] }),
    { op: "Add", inputs: ["b", "c"], outputs: ["y"] },
  ];
  await assertKeeps(model(nodes, w), /would take 144 multiply-accumulates for each position .* apart they take 96/);
});

Deno.test("fuse() merges the branches of a Diverse Branch Block that keep the border: 1×1→k×k and an average pool", async () => {
  const w: Inits = {};
  const nodes = [
    conv(w, "a", [4, 4, 3, 3], SAME),
    conv(w, "b", [4, 4, 1, 1]),
    conv(w, "c", [4, 4, 3, 3], SAME, "b"),
    {
      op: "AveragePool",
      inputs: ["x"],
      outputs: ["p"],
      attributes: { ...SAME, kernel_shape: [3, 3], count_include_pad: 1 },
    },
    { op: "Sum", inputs: ["a", "c", "p"], outputs: ["y"] },
  ];
  await assertFuses(model(nodes, w), { Conv: 1 });
});

Deno.test("fuse() merges dilated and shifted kernels at their common step", async () => {
  const w: Inits = {};
  const nodes = [
    conv(w, "a", [4, 4, 3, 3], { pads: [2, 2, 2, 2], dilations: [2, 2] }),
    conv(w, "b", [4, 4, 1, 1]),
    { op: "Add", inputs: ["a", "b"], outputs: ["y"] },
  ];
  await assertFuses(model(nodes, w), { Conv: 1 });
  const v: Inits = {};
  const shifted = [
    conv(v, "a", [4, 4, 3], { pads: [2, 0] }),
    conv(v, "b", [4, 4, 2], { pads: [0, 1] }),
    { op: "Add", inputs: ["a", "b"], outputs: ["y"] },
  ];
  await assertFuses(model(shifted, v, ["n", 4, 9]), { Conv: 1 });
});

Deno.test("fuse() merges 3-D convolutions and auto_pad with explicit pads", async () => {
  const w: Inits = {};
  const nodes = [
    conv(w, "a", [2, 2, 3, 3, 3], { auto_pad: "SAME_UPPER" }),
    conv(w, "b", [2, 2, 1, 3, 1], { pads: [0, 1, 0, 0, 1, 0] }),
    { op: "Add", inputs: ["a", "b"], outputs: ["y"] },
  ];
  await assertFuses(model(nodes, w, [1, 2, 5, 5, 5]), { Conv: 1 });
  await assertFuses(model(nodes, w, ["n", 2, "d", "h", "w"]), { Conv: 1 });
});

Deno.test("fuse() merges what it can of a sum and adds the rest", async () => {
  const w: Inits = {};
  const nodes = [
    conv(w, "a", [4, 4, 3, 3], SAME),
    { op: "Relu", inputs: ["x"], outputs: ["r"] },
    { op: "Add", inputs: ["a", "r"], outputs: ["ar"] },
    conv(w, "b", [4, 4, 1, 1]),
    { op: "Add", inputs: ["ar", "b"], outputs: ["y"] },
  ];
  await assertFuses(model(nodes, w), { Conv: 1, Relu: 1, Add: 1 });
});

Deno.test("fuse() merges the branches of several inputs in one sum", async () => {
  const w: Inits = {};
  const nodes = [
    { op: "Relu", inputs: ["x"], outputs: ["r"] },
    conv(w, "a", [4, 4, 3, 3], SAME),
    conv(w, "b", [4, 4, 3, 3], SAME, "r"),
    conv(w, "c", [4, 4, 1, 1]),
    conv(w, "d", [4, 4, 1, 1], {}, "r"),
    { op: "Sum", inputs: ["a", "b", "c", "d"], outputs: ["y"] },
  ];
  await assertFuses(model(nodes, w), { Relu: 1, Conv: 2, Sum: 1 });
});

Deno.test("fuse() merges a LoRA adapter into its matrix: x·W + (x·A)·B·s", async () => {
  const nodes: TestNode[] = [
    { op: "MatMul", inputs: ["x", "W"], outputs: ["base"] },
    { op: "Add", inputs: ["base", "bias"], outputs: ["biased"] },
    { op: "MatMul", inputs: ["x", "A"], outputs: ["down"] },
    { op: "MatMul", inputs: ["down", "B"], outputs: ["up"] },
    { op: "Mul", inputs: ["up", "s"], outputs: ["scaled"] },
    { op: "Add", inputs: ["biased", "scaled"], outputs: ["y"] },
  ];
  const weights = {
    W: random([8, 6], 1),
    A: random([8, 2], 2),
    B: random([2, 6], 3),
    bias: random([6], 4),
    s: tensor([], [0.5]),
  };
  await assertFuses(model(nodes, weights, ["n", 5, 8]), { MatMul: 1, Add: 1 });
});

Deno.test("fuse() merges parallel Gemm nodes, with alpha, beta and transB, and the value itself", async () => {
  const nodes: TestNode[] = [
    {
      op: "Gemm",
      inputs: ["x", "W", "c"],
      outputs: ["a"],
      attributes: { transB: 1, alpha: { float: 0.5 }, beta: { float: 2 } },
    },
    { op: "Gemm", inputs: ["x", "V", "d"], outputs: ["b"] },
    { op: "Add", inputs: ["a", "b"], outputs: ["ab"] },
    { op: "Add", inputs: ["ab", "x"], outputs: ["y"] },
  ];
  const weights = { W: random([5, 5], 1), V: random([5, 5], 2), c: random([1, 5], 3), d: random([1], 4) };
  await assertFuses(model(nodes, weights, ["n", 5]), { Gemm: 1 });
});

Deno.test("fuse() merges float16 branches in float64, rounded once", async () => {
  const w: Inits = {
    "a.w": random([4, 4, 3, 3], 1, 10),
    "b.w": random([4, 4, 1, 1], 2, 10),
  };
  const nodes: TestNode[] = [
    { op: "Cast", inputs: ["x"], outputs: ["h"], attributes: { to: 10 } },
    { op: "Conv", inputs: ["h", "a.w"], outputs: ["a"], attributes: SAME },
    { op: "Conv", inputs: ["h", "b.w"], outputs: ["b"] },
    { op: "Add", inputs: ["a", "b"], outputs: ["s"] },
    { op: "Cast", inputs: ["s"], outputs: ["y"], attributes: { to: 1 } },
  ];
  await assertFuses(model(nodes, w), { Cast: 2, Conv: 1 }, { tolerance: TOLERANCE.float16 });
});

Deno.test("fuse() does not merge branches whose result is used elsewhere", async () => {
  const w: Inits = {};
  const nodes = [
    conv(w, "a", [4, 4, 3, 3], SAME),
    conv(w, "b", [4, 4, 3, 3], SAME),
    { op: "Add", inputs: ["a", "b"], outputs: ["y"] },
    { op: "Relu", inputs: ["b"], outputs: ["z"] },
  ];
  const used: TestModel = { ...model(nodes, w), outputs: { y: [null, null, null, null], z: [null, null, null, null] } };
  await assertKeeps(used, /'b', which would disappear, is used more than once/);
  used.nodes.pop();
  used.outputs = { y: [null, null, null, null], b: [null, null, null, null] };
  await assertKeeps(used, /'b', which would disappear, is a graph output/);
});

Deno.test("fuse() does not merge convolutions of different strides", async () => {
  const w: Inits = {};
  const nodes = [
    conv(w, "a", [4, 4, 3, 3], { ...SAME, strides: [2, 2] }),
    conv(w, "b", [4, 4, 4, 4], { strides: [1, 1], pads: [0, 0, 0, 0] }),
    { op: "Add", inputs: ["a", "b"], outputs: ["y"] },
  ];
  await assertKeeps(model(nodes, w, ["n", 4, 6, 6]), /one steps by 1, the other by 2/);
});

Deno.test("fuse() does not merge convolutions whose results broadcast, or may", async () => {
  const w: Inits = {};
  const nodes = [
    conv(w, "a", [4, 4, 3, 3]),
    conv(w, "b", [4, 4, 1, 1]),
    { op: "Add", inputs: ["a", "b"], outputs: ["y"] },
  ];
  await assertKeeps(model(nodes, w, ["n", 4, 3, 3]), /different sizes \(1 and 3\)/);
  await assertKeeps(model(nodes, w, ["n", 4, "h", "w"]), /may have different sizes/);
  const v: Inits = {};
  const channels = [
    conv(v, "a", [4, 4, 1, 1]),
    conv(v, "b", [1, 4, 1, 1]),
    { op: "Add", inputs: ["a", "b"], outputs: ["y"] },
  ];
  await assertKeeps(model(channels, v), /a has 4 output channels, b has 1/);
});

Deno.test("fuse() does not merge the identity where the number of channels changes", async () => {
  const w: Inits = {};
  const nodes = [conv(w, "a", [1, 4, 1, 1]), { op: "Add", inputs: ["a", "x"], outputs: ["y"] }];
  await assertKeeps(model(nodes, w), /a makes 1 channels of 4/);
});

Deno.test("fuse() does not merge an average pool that does not count padding, or has partial windows", async () => {
  const w: Inits = {};
  const pool = (attributes: TestNode["attributes"]) => [
    conv(w, "a", [4, 4, 3, 3], { ...SAME, strides: [2, 2] }),
    {
      op: "AveragePool",
      inputs: ["x"],
      outputs: ["p"],
      attributes: { kernel_shape: [3, 3], strides: [2, 2], ...attributes },
    },
    { op: "Add", inputs: ["a", "p"], outputs: ["y"] },
  ];
  await assertKeeps(model(pool({ pads: [1, 1, 1, 1] }), w), /p does not count padded cells/);
  await assertKeeps(
    model(pool({ ceil_mode: 1, pads: [0, 0, 0, 0] }), w),
    /p may have partial windows at the end \(ceil_mode\)/,
  );
});

Deno.test("fuse() does not merge a 1×1→3×3 branch whose first bias would end at the border", async () => {
  const w: Inits = { c1: random([4], 9) };
  const nodes = [
    conv(w, "a", [4, 4, 3, 3], SAME),
    conv(w, "b", [4, 4, 1, 1]),
    conv(w, "c", [4, 4, 3, 3], SAME, "b"),
    { op: "Add", inputs: ["a", "c"], outputs: ["y"] },
  ];
  nodes[1].inputs.push("c1");
  await assertKeeps(
    model(nodes, w),
    /c pads the result of b with zeros, and its bias would have to end at that border/,
  );
});

Deno.test("fuse() does not merge a Gemm whose C varies along the rows, or which transposes its input", async () => {
  const weights = { W: random([5, 5], 1), V: random([5, 5], 2), c: random([5, 5], 3) };
  const nodes: TestNode[] = [
    { op: "Gemm", inputs: ["x", "W", "c"], outputs: ["a"] },
    { op: "Gemm", inputs: ["x", "V"], outputs: ["b"] },
    { op: "Add", inputs: ["a", "b"], outputs: ["y"] },
  ];
  await assertKeeps(model(nodes, weights, [5, 5]), /C of a has the shape \[5,5\]: it varies along the rows/);
  const [a, b, sum] = nodes;
  await assertKeeps(
    model([{ ...a, inputs: ["x", "W"], attributes: { transA: 1 } }, b, sum], weights, [5, 5]),
    /a transposes its input/,
  );
});

Deno.test("fuse() does not merge a branch whose weight a caller may override", async () => {
  const w: Inits = {};
  const nodes = [
    conv(w, "a", [4, 4, 3, 3], SAME),
    conv(w, "b", [4, 4, 1, 1]),
    { op: "Add", inputs: ["a", "b"], outputs: ["y"] },
  ];
  const overridable = model(nodes, w);
  overridable.inputs!["b.w"] = [4, 4, 1, 1];
  await assertKeeps(overridable, /the weight of b is not constant: 'b.w' is an initializer that is also a graph input/);
});

Deno.test("fuse() does not pull branches of an outer graph into a subgraph", async () => {
  const w: Inits = {};
  const nodes = [conv(w, "a", [4, 4, 3, 3], SAME), conv(w, "b", [4, 4, 1, 1])];
  const branch = (op: string) => ({
    graph: { nodes: [{ op, inputs: ["a", "b"], outputs: [`${op}_y`] }], outputs: { [`${op}_y`]: null } },
  });
  const outer = model([
    ...nodes,
    {
      op: "If",
      inputs: ["condition"],
      outputs: ["y"],
      attributes: { then_branch: branch("Add"), else_branch: branch("Mul") },
    },
  ], w);
  outer.inputs!.condition = [];
  outer.types = { condition: 9 };
  await assertFuses(outer, { Conv: 2, If: 1, Add: 1, Mul: 1 });
});

Deno.test("fuse() merges a LoRA adapter of a Conv: a narrow k×k and a 1×1 beside it", async () => {
  const w: Inits = {};
  const nodes = [
    conv(w, "a", [8, 8, 3, 3], SAME),
    conv(w, "down", [2, 8, 3, 3], SAME),
    conv(w, "up", [8, 2, 1, 1], {}, "down"),
    { op: "Add", inputs: ["a", "up"], outputs: ["y"] },
  ];
  await assertFuses(model(nodes, w, ["n", 8, 6, 6]), { Conv: 1 });
});

Deno.test("fuse() does not merge branches whose sum their type cannot hold", async () => {
  const w: Inits = {
    "a.w": tensor([4, 4, 1, 1], Array(16).fill(40_000), 10),
    "b.w": tensor([4, 4, 1, 1], Array(16).fill(30_000), 10),
  };
  const nodes: TestNode[] = [
    { op: "Cast", inputs: ["x"], outputs: ["h"], attributes: { to: 10 } },
    { op: "Conv", inputs: ["h", "a.w"], outputs: ["a"] },
    { op: "Conv", inputs: ["h", "b.w"], outputs: ["b"] },
    { op: "Add", inputs: ["a", "b"], outputs: ["s"] },
    { op: "Cast", inputs: ["s"], outputs: ["y"], attributes: { to: 1 } },
  ];
  await assertKeeps(model(nodes, w), /a new weight for 'a.w' would be 7.000e\+4, which float16 cannot hold/);
});

Deno.test("fuse() merges branches that are subtracted, and subtracts the rest", async () => {
  const w: Inits = {};
  const nodes = [
    conv(w, "a", [4, 4, 1, 1]),
    conv(w, "b", [4, 4, 3, 3], SAME),
    bn(w, "xn", "x", 4),
    { op: "Relu", inputs: ["x"], outputs: ["r"] },
    { op: "Sub", inputs: ["b", "r"], outputs: ["br"] },
    { op: "Sub", inputs: ["xn", "br"], outputs: ["xbr"] },
    { op: "Sub", inputs: ["xbr", "a"], outputs: ["y"] },
  ];
  await assertFuses(model(nodes, w), { Conv: 1, Relu: 1, Add: 1 });
  const v: Inits = {};
  const difference = [
    conv(v, "a", [4, 4, 3, 3], SAME),
    conv(v, "b", [4, 4, 1, 1]),
    { op: "Sigmoid", inputs: ["x"], outputs: ["g"] },
    { op: "Add", inputs: ["b", "g"], outputs: ["bg"] },
    { op: "Sub", inputs: ["a", "bg"], outputs: ["y"] },
  ];
  await assertFuses(model(difference, v), { Conv: 1, Sigmoid: 1, Sub: 1 });
});

Deno.test("merge-parallel-layers keeps a pool of as many channels as only a false shape says", async () => {
  const attributes = { kernel_shape: [3, 3], ...SAME, count_include_pad: 1 };
  const pool = { op: "AveragePool", inputs: ["x"], outputs: ["p"], attributes };
  const sum = { op: "Sub", inputs: ["p", "x"], outputs: ["y"] };
  const claim = model([pool, sum], {}, ["n", 2 ** 31, 8, 8]);
  await assertKeeps(claim, /a weight of 2147483648 channels would have to be written out/);
});
