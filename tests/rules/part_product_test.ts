/** A matrix product whose result is cut into query, key and value: one product per part. */
import { assertEquals } from "@std/assert";
import { fuse, type FuseOptions } from "../../src/fusion/mod.ts";
import { assertFuses, assertKeeps } from "../fusion_check.ts";
import { modelBytes, random, tensor, type TestModel, type TestNode } from "../onnx_model.ts";

const CPU: { options: FuseOptions } = { options: { runtime: "onnxruntime-cpu" } };
const TOKENS = 160, WIDTH = 128, HEADS = 4, EACH = WIDTH / HEADS;
const ints = (...values: number[]) => tensor([values.length], values, 7);

/** What lies between the projection `p` and `q`, `k` and `v`, each [batch, heads, tokens, channels]. */
type Cut = (test: TestModel) => TestNode[];

/** timm: five axes, turned, split and squeezed. */
const packed: Cut = ({ initializers, opset = 17 }) => {
  Object.assign(initializers!, { five: ints(-1, TOKENS, 3, HEADS, EACH), zero: ints(0) });
  const squeezed = (name: string): TestNode =>
    opset! < 13
      ? { op: "Squeeze", inputs: [`${name}5`], outputs: [name], attributes: { axes: [0] } }
      : { op: "Squeeze", inputs: [`${name}5`, "zero"], outputs: [name] };
  return [
    { op: "Reshape", inputs: ["p", "five"], outputs: ["r"] },
    { op: "Transpose", inputs: ["r"], outputs: ["t"], attributes: { perm: [2, 0, 3, 1, 4] } },
    { op: "Split", inputs: ["t"], outputs: ["q5", "k5", "v5"], attributes: { axis: 0 } },
    ...["q", "k", "v"].map(squeezed),
  ];
};

/** timm by older exporters: a Gather for each. */
const gathered: Cut = (test) => {
  const [reshape, transpose] = packed(test);
  return [
    reshape,
    transpose,
    ...["q", "k", "v"].map((name, at): TestNode => {
      test.initializers![`at${at}`] = tensor([], [at === 2 ? -1 : at], 7);
      return { op: "Gather", inputs: ["t", `at${at}`], outputs: [name], attributes: { axis: 0 } };
    }),
  ];
};

/** torch.nn.MultiheadAttention: three parts in an axis of their own that is brought to the front. */
const inProjection: Cut = (test) => {
  Object.assign(test.initializers!, {
    four: ints(1, TOKENS, 3, WIDTH),
    zero: ints(0),
    third: ints(-2),
    heads: ints(1, TOKENS, HEADS, EACH),
  });
  return [
    { op: "Reshape", inputs: ["p", "four"], outputs: ["r"] },
    { op: "Unsqueeze", inputs: ["r", "zero"], outputs: ["u"] },
    { op: "Transpose", inputs: ["u"], outputs: ["t"], attributes: { perm: [3, 1, 2, 0, 4] } },
    { op: "Squeeze", inputs: ["t", "third"], outputs: ["s"] },
    ...["q", "k", "v"].flatMap((name, at): TestNode[] => {
      test.initializers![`at${at}`] = tensor([], [at], 7);
      return [
        { op: "Gather", inputs: ["s", `at${at}`], outputs: [`${name}w`], attributes: { axis: 0 } },
        { op: "Reshape", inputs: [`${name}w`, "heads"], outputs: [`${name}r`] },
        { op: "Transpose", inputs: [`${name}r`], outputs: [name], attributes: { perm: [0, 2, 1, 3] } },
      ];
    }),
  ];
};

/** GPT-2: split along the channels, and heads made of each part. */
const inChannels: Cut = ({ initializers }) => {
  Object.assign(initializers!, { heads: ints(-1, TOKENS, HEADS, EACH) });
  return [
    { op: "Split", inputs: ["p"], outputs: ["qw", "kw", "vw"], attributes: { axis: -1 } },
    ...["q", "k", "v"].flatMap((name): TestNode[] => [
      { op: "Reshape", inputs: [`${name}w`, "heads"], outputs: [`${name}r`] },
      { op: "Transpose", inputs: [`${name}r`], outputs: [name], attributes: { perm: [0, 2, 1, 3] } },
    ]),
  ];
};

function attention(cut: Cut, { opset = 17, isGemm = false, isTurned = false } = {}): TestModel {
  const turned = isTurned ? { attributes: { transB: 1 } } : {};
  const test: TestModel = {
    opset,
    inputs: { x: isGemm ? [TOKENS, WIDTH] : [1, TOKENS, WIDTH] },
    outputs: { y: null },
    initializers: { w: random(isTurned ? [3 * WIDTH, WIDTH] : [WIDTH, 3 * WIDTH], 1), b: random([3 * WIDTH], 2) },
    nodes: isGemm
      ? [
        { op: "Gemm", inputs: ["x", "w", "b"], outputs: ["g"], ...turned },
        { op: "Reshape", inputs: ["g", "batched"], outputs: ["p"] },
      ]
      : [
        { op: "MatMul", inputs: ["x", "w"], outputs: ["m"] },
        { op: "Add", inputs: ["m", "b"], outputs: ["p"] },
      ],
  };
  test.initializers!.batched = ints(1, TOKENS, 3 * WIDTH);
  test.nodes.push(
    ...cut(test),
    { op: "Transpose", inputs: ["k"], outputs: ["kt"], attributes: { perm: [0, 1, 3, 2] } },
    { op: "MatMul", inputs: ["q", "kt"], outputs: ["scores"] },
    { op: "Softmax", inputs: ["scores"], outputs: ["shares"], attributes: { axis: -1 } },
    { op: "MatMul", inputs: ["shares", "v"], outputs: ["y"] },
  );
  return test;
}

const APART = { Add: 3, MatMul: 5, Reshape: 3, Softmax: 1, Transpose: 3 };

async function cutsLeft(test: TestModel, options: FuseOptions = CPU.options): Promise<number> {
  const { ops } = (await fuse(modelBytes(test), options)).report.after;
  return (ops.Split ?? 0) + (ops.Gather ?? 0) + (ops.Slice ?? 0);
}

Deno.test("fuse() makes query, key and value by a MatMul each, the way every exporter cuts them", async () => {
  for (const opset of [11, 13, 17]) await assertFuses(attention(packed, { opset }), APART, CPU);
  await assertFuses(attention(gathered), APART, CPU);
  await assertFuses(attention(inProjection), APART, CPU);
  await assertFuses(attention(inChannels), APART, CPU);
});

Deno.test("fuse() makes query, key and value by a Gemm each, its matrix stored either way around", async () => {
  for (const isTurned of [false, true]) {
    const test = attention(packed, { isGemm: true, isTurned });
    await assertFuses(test, { Gemm: 3, MatMul: 2, Reshape: 3, Softmax: 1, Transpose: 3 }, CPU);
  }
});

Deno.test("fuse() makes parts of a product of open batch", async () => {
  const test = attention(packed);
  test.inputs!.x = ["batch", TOKENS, WIDTH];
  await assertFuses(test, APART, CPU);
});

Deno.test("fuse() keeps one product of parts for every other runtime", async () => {
  assertEquals(await cutsLeft(attention(packed), {}), 1);
  assertEquals(await cutsLeft(attention(gathered), { runtime: "none" }), 3);
});

Deno.test("fuse() keeps one product where heads come before query, key and value: no part is one range of channels", async () => {
  const test = attention((test) => {
    const [reshape, ...rest] = packed(test);
    test.initializers!.five = ints(-1, TOKENS, HEADS, 3, EACH);
    rest[0].attributes = { perm: [3, 0, 2, 1, 4] };
    return [reshape, ...rest];
  });
  assertEquals(await cutsLeft(test), 1);
});

Deno.test("fuse() keeps one product where something else takes the whole", async () => {
  for (const name of ["p", "t"]) {
    const test = attention(packed);
    test.nodes.push({ op: "Softmax", inputs: [name], outputs: ["z"] });
    test.outputs.z = null;
    assertEquals(await cutsLeft(test), 1);
  }
});

Deno.test("fuse() keeps one product of few rows", async () => {
  const test = attention(inChannels);
  test.inputs!.x = [1, 8, WIDTH];
  test.initializers!.heads = ints(-1, 8, HEADS, EACH);
  await assertKeeps(test, /is known to have 8 rows: to cut it is no work/, CPU);
});

Deno.test("fuse() keeps one product where a part is narrow", async () => {
  const test = attention(inChannels);
  test.nodes = [
    ...test.nodes.slice(0, 2),
    { op: "Split", inputs: ["p", "parts"], outputs: ["wide", "narrow"], attributes: { axis: 2 } },
    { op: "Softmax", inputs: ["wide"], outputs: ["y"] },
    { op: "Softmax", inputs: ["narrow"], outputs: ["z"] },
  ];
  test.inputs!.x = [1, 512, WIDTH];
  Object.assign(test.initializers!, { parts: ints(3 * WIDTH - 16, 16) });
  test.outputs = { y: null, z: null };
  await assertKeeps(test, /a part of .* has 16 columns: alone, it would be no faster/, CPU);
});

Deno.test("fuse() keeps one product whose weight is stored in a smaller form", async () => {
  const test = attention(packed);
  test.initializers!.w8 = tensor(
    [WIDTH, 3 * WIDTH],
    Array.from(random([WIDTH, 3 * WIDTH], 1).values, (v) => Math.round(99 * v)),
    3,
  );
  test.initializers!.step = tensor([], [0.01]);
  delete test.initializers!.w;
  test.nodes.unshift({ op: "DequantizeLinear", inputs: ["w8", "step"], outputs: ["w"] });
  await assertKeeps(test, /is stored in a smaller form, which has no parts/, CPU);
});

Deno.test("fuse() keeps a Gemm whose C is another vector for every row", async () => {
  const test = attention(inChannels, { isGemm: true });
  test.initializers!.b = random([TOKENS, 3 * WIDTH], 2);
  await assertKeeps(test, /the C of .* is another vector for every row/, CPU);
});
