/** Affine maps past sums of several, smallest and total values, padding, repetition, heads and written-out shuffles. */
import { assertFuses, assertKeeps } from "../fusion_check.ts";
import { random, randomIn, type TestModel, type TestNode, type TestTensor } from "../onnx_model.ts";

const ints = (...values: number[]): TestTensor => ({ dims: [values.length], values, type: 7 });

const CONSTANTS: Record<string, TestTensor> = {
  u: random([4, 4, 1, 1], 1),
  v: random([4, 4, 1, 1], 2),
  w: random([4, 4, 1, 1], 3),
  k3: random([5, 4, 3, 3], 4),
  q3: random([12, 4, 1, 1], 5),
  up: random([16, 4, 1, 1], 6),
  g: randomIn(0.5, 2, [4], 7),
  b: random([4], 8),
  m: random([4], 9),
  e: randomIn(0.5, 2, [4], 10),
  s: randomIn(0.5, 2, [4, 1, 1], 11),
  minus: randomIn(-2, -0.5, [4, 1, 1], 11),
  t: random([4, 1, 1], 12),
  half: { dims: [], values: [0.5] },
  low: { dims: [], values: [-Infinity] },
  around: ints(0, 0, 1, 1, 0, 0, 1, 1),
  channels: ints(0, 1, 0, 0, 0, 0, 0, 0),
  spatial: ints(2, 3),
  one: ints(1),
  wide: ints(1, 1, 2, 3),
  twice: ints(1, 2, 1, 1),
  larger: ints(1, 1, 6, 6),
};

/** A model of lines `y = Op(a, b)` over x and z of shape [n, 4, 6, 6] and small of shape [n, 4, 1, 1]. */
function model(
  lines: string[],
  { attributes = {}, outputs = ["y"], more = {}, opset = 18 }: {
    attributes?: Record<string, TestNode["attributes"]>;
    outputs?: string[];
    more?: Record<string, TestTensor>;
    opset?: number;
  } = {},
): TestModel {
  const nodes = lines.map((line): TestNode => {
    const [, names, op, inputs] = line.match(/^(.*) = (\w+)\((.*)\)$/)!;
    const list = inputs.split(", ").map((name) => name === "-" ? "" : name);
    return { op, inputs: list, outputs: names.split(", "), attributes: attributes[names] };
  });
  const made = new Set(nodes.flatMap(({ outputs }) => outputs)), all = { ...CONSTANTS, ...more };
  const used = new Set(nodes.flatMap(({ inputs }) => inputs).filter((name) => !made.has(name)));
  const shapes: Record<string, (number | string)[]> = { x: ["n", 4, 6, 6], z: ["n", 4, 6, 6], small: ["n", 4, 1, 1] };
  return {
    opset,
    nodes,
    inputs: Object.fromEntries(Object.entries(shapes).filter(([name]) => used.has(name))),
    outputs: Object.fromEntries(outputs.map((name) => [name, null])),
    initializers: Object.fromEntries(Object.entries(all).filter(([name]) => used.has(name))),
  };
}

const bn = (output: string, input: string) => `${output} = BatchNormalization(${input}, g, b, m, e)`;
const OPTIONS = {
  options: { skip: ["merge-parallel-layers", "compose-layers", "reorder-layer-and-pool", "fold-pad"] },
};

Deno.test("a BatchNormalization behind a Sum of several layers goes into all of them, its shift into one", async () => {
  const lines = ["p = Conv(x, u)", "q = Conv(z, v)", "r = Conv(x, w)", "a = Sum(p, q, r)", bn("c", "a"), "y = Relu(c)"];
  await assertFuses(model(lines), { Conv: 3, Sum: 1, Relu: 1 }, OPTIONS);
});

Deno.test("fuse() keeps a BatchNormalization behind a Sum of which one part is no layer's", async () => {
  await assertKeeps(model(["p = Conv(x, u)", "q = Relu(z)", "a = Sum(p, q, x)", bn("y", "a")]), /'x'|Relu|shift/);
});

Deno.test("a map gets past the smallest value, and past a total, whose shift is that of each entry as often as there are", async () => {
  const axes = "spatial", least = ["p = Conv(x, u)", `r = ReduceMin(p, ${axes})`, bn("c", "r"), "y = Relu(c)"];
  await assertFuses(model(least), { Conv: 1, ReduceMin: 1, Relu: 1 }, OPTIONS);
  const total = ["p = Conv(x, u)", `r = ReduceSum(p, ${axes})`, bn("c", "r"), "y = Relu(c)"];
  await assertFuses(model(total), { Conv: 1, ReduceSum: 1, Relu: 1 }, OPTIONS);
  const down = ["r = Relu(x)", bn("n", "r"), `p = ReduceSum(n, ${axes})`, "y = Conv(p, u)"];
  await assertFuses(model(down), { Relu: 1, ReduceSum: 1, Conv: 1 }, OPTIONS);
});

Deno.test("fuse() keeps a negative scale behind the smallest value, and a shift behind a total of open size", async () => {
  await assertKeeps(
    model(["p = Conv(x, u)", "r = ReduceMin(p, spatial)", "c = Mul(r, minus)", "y = Relu(c)"]),
    /turns the minimum of .* into a maximum/,
  );
  const open = model(["p = Conv(x, u)", "r = ReduceSum(p, spatial)", "c = Add(r, t)", "y = Relu(c)"]);
  open.inputs!.x = ["n", 4, "h", 6];
  await assertKeeps(open, /adds up as often as it has entries: it is open how often/);
});

for (const mode of ["reflect", "edge", "wrap"]) {
  Deno.test(`a BatchNormalization gets past a Pad that repeats cells (${mode}), both ways`, async () => {
    const attributes = { p: { mode } }, opset = 19;
    const down = ["r = Relu(x)", bn("n", "r"), "p = Pad(n, around)", "y = Conv(p, k3)"];
    await assertFuses(model(down, { attributes, opset }), { Relu: 1, Pad: 1, Conv: 1 }, OPTIONS);
    const up = ["c = Conv(x, u)", "p = Pad(c, around)", bn("n", "p"), "y = Relu(n)"];
    await assertFuses(model(up, { attributes, opset }), { Relu: 1, Pad: 1, Conv: 1 }, OPTIONS);
  });
}

Deno.test("a scale gets past zeros around an image, any map with a positive scale past −∞", async () => {
  const down = ["r = Relu(x)", "n = Mul(r, s)", "p = Pad(n, around)", "y = Conv(p, k3)"];
  await assertFuses(model(down), { Relu: 1, Pad: 1, Conv: 1 }, OPTIONS);
  const low = ["c = Conv(x, u)", "p = Pad(c, around, low)", "q = MaxPool(p)", bn("n", "q"), "y = Relu(n)"];
  await assertFuses(model(low, { attributes: { q: { kernel_shape: [2, 2], strides: [2, 2] } } }), {
    Conv: 1,
    Pad: 1,
    MaxPool: 1,
    Relu: 1,
  }, OPTIONS);
  const shifted = ["r = Sigmoid(x)", bn("n", "r"), "p = Pad(n, around)", "y = Conv(p, k3)"];
  await assertKeeps(model(shifted), /puts a constant around/, OPTIONS);
});

Deno.test("fuse() keeps a map along an axis that is padded, and one before a Pad of unknown size", async () => {
  const along = ["r = Conv(x, u)", "p = Pad(r, channels)", "n = Mul(p, s5)", "y = Relu(n)"];
  const more = { s5: randomIn(0.5, 2, [5, 1, 1], 13) };
  await assertKeeps(
    model(along, { attributes: { p: { mode: "edge" } }, more }),
    /goes along axis 1, which .* pads, or may pad/,
  );
  const open = model(["c = Conv(x, u)", "p = Pad(c, how)", bn("n", "p"), "y = Relu(n)"], {
    attributes: { p: { mode: "edge" } },
  });
  open.inputs!.how = [8];
  open.types = { how: 7 };
  await assertKeeps(open, /goes along axis 1, which .* pads, or may pad/);
});

Deno.test("a map gets past Expand and Tile along an axis that they do not repeat", async () => {
  const expand = ["c = Conv(small, u)", "p = Expand(c, larger)", bn("n", "p"), "y = Relu(n)"];
  await assertFuses(model(expand), { Conv: 1, Expand: 1, Relu: 1 }, OPTIONS);
  const tile = ["c = Conv(x, u)", "p = Tile(c, wide)", bn("n", "p"), "y = Relu(n)"];
  await assertFuses(model(tile), { Conv: 1, Tile: 1, Relu: 1 }, OPTIONS);
});

Deno.test("fuse() keeps a map along an axis that a Tile repeats", async () => {
  const more = { s8: randomIn(0.5, 2, [8, 1, 1], 13) };
  const lines = ["c = Conv(x, u)", "p = Tile(c, twice)", "n = Mul(p, s8)", "y = Relu(n)"];
  await assertKeeps(model(lines, { more }), /goes along an axis that .* repeats, or may repeat/);
});

/** Query, key and value of one convolution, two heads of two channels each, as BoTNet has them. */
const HEADS = [
  "qkv = Conv(x, q3)",
  "q, k, v = Split(qkv, thirds)",
  "qh = Reshape(q, apart)",
  "kh = Reshape(k, apart)",
  "vh = Reshape(v, apart)",
  "qt = Transpose(qh)",
  "vt = Transpose(vh)",
  "scores = MatMul(qt, kh)",
];
const together = ["a = MatMul(weights, vt)", "at = Transpose(a)", "h = Reshape(at, whole)"];
const SIZES = { thirds: ints(4, 4, 4), apart: ints(-1, 2, 36), whole: ints(-1, 4, 6, 6) };
const TURNED = { qt: { perm: [0, 2, 1] }, vt: { perm: [0, 2, 1] }, at: { perm: [0, 2, 1] }, "q, k, v": { axis: 1 } };
const LEFT = { Conv: 1, Split: 1, Reshape: 4, Transpose: 3, MatMul: 2, Relu: 1 };

Deno.test("a BatchNormalization behind the heads of an attention goes into the values' layer", async () => {
  const lines = [...HEADS, "weights = Softmax(scores)", ...together, bn("n", "h"), "y = Relu(n)"];
  await assertFuses(model(lines, { attributes: TURNED, more: SIZES }), { ...LEFT, Softmax: 1 }, OPTIONS);
});

Deno.test("a scale behind heads gets past any product with the values, a shift only past means", async () => {
  const lines = [...HEADS, "weights = Sigmoid(scores)", ...together];
  const scaled = model([...lines, "n = Mul(h, s)", "y = Relu(n)"], { attributes: TURNED, more: SIZES });
  await assertFuses(scaled, { ...LEFT, Sigmoid: 1 }, OPTIONS);
  const shifted = model([...lines, bn("n", "h"), "y = Relu(n)"], { attributes: TURNED, more: SIZES });
  await assertKeeps(shifted, /makes several axes of its channels|does not keep its channels apart/);
});

Deno.test("fuse() keeps a BatchNormalization behind heads that something else takes, too", async () => {
  const lines = [...HEADS, "weights = Softmax(scores)", ...together, bn("n", "h"), "y = Relu(n)", "o = Sigmoid(at)"];
  const shared = model(lines, { attributes: TURNED, more: SIZES, outputs: ["y", "o"] });
  await assertKeeps(shared, /makes several axes of its channels|does not keep its channels apart/);
});

Deno.test("a BatchNormalization behind heads that a Gather takes goes into the last third of their projection", async () => {
  const more = {
    wide: random([4, 12], 14),
    split: ints(0, 0, 3, 2, 2),
    back: ints(0, 0, 4),
    zero: { dims: [], values: [0], type: 7 },
    one: { dims: [], values: [1], type: 7 },
    two: { dims: [], values: [2], type: 7 },
    scale: randomIn(0.5, 2, [4], 15),
    shift: random([4], 16),
  };
  const lines = [
    "p = MatMul(f, wide)",
    "r = Reshape(p, split)",
    "tr = Transpose(r)",
    "q = Gather(tr, zero)",
    "k = Gather(tr, one)",
    "v = Gather(tr, two)",
    "kt = Transpose(k)",
    "scores = MatMul(q, kt)",
    "weights = Softmax(scores)",
    "a = MatMul(weights, v)",
    "at = Transpose(a)",
    "h = Reshape(at, back)",
    "m = Mul(h, scale)",
    "n = Add(m, shift)",
    "y = Relu(n)",
  ];
  const attributes = { tr: { perm: [2, 0, 3, 1, 4] }, kt: { perm: [0, 1, 3, 2] }, at: { perm: [0, 2, 1, 3] } };
  const whole = { ...model(lines, { attributes, more }), inputs: { f: ["n", 5, 4] } };
  await assertFuses(whole, { MatMul: 3, Add: 1, Reshape: 2, Transpose: 3, Gather: 3, Softmax: 1, Relu: 1 }, OPTIONS);
});

Deno.test("a BatchNormalization behind heads that Slices and Squeezes take, in sizes computed of a batch, goes there too", async () => {
  const more = {
    wide: random([4, 12], 14),
    first: ints(0),
    second: ints(1),
    third: ints(2),
    end: ints(3),
    split: ints(5, 3, 2, 2),
    back: ints(5, 4),
    scale: randomIn(0.5, 2, [4], 15),
    shift: random([4], 16),
  };
  const part = (name: string, from: string, to: string) => [
    `${name}1 = Slice(tr, ${from}, ${to}, first)`,
    `${name} = Squeeze(${name}1, first)`,
  ];
  const lines = [
    "p = MatMul(f, wide)",
    "sizes = Shape(f)",
    "n = Slice(sizes, first, second)",
    "to = Concat(n, split)",
    "r = Reshape(p, to)",
    "tr = Transpose(r)",
    ...part("q", "first", "second"),
    ...part("k", "second", "third"),
    ...part("v", "third", "end"),
    "kt = Transpose(k)",
    "scores = MatMul(q, kt)",
    "weights = Softmax(scores)",
    "a = MatMul(weights, v)",
    "at = Transpose(a)",
    "from = Concat(n, back)",
    "h = Reshape(at, from)",
    "m = Mul(h, scale)",
    "s = Add(m, shift)",
    "y = Relu(s)",
  ];
  const turns = { tr: { perm: [2, 0, 3, 1, 4] }, kt: { perm: [0, 1, 3, 2] }, at: { perm: [0, 2, 1, 3] } };
  const whole = { allowzero: 1 }, attributes = { ...turns, to: { axis: 0 }, from: { axis: 0 }, r: whole, h: whole };
  await assertFuses(
    { ...model(lines, { attributes, more }), inputs: { f: ["n", 5, 4] } },
    { MatMul: 3, Add: 1, Reshape: 2, Transpose: 3, Slice: 3, Squeeze: 3, Softmax: 1, Relu: 1 },
    OPTIONS,
  );
});

Deno.test("a BatchNormalization behind a written-out pixel shuffle goes into the layer before it", async () => {
  const more = { blocks: ints(-1, 4, 2, 2, 6, 6), back: ints(-1, 4, 12, 12) };
  const lines = ["c = Conv(x, up)", "r = Reshape(c, blocks)", "h = Transpose(r)", "p = Reshape(h, back)", bn("n", "p")];
  const attributes = { h: { perm: [0, 1, 4, 2, 5, 3] } };
  await assertFuses(
    model([...lines, "y = Relu(n)"], { attributes, more }),
    { Conv: 1, Reshape: 2, Transpose: 1, Relu: 1 },
    OPTIONS,
  );
});

Deno.test("a BatchNormalization gets past the larger of two layers' results, and past a constant bound", async () => {
  const maxout = ["p = Conv(x, u)", "q = Conv(z, v)", "a = Max(p, q)", bn("n", "a"), "y = Sigmoid(n)"];
  await assertFuses(model(maxout), { Conv: 2, Max: 1, Sigmoid: 1 }, OPTIONS);
  const bounded = ["c = Conv(x, u)", "a = Min(half, c)", bn("n", "a"), "y = Sigmoid(n)"];
  await assertFuses(model(bounded), { Conv: 1, Min: 1, Sigmoid: 1 }, OPTIONS);
  const down = ["r = Sigmoid(x)", bn("n", "r"), "a = Max(n, half)", "y = Conv(a, v)"];
  await assertFuses(model(down), { Sigmoid: 1, Max: 1, Conv: 1 }, OPTIONS);
});

Deno.test("fuse() keeps a negative scale near the larger of two values, and a map before it that one alone has", async () => {
  await assertKeeps(
    model(["c = Conv(x, u)", "a = Max(c, half)", "n = Mul(a, minus)", "y = Sigmoid(n)"]),
    /a scale that is not above 0, which does not come through Max/,
  );
  await assertKeeps(
    model(["r = Sigmoid(x)", bn("n", "r"), "a = Max(n, z)", "y = Conv(a, v)"]),
    /the other operand of .* would need the same map/,
  );
});

/** Query, key and value of x of shape [n, 5, 8] in an Attention of two heads. */
const attended = (lines: string[], more: Record<string, TestTensor> = {}): TestModel => ({
  ...model(["q = MatMul(f, wq)", "k = MatMul(f, wk)", "v = MatMul(f, wv)", ...lines], {
    opset: 23,
    attributes: { a: { q_num_heads: 2, kv_num_heads: 2 }, r: { num_heads: 2 } },
    more: {
      wq: random([8, 8], 1),
      wk: random([8, 8], 2),
      wv: random([8, 8], 3),
      s8: randomIn(0.5, 2, [8], 4),
      ...more,
    },
  }),
  inputs: { f: ["n", 5, 8] },
});
const behind = ["m = Mul(a, s8)", "t = Add(m, t8)", "y = Relu(t)"];

Deno.test("a map behind an Attention goes into the values' layer, a shift where nothing is masked", async () => {
  const more = { t8: random([8], 5), mask: random([5, 5], 6) };
  await assertFuses(attended(["a = Attention(q, k, v)", ...behind], more), {
    MatMul: 3,
    Add: 1,
    Attention: 1,
    Relu: 1,
  });
  await assertKeeps(
    attended(["a = Attention(q, k, v, mask)", ...behind], more),
    /the mask of .* may leave out all values/,
  );
});

Deno.test("fuse() keeps a scale before the queries of an Attention that no layer makes, and one along its rows", async () => {
  const rows = { s5: randomIn(0.5, 2, [5, 1], 7) };
  await assertKeeps(attended(["a = Attention(q, k, v)", "m = Mul(a, s5)", "y = Relu(m)"], rows), /goes along axis 1/);
  const before = ["h = Sigmoid(q)", "m = Mul(h, s8)", "a = Attention(m, k, v)", "y = Relu(a)"];
  await assertKeeps(attended(before), /takes it into a softmax/);
});

Deno.test("a scale behind a RotaryEmbedding goes into the layer before it, one of its features stays", async () => {
  const more = { cos: random([1, 5, 2], 8), sin: random([1, 5, 2], 9), number: { dims: [], values: [0.3] } };
  const turned = (scale: string) => ["r = RotaryEmbedding(q, cos, sin)", `m = Mul(r, ${scale})`, "y = Relu(m)"];
  const one = attended(turned("number"), more), features = attended(turned("s8"), more);
  for (const model of [one, features]) {
    model.nodes = model.nodes.filter(({ outputs: [output] }) => !["k", "v"].includes(output));
    model.inputs = { f: [1, 5, 8] };
  }
  await assertFuses(one, { MatMul: 1, RotaryEmbedding: 1, Relu: 1 });
  await assertKeeps(features, /whose entries .* mixes/);
});
