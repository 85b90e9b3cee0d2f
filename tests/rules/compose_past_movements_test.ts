/** Layers with nothing but Transpose, Reshape and their like between them become one. */
import { assertEquals } from "@std/assert";
import { fuse } from "../../src/fusion/mod.ts";
import { assertFuses, assertKeeps } from "../fusion_check.ts";
import { modelBytes, random, tensor, type TestModel, type TestNode } from "../onnx_model.ts";

const INT64 = 7;

const SHAPES: Record<string, number[]> = {
  flat: [0, 6, -1],
  map: [0, 6, 4, 4],
  tokens: [-1, 6],
  halves: [0, 16, 2, 3],
};

/** Lines `y = Op(a, b)` over x, tokens of shape [n, 16, 5] or another, with matrices, kernels and shapes by their names. */
function model(lines: string[], { x = ["n", 16, 5], attributes = {}, outputs = ["y"] }: {
  x?: (number | string)[];
  attributes?: Record<string, TestNode["attributes"]>;
  outputs?: string[];
} = {}): TestModel {
  const nodes = lines.map((line): TestNode => {
    const [, name, op, inputs] = line.match(/^(.*) = (\w+)\((.*)\)$/)!;
    return { op, name, inputs: inputs.split(", "), outputs: [name], attributes: attributes[name] };
  });
  const used = new Set(nodes.flatMap(({ inputs }) => inputs));
  const constants: NonNullable<TestModel["initializers"]> = {
    w: random([5, 6], 1),
    b: random([6], 2),
    v: random([6, 4], 3),
    k: random([7, 6, 1, 1], 6),
    kb: random([7], 7),
    k3: random([7, 6, 3, 3], 8),
    patch: random([6, 3, 2, 2], 9),
    deep: random([6, 1, 3, 3], 10),
    left: random([6, 5], 11),
    ...Object.fromEntries(Object.entries(SHAPES).map(([name, to]) => [name, tensor([to.length], to, INT64)])),
  };
  return {
    opset: 17,
    inputs: { x },
    outputs: Object.fromEntries(outputs.map((name) => [name, null])),
    initializers: Object.fromEntries(Object.entries(constants).filter(([name]) => used.has(name))),
    nodes,
  };
}

const TURNED = { perm: [0, 2, 1] }, PADDED = { pads: [1, 1, 1, 1] };

Deno.test("fuse() composes a matrix product and the convolution of the map that its tokens are laid out as", async () => {
  const attributes = { t: TURNED, s: TURNED };
  const head = ["m = MatMul(x, w)", "a = Add(m, b)", "t = Transpose(a)", "r = Reshape(t, map)", "y = Conv(r, k, kb)"];
  await assertFuses(model(head, { attributes }), { Transpose: 1, Reshape: 1, Conv: 1 });
  // a padded one takes over what has no bias
  const padded = ["m = MatMul(x, w)", "t = Transpose(m)", "r = Reshape(t, map)", "y = Conv(r, k3)"];
  await assertFuses(model(padded, { attributes: { ...attributes, y: PADDED } }), { Transpose: 1, Reshape: 1, Conv: 1 });
});

Deno.test("fuse() composes a convolution of patches and the matrix product of its tokens in the place of the first", async () => {
  const lines = ["c = Conv(x, patch, b)", "r = Reshape(c, flat)", "t = Transpose(r)", "y = MatMul(t, v)"];
  const attributes = { c: { strides: [2, 2] }, t: TURNED };
  await assertFuses(model(lines, { x: ["n", 3, 8, 8], attributes }), { Conv: 1, Reshape: 1, Transpose: 1 });
});

Deno.test("fuse() composes products with a Transpose or a Reshape of the rows between them, open sizes too", async () => {
  const swapped = ["m = MatMul(x, w)", "t = Transpose(m)", "y = MatMul(t, v)"];
  await assertFuses(model(swapped, { x: ["n", "l", 5], attributes: { t: { perm: [1, 0, 2] } } }), {
    MatMul: 1,
    Transpose: 1,
  });
  const rows = ["m = MatMul(x, w)", "r = Reshape(m, tokens)", "y = Gemm(r, v)"];
  await assertFuses(model(rows, { x: ["n", "l", 5] }), { MatMul: 1, Reshape: 1 });
  const left = ["m = MatMul(left, x)", "t = Transpose(m)", "y = MatMul(t, v)"];
  await assertFuses(model(left, { x: ["n", 5, 3], attributes: { t: TURNED } }), { MatMul: 1, Transpose: 1 });
});

Deno.test("fuse() leaves layers apart where what is between them is an output, or needed elsewhere", async () => {
  const lines = ["m = MatMul(x, w)", "t = Transpose(m)", "y = MatMul(t, v)"];
  const turned = { attributes: { t: { perm: [1, 0, 2] } } };
  await assertKeeps(
    model(lines, { ...turned, outputs: ["y", "m"] }),
    /'m', which would disappear, is needed elsewhere/,
  );
  await assertKeeps(model([...lines, "z = Relu(t)"], { ...turned, outputs: ["y", "z"] }), /'t', which would disappear/);
});

Deno.test("fuse() says that the channels of one layer are rows to the other", async () => {
  const lines = ["m = MatMul(x, w)", "t = Transpose(m)", "y = MatMul(t, v)"];
  await assertKeeps(
    model(lines, { x: ["n", 6, 5], attributes: { t: TURNED } }),
    /m and y stay two layers: the channels of the first are not along the axis/,
  );
});

Deno.test("fuse() leaves a bottleneck with movements in its middle apart", async () => {
  const bottle = model(["m = MatMul(x, down)", "t = Transpose(m)", "y = MatMul(t, up)"], {
    x: ["n", 16, 12],
    attributes: { t: { perm: [1, 0, 2] } },
  });
  bottle.initializers = { down: random([12, 2], 1), up: random([2, 12], 2) };
  await assertKeeps(bottle, /one layer for m, y would take 144 multiply-accumulates .* apart they take 48/);
});

Deno.test("fuse() leaves a bias before a padded convolution behind movements", async () => {
  const lines = ["m = MatMul(x, w)", "a = Add(m, b)", "t = Transpose(a)", "r = Reshape(t, map)", "y = Conv(r, k3)"];
  await assertKeeps(
    model(lines, { attributes: { t: TURNED, y: PADDED } }),
    /its bias would have to end at that border/,
  );
});

Deno.test("fuse() leaves layers with a Reshape between them that takes channels apart", async () => {
  const lines = ["m = MatMul(x, w)", "r = Reshape(m, halves)", "y = MatMul(r, u)"];
  const apart = model(lines);
  apart.initializers!.u = random([3, 3], 12);
  await assertKeeps(apart, /m and y stay two layers: r \(Reshape\), between them, moves elements in a way/);
});

Deno.test("fuse() says that neither of two layers treats every position alike", async () => {
  const lines = ["c = Conv(x, patch)", "t = Transpose(c)", "y = Conv(t, deep)"];
  const attributes = { t: { perm: [0, 1, 3, 2] }, y: { group: 6 } };
  await assertKeeps(
    model(lines, { x: ["n", 3, 8, 8], attributes }),
    /neither of c and y, behind movements of its result/,
  );
});

Deno.test("fuse() says which movement between two layers none is composed past, where both are all that is there", async () => {
  const pixels = model(["c = Conv(x, wide)", "d = DepthToSpace(c)", "y = Conv(d, rgb)"], {
    x: ["n", 3, 8, 8],
    attributes: { d: { blocksize: 2 }, c: PADDED },
  });
  pixels.initializers = { wide: random([12, 3, 3, 3], 1), rgb: random([5, 3, 3, 3], 2) };
  await assertKeeps(pixels, /c and y stay two layers: d \(DepthToSpace\), between them, moves elements in a way/);
  const windows = model(["c = Conv(x, patch)", "r = Reshape(c, windows)", "t = Transpose(r)", "y = MatMul(t, u)"], {
    x: ["n", 3, 9, 9],
    attributes: { t: { perm: [0, 2, 3, 1] } },
  });
  windows.initializers = {
    patch: random([6, 3, 2, 2], 9),
    windows: tensor([4], [0, 2, 3, 64], INT64),
    u: random([2, 4], 12),
  };
  await assertKeeps(windows, /c and y stay two layers: r \(Reshape\), between them, moves elements in a way/);
  const { report } = await fuse(modelBytes({ ...pixels, outputs: { y: null, d: null } }));
  assertEquals(report.skipped, [], "what else takes the movement's result is all that matters");
});
