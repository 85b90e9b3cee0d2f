import { assertFuses, assertKeeps } from "../fusion_check.ts";
import { random, randomIn, type TestModel, type TestNode, type TestTensor } from "../onnx_model.ts";

const einsum = (equation: string, inputs: string[], output: string): TestNode => ({
  op: "Einsum",
  inputs,
  outputs: [output],
  name: output,
  attributes: { equation },
});

/** x [n, 5, 4] in front of nodes that make y, with constants by their shapes. */
function model(nodes: TestNode[], shapes: Record<string, number[]>, x: (number | string)[] = ["n", 5, 4]): TestModel {
  const constants = Object.entries(shapes).map((
    [name, dims],
    seed,
  ): [string, TestTensor] => [name, random(dims, seed + 1)]);
  return { inputs: { x }, outputs: { y: null }, initializers: Object.fromEntries(constants), nodes };
}

/** Keras' projection to heads: [n, 5, 4] → [n, 5, 2, 3]. */
const heads = (output = "a") => einsum("abc,cde->abde", ["x", "w"], output);
const W = { w: [4, 2, 3] };

Deno.test("an affine map behind an Einsum goes along any axis of its constant, its shift into an addition", async () => {
  const mul = (name: string): TestNode => ({ op: "Mul", inputs: ["a", name], outputs: ["y"] });
  await assertFuses(model([heads(), mul("k")], { ...W, k: [3] }), { Einsum: 1 });
  await assertFuses(model([heads(), mul("k")], { ...W, k: [2, 1] }), { Einsum: 1 });
  await assertFuses(model([heads(), mul("k")], { ...W, k: [] }), { Einsum: 1 });
  const shifted: TestNode[] = [heads(), { op: "Mul", inputs: ["a", "k"], outputs: ["m"] }, {
    op: "Add",
    inputs: ["m", "t"],
    outputs: ["y"],
  }];
  await assertFuses(model(shifted, { ...W, k: [3], t: [2, 1] }), { Einsum: 1, Add: 1 });
});

Deno.test("an affine map before an Einsum goes into its constant, its shift into an addition behind", async () => {
  const after = einsum("abc,cde->abde", ["m", "w"], "y");
  await assertFuses(model([{ op: "Mul", inputs: ["x", "k"], outputs: ["m"] }, after], { ...W, k: [4] }), { Einsum: 1 });
  const both: TestNode[] = [{ op: "Mul", inputs: ["x", "k"], outputs: ["s"] }, {
    op: "Add",
    inputs: ["s", "t"],
    outputs: ["m"],
  }, after];
  await assertFuses(model(both, { ...W, k: [4], t: [4] }), { Einsum: 1, Add: 1 });
});

Deno.test("an Einsum that sums over several axes takes a map along each of them", async () => {
  const nodes: TestNode[] = [heads("h"), { op: "Relu", inputs: ["h"], outputs: ["r"] }, {
    op: "Mul",
    inputs: ["r", "k"],
    outputs: ["m"],
  }, einsum("abcd,cde->abe", ["m", "v"], "y")];
  await assertFuses(model(nodes, { ...W, k: [3], v: [2, 3, 6] }), { Einsum: 2, Relu: 1 });
  await assertFuses(model(nodes, { ...W, k: [2, 1], v: [2, 3, 6] }), { Einsum: 2, Relu: 1 });
});

Deno.test("letters in any order, capital ones, an ellipsis, no arrow: the same product", async () => {
  const scaled = (equation: string, w: number[], k: number[], inputs = ["x", "w"]) =>
    model([einsum(equation, inputs, "a"), { op: "Mul", inputs: ["a", "k"], outputs: ["y"] }], { w, k });
  await assertFuses(scaled("abc,cd->adb", [4, 3], [3, 1]), { Einsum: 1 });
  await assertFuses(scaled("...c, Kc -> K...", [6, 4], [6, 1, 1], ["x", "w"]), { Einsum: 1 });
  await assertFuses(scaled("ck,...c->...k", [4, 6], [6], ["w", "x"]), { Einsum: 1 });
  await assertFuses(scaled("abc,cd", [4, 6], [6]), { Einsum: 1 });
  await assertFuses(scaled("abc,bcd->abd", [5, 4, 3], [5, 1]), { Einsum: 1 }); // an axis that all three have
});

Deno.test("Einsums and matrix products one after the other are one, whichever comes first", async () => {
  const shapes = { w: [4, 6], v: [6, 3], b: [6] };
  const matmul = (x: string, w: string, y: string): TestNode => ({
    op: "MatMul",
    inputs: [x, w],
    outputs: [y],
    name: y,
  });
  const turned = einsum("abc,cd->dab", ["a", "v"], "y");
  await assertFuses(model([matmul("x", "w", "a"), turned], shapes), { Einsum: 1 });
  await assertFuses(
    model([matmul("x", "w", "m"), { op: "Add", inputs: ["m", "b"], outputs: ["a"] }, turned], shapes),
    { Add: 1, Einsum: 1 },
  );
  await assertFuses(model([einsum("abc,cd->dab", ["x", "w"], "a"), einsum("dab,de->abe", ["a", "v"], "y")], shapes), {
    MatMul: 1,
  });
  await assertFuses(model([einsum("abc,cd->bad", ["x", "w"], "a"), matmul("a", "v", "y")], shapes), { Einsum: 1 });
});

Deno.test("Einsums side by side are one", async () => {
  const nodes = [heads("a"), einsum("xyz,zvw->xyvw", ["x", "v"], "b"), {
    op: "Add",
    inputs: ["a", "b"],
    outputs: ["y"],
  }];
  await assertFuses(model(nodes, { ...W, v: [4, 2, 3] }), { Einsum: 1 });
});

const MUL: TestNode = { op: "Mul", inputs: ["a", "k"], outputs: ["y"], name: "mul" };

const REFUSALS: Record<string, readonly [TestModel, RegExp]> = {
  "a map along an axis that the constant does not have": [
    model([heads(), MUL], { ...W, k: [5, 1, 1] }),
    /it goes along axis 1, which the constant of a does not have/,
  ],
  "two computed operands": [
    { ...model([heads(), MUL], { k: [3] }), inputs: { x: ["n", 5, 4], w: [4, 2, 3] } },
    /the weight of a is not constant: 'w' is an input/,
  ],
  "an axis of the constant that is summed alone": [
    model([einsum("abc,cd->ab", ["x", "w"], "a"), MUL], { w: [4, 3], k: [5] }),
    /a is no product with a matrix: 'abc,cd->ab'/,
  ],
  "an axis of x that is summed alone": [
    model([einsum("abc,cd->ad", ["x", "w"], "a"), MUL], { w: [4, 3], k: [3] }),
    /a is no product with a matrix/,
  ],
  "no axis in common": [
    model([einsum("abc,de->abcde", ["x", "w"], "a"), MUL], { w: [4, 3], k: [3] }),
    /a is no product with a matrix/,
  ],
  "an ellipsis in the constant": [
    model([einsum("abc,...cd->...abd", ["x", "w"], "a"), MUL], { w: [2, 4, 3], k: [3] }),
    /a is no product with a matrix/,
  ],
  "an operand that is repeated along an axis": [
    model([einsum("abc,cd->abd", ["x", "w"], "a"), MUL], { w: [1, 3], k: [3] }),
    /may repeat an operand along an axis of length 1/,
  ],
};

for (const [what, [model, reason]] of Object.entries(REFUSALS)) {
  Deno.test(`an Einsum is left alone: ${what}`, async () => {
    await assertKeeps(model, reason);
  });
}

Deno.test("Einsums one after the other stay apart where they are less work apart", async () => {
  const narrow = { w: [32, 2, 3], v: [2, 3, 32] }, nodes = [heads("h"), einsum("abcd,cde->abe", ["h", "v"], "y")];
  await assertKeeps(model(nodes, narrow, ["n", 5, 32]), /would take 1 024 multiply-accumulates .* apart they take 384/);
});

Deno.test("an Einsum of which the rank of an input is not known is left alone", async () => {
  const reshape: TestNode = { op: "Reshape", inputs: ["x", "s"], outputs: ["r"] };
  const made = model([reshape, einsum("...c,cd->d...", ["r", "w"], "a"), MUL], { w: [4, 3], k: [] });
  await assertKeeps({ ...made, inputs: { ...made.inputs, s: ["r"] }, types: { s: 7 } }, /the rank of 'r' is not known/);
});

Deno.test("two shifts before an Einsum, one after the other, end in additions of names of their own", async () => {
  const bn = (x: string, y: string): TestNode => ({
    op: "BatchNormalization",
    inputs: [x, "g", "b", "m", "v"],
    outputs: [y],
  });
  const nodes: TestNode[] = [
    bn("x", "n"),
    { op: "Add", inputs: ["n", "x"], outputs: ["s"] },
    { op: "Mul", inputs: ["s", "k"], outputs: ["t"] },
    bn("t", "u"),
    einsum("ab,mba->mb", ["u", "w"], "y"),
  ];
  const made = model(nodes, { w: [2, 4, 2], g: [4], b: [4], m: [4], k: [] }, [2, 4]);
  await assertFuses({ ...made, initializers: { ...made.initializers, v: randomIn(0.5, 2, [4], 9) } }, {
    Einsum: 1,
    Add: 2,
  });
});

Deno.test("a factor for each head and channel goes into an Einsum whose constant has both axes, behind it or before", async () => {
  const behind: TestNode[] = [heads(), { op: "Mul", inputs: ["a", "k"], outputs: ["y"] }];
  await assertFuses(model(behind, { ...W, k: [2, 3] }), { Einsum: 1 });
  const before: TestNode[] = [
    heads("h"),
    { op: "Relu", inputs: ["h"], outputs: ["r"] },
    { op: "Mul", inputs: ["k", "r"], outputs: ["m"] },
    einsum("abcd,cde->abe", ["m", "v"], "y"),
  ];
  await assertFuses(model(before, { ...W, k: [2, 3], v: [2, 3, 6] }), { Einsum: 2, Relu: 1 });
});

Deno.test("a factor along an axis that the Einsum's constant does not have stays: its weights would be more", async () => {
  const nodes: TestNode[] = [heads(), { op: "Mul", inputs: ["a", "k"], outputs: ["y"] }];
  await assertKeeps(model(nodes, { ...W, k: [5, 2, 3] }), /one layer for .* would (take|have)/);
  await assertKeeps(model(nodes, { ...W, k: [5, 1, 3] }), /varies along more than one axis/);
});
