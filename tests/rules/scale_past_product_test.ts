/** A scale near a product of two computed values goes into a layer that makes one of them, or takes the result. */
import { assertFuses, assertKeeps } from "../fusion_check.ts";
import { random, randomIn, tensor, type TestModel, type TestNode, type TestTensor } from "../onnx_model.ts";

const CONSTANTS: Record<string, TestTensor> = {
  wq: random([8, 6], 1),
  wk: random([8, 6], 2),
  wv: random([8, 6], 3),
  wo: random([6, 4], 4),
  b: random([6], 5),
  s: tensor([], [0.3]),
  columns: randomIn(0.5, 2, [5], 6),
  rows: randomIn(0.5, 2, [5, 1], 7),
  features: randomIn(0.5, 2, [6], 8),
  batches: randomIn(0.5, 2, [3, 1, 1], 9),
  t: tensor([], [0.2]),
};

/** A model of lines `y = Op(a, b)` over x and z of shape [3, 5, 8]; Transpose swaps the last axes. */
function model(lines: string[], outputs = ["y"], attributes: Record<string, TestNode["attributes"]> = {}): TestModel {
  const nodes = lines.map((line): TestNode => {
    const [, name, op, inputs] = line.match(/^(.*) = (\w+)\((.*)\)$/)!;
    const own = op === "Transpose" ? { perm: [0, 2, 1] } : op === "Softmax" ? { axis: -1 } : attributes[name];
    return { op, inputs: inputs.split(", "), outputs: [name], attributes: own };
  });
  const used = new Set(nodes.flatMap(({ inputs }) => inputs));
  return {
    nodes,
    inputs: Object.fromEntries(["x", "z"].filter((name) => used.has(name)).map((name) => [name, [3, 5, 8]])),
    outputs: Object.fromEntries(outputs.map((name) => [name, null])),
    initializers: Object.fromEntries(Object.entries(CONSTANTS).filter(([name]) => used.has(name))),
  };
}

const QK = ["q = MatMul(x, wq)", "k = MatMul(x, wk)", "kt = Transpose(k)", "a = MatMul(q, kt)"];

Deno.test("a scale of all scores goes into the queries, or into the keys where the queries cannot take it", async () => {
  const scaled = [...QK, "m = Mul(a, s)", "y = Softmax(m)"];
  for (const runtime of ["onnxruntime", "none"] as const) {
    await assertFuses(model(scaled), { MatMul: 3, Transpose: 1, Softmax: 1 }, { options: { runtime } });
  }
  const divided = [...QK, "m = Div(a, s)", "y = Softmax(m)"];
  await assertFuses(model(divided, ["y", "q"]), { MatMul: 3, Transpose: 1, Softmax: 1 });
});

Deno.test("the scale goes into the bias of its projection too", async () => {
  const [q, ...rest] = QK,
    biased = [q.replace("q =", "p ="), "q = Add(p, b)", ...rest, "m = Mul(a, s)", "y = Softmax(m)"];
  await assertFuses(model(biased), { MatMul: 3, Add: 1, Transpose: 1, Softmax: 1 });
});

Deno.test("scales of heads go into either operand", async () => {
  const b = random([3, 6, 8], 2); // a projection for each of three batches
  const lines = ["q = MatMul(x, wb)", "k = MatMul(x, wk)", "kt = Transpose(k)", "a = MatMul(q, kt)"];
  const nodes = model([...lines, "m = Mul(a, s)", "y = Softmax(m)"]);
  nodes.initializers!.wb = { ...b, dims: [3, 8, 6] };
  await assertFuses(nodes, { MatMul: 3, Transpose: 1, Softmax: 1 });
});

Deno.test("a scale of the values' features comes out of the product, into the layer behind it", async () => {
  const lines = ["v = Relu(z0)", "f = Mul(v, features)", "w = Softmax(x0)", "a = MatMul(w, f)", "y = MatMul(a, wo)"];
  const before = ["z0 = MatMul(z, wv)", "x1 = MatMul(x, wq)", "x2 = MatMul(x, wk)", "xt = Transpose(x2)"];
  await assertFuses(
    model([...before, "x0 = MatMul(x1, xt)", ...lines.map((line) => line.replace("Relu(z0)", "Sigmoid(z0)"))]),
    { MatMul: 6, Transpose: 1, Softmax: 1, Sigmoid: 1 },
  );
});

Deno.test("a scale before an Einsum of two computed values, or behind it, gets past it", async () => {
  const lines = ["q = MatMul(x, wq)", "k = MatMul(x, wk)", "a = Einsum(q, k)", "m = Mul(a, s)", "y = Softmax(m)"];
  const attributes = { a: { equation: "bid,bjd->bij" } };
  const options = { options: { skip: ["write-contraction-as-product"] } };
  await assertFuses(model(lines, ["y"], attributes), { MatMul: 2, Einsum: 1, Softmax: 1 }, options);
});

Deno.test("fuse() keeps a scale of the scores where both projections are needed elsewhere", async () => {
  await assertKeeps(model([...QK, "m = Mul(a, s)", "y = Softmax(m)"], ["y", "q", "k"]), /'q'|'k'/);
});

Deno.test("fuse() keeps a scale whose product is of the inputs themselves", async () => {
  const lines = ["kt = Transpose(z)", "a = MatMul(x, kt)", "m = Mul(a, s)", "y = Softmax(m)"];
  await assertKeeps(model(lines), /would have to be applied to '[xz]', which no node makes/);
});

Deno.test("fuse() keeps a shift behind a product of two computed values", async () => {
  await assertKeeps(
    model([...QK, "m = Add(a, t)", "y = Softmax(m)"]),
    /the weight of .* is not constant: 'kt' is computed/,
  );
});

Deno.test("fuse() keeps a scale along what the product sums over, or along an axis of an operand that it has not", async () => {
  const summed = ["f = Mul(x, e)", "kt = Transpose(z)", "a = MatMul(f, kt)", "y = Softmax(a)"];
  const first = model(summed);
  first.initializers!.e = randomIn(0.5, 2, [8], 3);
  await assertKeeps(first, /sums over, or may enlarge/);
  await assertKeeps(
    model([...QK.map((line) => line.replace("Transpose(k)", "Transpose(r)")), "m = Mul(a, columns)", "y = Softmax(m)"]
      .toSpliced(2, 0, "r = Sigmoid(k)")),
    /Sigmoid/,
  );
});

const halves = (value: number): TestTensor => ({ dims: [1], values: [value], type: 7 });
const ROTATED = {
  first: halves(0),
  middle: halves(3),
  end: halves(6),
  last: halves(-1),
  cos: random([5, 6], 10),
  sin: random([5, 6], 11),
};
/** x·cos + (−x₂, x₁)·sin, as rotary positions are written. */
const rotate = (name: string, from: string): string[] => [
  `${name}1 = Slice(${from}, first, middle, last)`,
  `${name}2 = Slice(${from}, middle, end, last)`,
  `${name}n = Neg(${name}2)`,
  `${name}r = Concat(${name}n, ${name}1)`,
  `${name}c = Mul(${from}, cos)`,
  `${name}s = Mul(${name}r, sin)`,
  `${name} = Add(${name}c, ${name}s)`,
];
const rotated = (lines: string[], outputs?: string[]): TestModel => {
  const made = model(lines, outputs, { qr: { axis: -1 }, kr: { axis: -1 } });
  return { ...made, initializers: { ...made.initializers, ...ROTATED } };
};
const TURNS = { Slice: 4, Neg: 2, Concat: 2, Mul: 4, Add: 2 };

Deno.test("a scale behind rotated positions goes into the projection before them", async () => {
  const lines = ["q0 = MatMul(x, wq)", ...rotate("q", "q0"), "k0 = MatMul(x, wk)", ...rotate("k", "k0")];
  const scores = ["kt = Transpose(k)", "a = MatMul(q, kt)", "m = Mul(a, s)", "y = Softmax(m)"];
  await assertFuses(rotated([...lines, ...scores]), { MatMul: 3, Transpose: 1, Softmax: 1, ...TURNS });
});

Deno.test("a scale of the keys goes into the queries' projection where somebody else has the keys", async () => {
  const lines = ["q0 = MatMul(x, wq)", ...rotate("q", "q0"), "k0 = MatMul(x, wk)", ...rotate("k", "k0")];
  const scores = ["kt = Transpose(k)", "m = Mul(kt, s)", "a = MatMul(q, m)", "y = Softmax(a)"];
  await assertFuses(rotated([...lines, ...scores], ["y", "k"]), { MatMul: 3, Transpose: 1, Softmax: 1, ...TURNS });
});

Deno.test("fuse() keeps a scale behind rotated positions of which something else takes a part", async () => {
  const lines = ["q0 = MatMul(x, wq)", ...rotate("q", "q0"), "m = Mul(q, s)", "y = Sigmoid(m)"];
  await assertKeeps(rotated([...lines, "h = Relu(q1)"], ["y", "h"]), /'q0'/);
  await assertKeeps(rotated(lines, ["y", "qr"]), /'q0'/);
});

Deno.test("fuse() keeps a scale behind rotated positions where something else takes one part of a Split", async () => {
  const lines = [
    "q0 = MatMul(x, wq)",
    ...rotate("q", "q0").slice(2),
    "m = Mul(q, s)",
    "y = Sigmoid(m)",
    "h = Relu(q2)",
  ];
  const made = rotated(lines, ["y", "h"]);
  made.nodes.splice(1, 0, { op: "Split", inputs: ["q0"], outputs: ["q1", "q2"], attributes: { axis: -1 } });
  await assertFuses(made, { MatMul: 1, Split: 1, Neg: 1, Concat: 1, Mul: 3, Add: 1, Sigmoid: 1, Relu: 1 });
});

Deno.test("fuse() keeps a scale behind the product of a value with itself, or with another multiple of its source", async () => {
  const constants = {
    reps: tensor([3], [1, 1, 2], 7),
    cos: random([5, 6], 10),
    sin: random([5, 6], 11),
    half: tensor([], [0.4]),
  };
  const made = (lines: string[]) => {
    const plain = model(lines);
    return { ...plain, initializers: { ...plain.initializers, ...constants } };
  };
  const square = ["q = MatMul(x, wq)", "u = Tile(q, reps)", "ut = Transpose(u)", "p = MatMul(u, ut)"];
  await assertFuses(made([...square, "m = Mul(p, s)", "y = Sigmoid(m)"]), {
    MatMul: 2,
    Tile: 1,
    Transpose: 1,
    Mul: 1,
    Sigmoid: 1,
  });
  const mixed = ["q = MatMul(x, wq)", "c = Mul(q, cos)", "e = Mul(q, sin)", "p = Mul(c, e)", "d = Add(p, e)"];
  await assertFuses(made([...mixed, "m = Mul(d, s)", "y = Sigmoid(m)"]), { MatMul: 1, Mul: 4, Add: 1, Sigmoid: 1 });
});
