/** A convolution whose result is cut into channels: one convolution per part. */
import { assertEquals } from "@std/assert";
import { fuse, type FuseOptions } from "../../src/fusion/mod.ts";
import { assertFuses, assertKeeps } from "../fusion_check.ts";
import { modelBytes, random, tensor, type TestAttribute, type TestModel, type TestNode } from "../onnx_model.ts";

const INT64 = 7, CPU: { options: FuseOptions } = { options: { runtime: "onnxruntime-cpu" } };

interface Case {
  opset?: number;
  channels?: number;
  parts?: number[];
  kernel?: number[];
  attributes?: Record<string, TestAttribute>;
  /** What stands between `c` and `a`. */
  between?: TestNode[];
  /** What cuts `a` into `s0`, `s1` and so on. */
  cuts?: TestNode[];
  axis?: number;
  size?: number | string;
}

const SILU: TestNode[] = [
  { op: "Sigmoid", inputs: ["c"], outputs: ["g"] },
  { op: "Mul", inputs: ["c", "g"], outputs: ["a"] },
];

function model(given: Case = {}): TestModel {
  const {
    opset = 17,
    channels = 4,
    parts = [32, 48],
    kernel = [1, 1],
    attributes,
    between = SILU,
    axis = 1,
    size = 16,
  } = given;
  const out = 80, { group = 1 } = attributes ?? {}, names = parts.map((_, at) => `s${at}`);
  const split: TestNode = opset < 13
    ? { op: "Split", inputs: ["a"], outputs: names, attributes: { axis, split: parts } }
    : { op: "Split", inputs: ["a", "parts"], outputs: names, attributes: { axis } };
  return {
    opset,
    inputs: { x: [1, channels, ...kernel.map(() => size)] },
    outputs: Object.fromEntries(names.map((name) => [`${name}_y`, null])),
    initializers: {
      w: random([out, channels / Number(group), ...kernel], 1),
      b: random([out], 2),
      parts: tensor([parts.length], parts, INT64),
      scale: random([out, ...kernel.map(() => 1)], 3),
    },
    nodes: [
      { op: "Conv", inputs: ["x", "w", "b"], outputs: ["c"], attributes },
      ...between,
      ...given.cuts ?? [split],
      ...names.map((name): TestNode => ({ op: "Softmax", inputs: [name], outputs: [`${name}_y`] })),
    ],
  };
}

/** One Slice of axis 1 with its bounds as initializers. */
function slice(test: TestModel, output: string, start: number, end: number): TestNode {
  const bounds = [start, end, 1].map((value, at) => {
    test.initializers![`${output}_${at}`] = tensor([1], [value], INT64);
    return `${output}_${at}`;
  });
  return { op: "Slice", inputs: ["a", ...bounds], outputs: [output] };
}

function sliced(...ranges: [number, number][]): TestModel {
  const test = model({ parts: ranges.map(([start, end]) => end - start), cuts: [] });
  test.nodes.splice(3, 0, ...ranges.map(([start, end], at) => slice(test, `s${at}`, start, end)));
  return test;
}

const PARTED = { Conv: 2, Mul: 2, Sigmoid: 2, Softmax: 2 };

async function left(test: TestModel, options = CPU.options) {
  return (await fuse(modelBytes(test), options)).report.after.ops;
}

Deno.test("fuse() makes a Conv per part of a Split behind an activation", async () => {
  await assertFuses(model(), PARTED, CPU);
  await assertFuses(model({ opset: 11 }), PARTED, CPU);
  await assertFuses(model({ axis: -3 }), PARTED, CPU);
  await assertFuses(
    model({ parts: [32, 16, 32].map((n) => n) }),
    { Conv: 1, Mul: 1, Sigmoid: 1, Softmax: 3, Split: 1 },
    CPU,
  );
});

Deno.test("fuse() makes a Conv per part whatever treats channels by themselves in between", async () => {
  const named = (op: string): TestNode[] => [{ op, inputs: ["c"], outputs: ["a"] }];
  await assertFuses(model({ between: named("Relu") }), { Conv: 2, Relu: 2, Softmax: 2 }, CPU);
  const scaled: TestNode[] = [
    { op: "Tanh", inputs: ["c"], outputs: ["t"] },
    { op: "Mul", inputs: ["t", "scale"], outputs: ["a"] },
  ];
  const { report } = await fuse(modelBytes(model({ between: scaled })), CPU.options);
  assertEquals(report.after.ops.Conv, 2);
  await assertFuses(model({ between: scaled }), report.after.ops, CPU);
});

Deno.test("fuse() makes a Conv per part of Slices, and none for what nobody takes", async () => {
  await assertFuses(sliced([0, 32], [32, 80]), PARTED, CPU);
  await assertFuses(sliced([48, 80], [0, 32]), PARTED, CPU);
  const unused = model({ parts: [32, 16, 32] });
  delete unused.outputs.s1_y;
  unused.nodes = unused.nodes.filter(({ outputs }) => outputs[0] !== "s1_y");
  await assertFuses(unused, PARTED, CPU);
});

Deno.test("fuse() keeps the Split for every other runtime", async () => {
  assertEquals((await left(model(), {})).Split, 1);
});

Deno.test("fuse() keeps Slices that overlap", async () => {
  assertEquals((await left(sliced([0, 48], [32, 80]))).Slice, 2);
});

Deno.test("fuse() keeps a Split along another axis", async () => {
  assertEquals((await left(model({ axis: 2, parts: [7, 9] }))).Split, 1);
});

Deno.test("fuse() keeps a Conv whose result something else takes as a whole", async () => {
  for (const op of ["Softmax", "Relu"]) {
    const test = model();
    test.nodes.push({ op, inputs: ["a"], outputs: ["z"] });
    test.outputs.z = null;
    assertEquals((await left(test)).Split, 1);
  }
  const output = model();
  output.outputs.c = null;
  assertEquals((await left(output)).Split, 1);
});

Deno.test("fuse() keeps a Split behind what mixes channels, or takes another value", async () => {
  const softmax: TestNode[] = [{ op: "Softmax", inputs: ["c"], outputs: ["a"], attributes: { axis: 1 } }];
  assertEquals((await left(model({ between: softmax }))).Split, 1);
  const sum: TestNode[] = [{ op: "Add", inputs: ["c", "other"], outputs: ["a"] }];
  const test = model({ between: sum });
  test.inputs!.other = [1, 80, 16, 16];
  assertEquals((await left(test)).Split, 1);
});

Deno.test("fuse() keeps a Conv with groups", async () => {
  await assertKeeps(
    model({ attributes: { group: 2 } }),
    /c has groups: a part of its result takes a part of its input/,
    CPU,
  );
});

Deno.test("fuse() keeps a Conv whose weight or bias is not constant", async () => {
  for (const [name, dims] of [["w", [80, 4, 1, 1]], ["b", [80]]] as const) {
    const test = model();
    test.inputs![name] = [...dims];
    await assertKeeps(test, /is an initializer that is also a graph input/, CPU);
  }
});

Deno.test("fuse() keeps small parts, which are no faster alone", async () => {
  await assertKeeps(model({ parts: [16, 64] }), /a part of c has 16 channels: alone, it would be no faster/, CPU);
  const wide = model({ kernel: [3, 3], size: 36 });
  await assertKeeps(wide, /a part of c has 32 channels: alone, it would be no faster/, CPU);
});

Deno.test("fuse() keeps small parts of many channels, which are mostly reading", async () => {
  await assertKeeps(model({ channels: 200 }), /a part of c has 32 channels: alone, it would be no faster/, CPU);
});

Deno.test("fuse() keeps small maps, which are quickly cut", async () => {
  await assertKeeps(model({ size: 13 }), /the result of c has 169 positions: to cut it is no work/, CPU);
  await assertKeeps(model({ kernel: [3, 3] }), /the result of c has 196 positions: to cut it is no work/, CPU);
  await assertFuses(model({ size: "size" }), PARTED, CPU);
});

Deno.test("fuse() keeps parts that fill no blocks of channels", async () => {
  await assertKeeps(model({ parts: [36, 44] }), /a part of c has 36 channels, which fill no blocks/, CPU);
});

Deno.test("fuse() keeps a Conv that the blocked layout does not have", async () => {
  await assertKeeps(model({ channels: 10 }), /c has 10 input channels in 1 groups, which fill no blocks/, CPU);
  assertEquals((await left(model({ kernel: [1], between: SILU }))).Split, 1);
});
