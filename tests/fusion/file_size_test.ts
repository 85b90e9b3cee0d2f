/** A file does not grow for a fold: shared, tied and compressed weights stay what they are, unless growth is allowed. */
import { assert, assertEquals, assertLess, assertLessOrEqual } from "@std/assert";
import { fuse, type FuseOptions } from "../../src/fusion/mod.ts";
import { feedsFor, modelBytes, random, relativeL2, run, tensor, type TestModel, type TestNode } from "../onnx_model.ts";

async function sizes(model: TestModel, options: FuseOptions = {}) {
  const bytes = modelBytes(model), { model: fused, report } = await fuse(bytes, options), result = await fused.bytes();
  if (!Object.values(model.types ?? {}).includes(7)) {
    const feeds = feedsFor(model);
    assertLess(relativeL2(await run(bytes, feeds), await run(result, feeds)), 1e-6);
  }
  return { before: bytes.length, after: result.length, report };
}

/** Layers one after the other that share one matrix, each with its own transposition of it. */
function shared(layers: number): TestModel {
  const nodes = Array.from({ length: layers }, (_, i): TestNode[] => [
    { op: "Transpose", inputs: ["w"], outputs: [`t${i}`], attributes: { perm: [1, 0] } },
    { op: "MatMul", inputs: [i ? `r${i - 1}` : "x", `t${i}`], outputs: [`m${i}`] },
    { op: "Tanh", inputs: [`m${i}`], outputs: [`r${i}`] },
  ]).flat();
  const outputs = { [`r${layers - 1}`]: [2, 128] };
  return { inputs: { x: [2, 128] }, outputs, initializers: { w: random([128, 128], 1) }, nodes };
}

Deno.test("fuse() writes a transposed weight that twelve layers share once", async () => {
  const { before, after, report } = await sizes(shared(12));
  assertEquals(report.after.ops, { MatMul: 12, Tanh: 12 });
  assertLessOrEqual(after, before);
});

Deno.test("fuse() does not double a tied embedding", async () => {
  const { before, after } = await sizes({
    inputs: { x: [3, 16] },
    types: { i: 7 },
    outputs: { y: [3, 500], e: null },
    initializers: { w: random([500, 16], 1), i: tensor([4], [1, 2, 3, 4], 7) },
    nodes: [
      { op: "Gather", inputs: ["w", "i"], outputs: ["e"] },
      { op: "Transpose", inputs: ["w"], outputs: ["t"], attributes: { perm: [1, 0] } },
      { op: "MatMul", inputs: ["x", "t"], outputs: ["y"] },
    ],
  });
  assertLessOrEqual(after, before + 2048);
});

/** Query, key and value as PyTorch's attention writes them: the parts of one matrix, turned, and one of them scaled behind its product. */
function projections(more: Partial<TestModel> = {}): TestModel {
  const nodes = ["q", "k", "v"].flatMap((name, at): TestNode[] => [
    { op: "Slice", inputs: ["w", `from${at}`, `from${at + 1}`, "axis"], outputs: [`s${name}`] },
    { op: "Transpose", inputs: [`s${name}`], outputs: [`t${name}`], attributes: { perm: [1, 0] } },
    { op: "MatMul", inputs: ["x", `t${name}`], outputs: [`m${name}`] },
  ]);
  const bounds = [0, 1, 2, 3].map((at) => [`from${at}`, tensor([1], [64 * at], 7)] as const);
  return {
    inputs: { x: [2, 64] },
    outputs: { mk: [2, 64], mv: [2, 64], y: [2, 64], ...more.outputs },
    initializers: {
      w: random([192, 64], 1),
      axis: tensor([1], [0], 7),
      scale: random([64], 2),
      ...Object.fromEntries(bounds),
    },
    nodes: [...nodes, { op: "Mul", inputs: ["mq", "scale"], outputs: ["y"] }, ...more.nodes ?? []],
  };
}

Deno.test("fuse() takes a weight apart whose parts are all that is taken of it: the file grows no more", async () => {
  const { before, after, report } = await sizes(projections());
  assertEquals(report.after.ops, { MatMul: 3 });
  assertLessOrEqual(after, before);
});

Deno.test("fuse() leaves the parts of a weight that is needed whole, too", async () => {
  const whole = [
    { op: "Transpose", inputs: ["w"], outputs: ["tw"], attributes: { perm: [1, 0] } },
    { op: "MatMul", inputs: ["x", "tw"], outputs: ["whole"] },
  ];
  const { before, after } = await sizes(projections({ outputs: { whole: [2, 192] }, nodes: whole }));
  assertLessOrEqual(after, before + 2048);
});

Deno.test("fuse() leaves the parts of a weight of which one is an output of the graph", async () => {
  const { before, after } = await sizes(projections({ outputs: { sk: [64, 64] } }));
  assertLessOrEqual(after, before + 2048);
});

/** Two branches with one weight, of which the second has this scale behind it and Gemm this alpha. */
function siamese(scale: string, alpha = 1): TestModel {
  return {
    inputs: { a: [2, 64], b: [3, 64] },
    outputs: { y: [2, 64], z: [3, 64] },
    initializers: { w: random([64, 64], 1), s: random([64], 2), other: random([64], 3) },
    nodes: [
      { op: "Gemm", inputs: ["a", "w"], outputs: ["ma"] },
      { op: "Mul", inputs: ["ma", "s"], outputs: ["y"] },
      { op: "Gemm", inputs: ["b", "w"], outputs: ["mb"], attributes: alpha === 1 ? {} : { alpha: { float: alpha } } },
      { op: "Mul", inputs: ["mb", scale], outputs: ["z"] },
    ],
  };
}

Deno.test("fuse() folds what is alike behind two layers with one weight: they have one again", async () => {
  const { before, after, report } = await sizes(siamese("s"));
  assertEquals(report.after.ops, { Gemm: 2 });
  assertLessOrEqual(after, before);
});

Deno.test("fuse() leaves one weight of two layers, where it would be two", async () => {
  for (const model of [siamese("other"), siamese("s", 0.5)]) {
    const { before, after, report } = await sizes(model);
    assertEquals(report.after.ops, { Gemm: 2, Mul: 2 });
    assert(
      report.skipped.some(({ code, reason }) => code === "file-growth" && reason.includes("needed as it is elsewhere")),
    );
    assertLessOrEqual(after, before + 2048);
  }
  const kept = siamese("s");
  await sizes({ ...kept, outputs: { ...kept.outputs, mb: [3, 64] } }).then(({ report }) =>
    assertEquals(report.after.ops, { Gemm: 2, Mul: 2 })
  );
});

const COMPRESSED: TestModel = {
  inputs: { x: [2, 128] },
  outputs: { y: [2, 128] },
  initializers: {
    q: tensor([128, 128], Array.from({ length: 128 * 128 }, (_, i) => i % 7), 2),
    s: random([128], 3),
  },
  nodes: [
    { op: "Cast", inputs: ["q"], outputs: ["f"], attributes: { to: 1 } },
    { op: "MatMul", inputs: ["x", "f"], outputs: ["m"] },
    { op: "Mul", inputs: ["m", "s"], outputs: ["y"] },
  ],
};

Deno.test("fuse() leaves a weight stored in whole numbers compressed, says why, and how to have it anyway", async () => {
  const { before, after, report } = await sizes(COMPRESSED);
  assertLessOrEqual(after, before * 1.02);
  const why = report.skipped.find(({ code }) => code === "file-growth");
  assert(
    why?.reason.startsWith("the file would grow by ") && why.remedy === "pass --allow-growth",
    JSON.stringify(why),
  );
  const allowed = await sizes(COMPRESSED, { allowGrowth: true });
  assertEquals(allowed.report.after.ops, { MatMul: 1 });
  assert(allowed.after > 3 * before);
});

Deno.test("fuse() writes what both branches of an If compute alike once, in the graph around them", async () => {
  const branch = (name: string) => ({
    graph: {
      nodes: [
        { op: "Transpose", inputs: ["w"], outputs: [`t_${name}`], attributes: { perm: [1, 0] } },
        { op: "MatMul", inputs: ["x", `t_${name}`], outputs: [name] },
      ],
      outputs: { [name]: [2, 64] },
    },
  });
  const { before, after } = await sizes({
    inputs: { x: [2, 64], c: [] },
    types: { c: 9 },
    outputs: { y: [2, 64] },
    initializers: { w: random([64, 64], 1) },
    nodes: [{
      op: "If",
      inputs: ["c"],
      outputs: ["y"],
      attributes: { then_branch: branch("a"), else_branch: branch("b") },
    }],
  });
  assertLessOrEqual(after, before + 64);
});

Deno.test("fuse() keeps a constant that a branch of an If has as its result, however often it stands elsewhere", async () => {
  const constant = { op: "Transpose", inputs: ["w"], outputs: ["t"], attributes: { perm: [1, 0] } };
  const result = { graph: { nodes: [constant], outputs: { t: [8, 8] } } };
  const product = {
    graph: {
      nodes: [
        { op: "Transpose", inputs: ["w"], outputs: ["u"], attributes: { perm: [1, 0] } },
        { op: "MatMul", inputs: ["x", "u"], outputs: ["m"] },
      ],
      outputs: { m: [8, 8] },
    },
  };
  await sizes({
    inputs: { x: [8, 8], c: [] },
    types: { c: 9 },
    outputs: { y: [8, 8] },
    initializers: { w: random([8, 8], 1) },
    nodes: [{ op: "If", inputs: ["c"], outputs: ["y"], attributes: { then_branch: result, else_branch: product } }],
  });
});

Deno.test("fuse() counts a constant that many layers take alike as gone once, not once for each of them", async () => {
  const at = (name: string, layer: number) => `${name}${layer}`, layers = [0, 1, 2, 3];
  const { before, after } = await sizes({
    inputs: { x: [2, 64] },
    outputs: Object.fromEntries(layers.map((layer) => [at("y", layer), [2, 128]])),
    initializers: {
      positions: random([128, 64], 1),
      axis: tensor([1], [0], 7),
      from: tensor([1], [0], 7),
      to: tensor([1], [1000], 7),
      ...Object.fromEntries(layers.map((layer) => [at("w", layer), random([64, 64], 2 + layer)])),
    },
    nodes: layers.flatMap((layer): TestNode[] => [
      { op: "Slice", inputs: ["positions", "from", "to", "axis"], outputs: [at("own", layer)] },
      { op: "Tanh", inputs: [at("own", layer)], outputs: [at("tanh", layer)] },
      { op: "MatMul", inputs: [at("tanh", layer), at("w", layer)], outputs: [at("key", layer)] },
      { op: "Transpose", inputs: [at("key", layer)], outputs: [at("turned", layer)], attributes: { perm: [1, 0] } },
      { op: "MatMul", inputs: ["x", at("w", layer)], outputs: [at("query", layer)] },
      { op: "Relu", inputs: [at("query", layer)], outputs: [at("relu", layer)] },
      { op: "MatMul", inputs: [at("relu", layer), at("turned", layer)], outputs: [at("y", layer)] },
    ]),
  });
  assertLessOrEqual(after, before * 1.01 + 2048 + 4 * 128 * 64); // the first is taken to be the one for all
});
