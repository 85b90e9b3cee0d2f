/** Affine maps past nodes that take some entries, past products with computed values, and one part each way. */
import { assertFuses, assertKeeps } from "../fusion_check.ts";
import { random, randomIn, type TestModel, type TestNode, type TestTensor } from "../onnx_model.ts";

const OPTIONS = { options: { skip: ["merge-parallel-layers", "compose-layers"] } };

const ints = (...values: number[]): TestTensor => ({ dims: [values.length], values, type: 7 });
const index = (value: number): TestTensor => ({ dims: [], values: [value], type: 7 });

const CONSTANTS: Record<string, TestTensor> = {
  w: random([8, 4, 3, 3], 1),
  v: random([5, 4, 1, 1], 2),
  u: random([4, 4, 1, 1], 9),
  k3: random([4, 4, 3, 3], 21),
  v2: random([5, 2, 1, 1], 22),
  zero: ints(0),
  two: ints(2),
  four: ints(4),
  eight: ints(8),
  last: ints(-1),
  start: ints(-9),
  one: ints(1),
  minusOne: ints(-1),
  even: ints(0, 2, 4, 6),
  odd: ints(1, 3, 5, -1),
  doubled: ints(0, 0, 1, 1),
  third: index(3),
  s: randomIn(0.5, 2, [4, 1, 1], 3),
  t: random([4, 1, 1], 4),
  half: { dims: [], values: [0.5] },
  g: randomIn(0.5, 2, [4], 5),
  b: random([4], 6),
  m: random([4], 7),
  e: randomIn(0.5, 2, [4], 8),
  g1: randomIn(-2, -0.5, [4], 5),
};

/** A model of lines `y = Op(a, b)`, over inputs x and z of shape [n, 4, 6, 6]. */
function model(lines: string[], outputs: string[], attributes: Record<string, TestNode["attributes"]> = {}): TestModel {
  const nodes = lines.map((line): TestNode => {
    const [, names, op, inputs] = line.match(/^(.*) = (\w+)\((.*)\)$/)!;
    return { op, inputs: inputs.split(", "), outputs: names.split(", "), attributes: attributes[names] };
  });
  const used = new Set(nodes.flatMap(({ inputs }) => inputs));
  return {
    opset: 13,
    nodes,
    inputs: Object.fromEntries(["x", "z"].filter((name) => used.has(name)).map((name) => [name, ["n", 4, 6, 6]])),
    outputs: Object.fromEntries(outputs.map((name) => [name, null])),
    initializers: Object.fromEntries(Object.entries(CONSTANTS).filter(([name]) => used.has(name))),
  };
}

/** The model with entries to take, or ends of them, as another input. */
function given(model: TestModel): TestModel {
  return { ...model, inputs: { ...model.inputs, given: [1] }, types: { given: 7 } };
}

const bn = (output: string, input: string) => `${output} = BatchNormalization(${input}, g, b, m, e)`;
const SAME = { pads: [1, 1, 1, 1] };

Deno.test("fuse() carries maps up through Slices of channels that do not overlap", async () => {
  const lines = ["a = Conv(x, w)", "p = Slice(a, zero, four, one)", "q = Slice(a, four, eight, one)"];
  await assertFuses(model([...lines, bn("y", "p"), bn("h", "q")], ["y", "h"]), { Conv: 1, Slice: 2 }, OPTIONS);
});

Deno.test("fuse() carries a map up through a Slice backwards, and through Gathers of other channels", async () => {
  const backwards = ["a = Conv(x, u)", "p = Slice(a, last, start, one, minusOne)", bn("y", "p")];
  await assertFuses(model(backwards, ["y"]), { Conv: 1, Slice: 1 }, OPTIONS);
  const lines = ["a = Conv(x, w)", "p = Gather(a, even)", "q = Gather(a, odd)", bn("y", "p"), bn("h", "q")];
  const along = { p: { axis: 1 }, q: { axis: 1 } };
  await assertFuses(model(lines, ["y", "h"], along), { Conv: 1, Gather: 2 }, OPTIONS);
});

Deno.test("fuse() carries no map up to entries of an axis that is as long as only a false shape says", async () => {
  const lines = ["p = Gather(x, even)", "y = Mul(p, s)"];
  for (const length of [2 ** 20 + 1, 2 ** 40]) {
    const claim = { ...model(lines, ["y"], { p: { axis: 1 } }), inputs: { x: ["n", length, 6, 6] } };
    await assertKeeps(claim, /which entries .* takes is not known/);
  }
});

Deno.test("fuse() carries a number up through a Gather that drops the channels' axis", async () => {
  const lines = ["a = Conv(x, w)", "p = Gather(a, third)", "y = Mul(p, half)"];
  await assertFuses(model(lines, ["y"], { p: { axis: 1 } }), { Conv: 1, Gather: 1 }, OPTIONS);
});

Deno.test("fuse() carries a map down through Slices into every layer that takes a part", async () => {
  const lines = [bn("a", "r"), "p = Slice(a, zero, two, one)", "y = Conv(p, v2)"];
  await assertFuses(model(["r = Sigmoid(x)", ...lines], ["y"]), { Sigmoid: 1, Slice: 1, Conv: 1 }, OPTIONS);
});

Deno.test("fuse() does not carry a map up through a Slice whose channels another one takes too", async () => {
  const lines = ["a = Conv(x, w)", "p = Slice(a, zero, four, one)", "q = Slice(a, one, four, one)", bn("y", "p")];
  await assertKeeps(model([...lines, "h = Relu(q)"], ["y", "h"]), /'a', which would change, is used by .*q/);
});

Deno.test("fuse() does not carry two maps up through one entry that a Gather takes twice", async () => {
  const lines = ["a = Conv(x, w)", "p = Gather(a, doubled)", bn("y", "p")];
  await assertKeeps(model(lines, ["y"], { p: { axis: 1 } }), /takes an entry twice, and it is another map for each/);
});

Deno.test("fuse() does not carry a map through a Slice whose ends are not constant", async () => {
  const open = given(model(["a = Conv(x, u)", "p = Slice(a, zero, given, one)", bn("y", "p")], ["y"]));
  await assertKeeps(open, /which entries .* takes is not known/);
});

Deno.test("fuse() carries a number through a Slice, or a Gather, of entries that only a run tells, either way", async () => {
  for (const taken of ["p = Slice(a, zero, given, one)", "p = Gather(a, given)"]) {
    const attributes = { p: taken.includes("Gather") ? { axis: 1 } : undefined };
    for (const last of [["y = Mul(p, half)"], ["c = Mul(p, half)", "y = Add(c, half)"]]) {
      const up = model(["a = Conv(x, u)", taken, ...last], ["y"], attributes);
      await assertFuses(given(up), { Conv: 1, [taken.match(/(\w+)\(/)![1]]: 1 }, OPTIONS);
    }
  }
  const down = model(["r = Relu(x)", "t1 = Mul(r, half)", "p = Slice(t1, zero, given, two)", "y = Conv(p, u)"], ["y"]);
  await assertFuses(given(down), { Relu: 1, Slice: 1, Conv: 1 }, OPTIONS);
});

Deno.test("fuse() carries a scale past a gate: before it into the layers behind, behind it into a layer before", async () => {
  const before = ["d = Mul(x, half)", "g0 = Sigmoid(z)", "p = Mul(d, g0)", "y = Conv(p, v)"];
  await assertFuses(model(before, ["y"]), { Sigmoid: 1, Mul: 1, Conv: 1 }, OPTIONS);
  const behind = ["a = Conv(x, u)", "g0 = Sigmoid(z)", "p = Mul(g0, a)", "y = Mul(p, s)"];
  await assertFuses(model(behind, ["y"]), { Sigmoid: 1, Mul: 1, Conv: 1 }, OPTIONS);
  const quotient = ["a = Conv(x, u)", "g0 = Exp(z)", "p = Div(a, g0)", "y = Mul(p, s)"];
  await assertFuses(model(quotient, ["y"]), { Exp: 1, Div: 1, Conv: 1 }, OPTIONS);
});

Deno.test("fuse() carries no shift past a gate, and no scale out of a denominator", async () => {
  await assertKeeps(
    model(["a = Conv(x, u)", "g0 = Sigmoid(z)", "p = Mul(g0, a)", "y = Add(p, t)"], ["y"]),
    /it has a shift, which the other operand of .* would multiply/,
  );
  await assertKeeps(
    model(["d = Mul(x, half)", "g0 = Exp(z)", "p = Div(g0, d)", "y = Conv(p, v)"], ["y"]),
    /divides by it/,
  );
});

Deno.test("fuse() carries a scale ≥ 0 up past Relu and its shift down past the sum behind it", async () => {
  const lines = ["a = Conv(x, u)", "r = Relu(a)", bn("n", "r"), "c = Add(n, z)", "y = Conv(c, v)"];
  await assertFuses(model(lines, ["y"]), { Conv: 2, Relu: 1, Add: 1 }, OPTIONS);
});

Deno.test("fuse() carries nothing half way: a negative scale before Relu, or a shift before a padded Conv, stays", async () => {
  const negative = model(
    ["a = Conv(x, u)", "r = Relu(a)", "n = BatchNormalization(r, g1, b, m, e)", "c = Add(n, z)"].concat(
      "y = Conv(c, v)",
    ),
    ["y"],
  );
  await assertKeeps(negative, /has a (shift|negative scale), which does not come through Relu/);
  const padded = ["a = Conv(x, u)", "r = Relu(a)", bn("n", "r"), "c = Add(n, z)", "y = Conv(c, k3)"];
  const { after } = await assertKeeps(
    model(padded, ["y"], { y: SAME }),
    /it has a shift, which does not come through Relu/,
  );
  if (after.ops.BatchNormalization !== 1) throw new Error("its BatchNormalization went half way");
});

Deno.test("fuse() carries a map of the channels through an NHWC flatten of unknown batch into the rows of a MatMul", async () => {
  const lines = ["r = Sigmoid(x)", bn("n", "r"), "h = Transpose(n)", "f = Reshape(h, flat)", "y = MatMul(f, wide)"];
  const flatten = model(lines, ["y"], { h: { perm: [0, 2, 3, 1] } });
  flatten.initializers!.flat = ints(-1, 144);
  flatten.initializers!.wide = random([144, 3], 31);
  await assertFuses(flatten, { Sigmoid: 1, Transpose: 1, Reshape: 1, Gemm: 1 }, OPTIONS);
});
