/** Factors of 3-D convolutions on images, where ONNX Runtime has its blocked layout. */
import { assertEquals } from "@std/assert";
import { fuse } from "../../src/fusion/mod.ts";
import { modelBytes, random, type TestAttribute, type TestModel } from "../onnx_model.ts";
import { assertFuses, assertKeeps } from "../fusion_check.ts";
import { asRun, assertForCpuAlone, CPU } from "./cpu_kernels.ts";

type Attributes = Record<string, TestAttribute>;

interface Case {
  kernel?: number[];
  attributes?: Record<string, TestAttribute>;
  channels?: number;
  out?: number;
  group?: number;
  /** T, H, W as the file says them. */
  sizes?: (number | string)[];
  activation?: string;
  opset?: number;
}

const TIME = { kernel: [3, 1, 1], attributes: { pads: [1, 0, 0, 1, 0, 0] } };
const IMAGE = { kernel: [1, 3, 3], attributes: { pads: [0, 1, 1, 0, 1, 1] } };

function model(
  {
    kernel = [3, 1, 1],
    attributes = {},
    channels = 16,
    out = 16,
    group = 1,
    sizes = [4, 5, 6],
    activation,
    opset = 17,
  }: Case,
): TestModel {
  return {
    opset,
    inputs: { x: ["n", channels, ...sizes] },
    outputs: { y: null },
    initializers: { w: random([out, channels / group, ...kernel], 1), b: random([out], 2) },
    nodes: [
      { op: "Conv", inputs: ["x", "w", "b"], outputs: [activation ? "c" : "y"], attributes: { group, ...attributes } },
      ...activation ? [{ op: activation, inputs: ["c"], outputs: ["y"] }] : [],
    ],
  };
}

const OPTIONS = { options: CPU, tolerance: 1e-6 };

Deno.test("fuse() writes a Conv along time as one of images T × (H·W)", async () => {
  await assertFuses(model(TIME), { Conv: 1, Reshape: 2 }, OPTIONS);
  for (
    const attributes of [{ strides: [2, 1, 1] }, { dilations: [2, 1, 1], pads: [2, 0, 0, 1, 0, 0] }, {
      auto_pad: "VALID",
    }] as Attributes[]
  ) {
    await assertFuses(model({ attributes }), { Conv: 1, Reshape: 2 }, OPTIONS);
  }
});

Deno.test("fuse() writes a Conv of each frame as one of N·T images", async () => {
  const left = { Conv: 1, Reshape: 2, Transpose: 2 };
  await assertFuses(model(IMAGE), left, OPTIONS);
  for (
    const attributes of [{ strides: [1, 2, 3] }, { pads: [0, 1, 0, 0, 2, 1], dilations: [1, 2, 1] }] as Attributes[]
  ) {
    await assertFuses(model({ ...IMAGE, attributes }), left, OPTIONS);
  }
});

Deno.test("the activation goes with the Conv, so that the runtime does it as it stores the result", async () => {
  const given = model({ ...IMAGE, activation: "Relu", out: 32 });
  await assertFuses(given, { Conv: 1, Relu: 1, Reshape: 2, Transpose: 2 }, OPTIONS);
  const ran = await asRun(given);
  assertEquals([ran["nchwc.Conv"], ran.Relu], [1, undefined]);
});

Deno.test("open frames, heights and widths are asked for when the model runs", async () => {
  for (const given of [TIME, IMAGE]) {
    const open = model({ ...given, sizes: ["t", "h", "w"] }), { report } = await fuse(modelBytes(open), CPU);
    assertEquals(report.applied.length, 1);
    // the same file, run on sizes of its own
    await assertFuses({ ...open, inputs: { x: [2, 16, "t", "h", "w"] } }, report.after.ops, OPTIONS);
  }
});

const KEPT = { Conv: 1 };

Deno.test("fuse() keeps 3-D layers for every other runtime", async () => {
  for (const given of [TIME, IMAGE]) await assertForCpuAlone(model(given), "write-clips-as-images", KEPT);
});

Deno.test("fuse() keeps a Conv along time and in the image", async () => {
  const others: Case[] = [
    { kernel: [3, 3, 3] },
    { kernel: [3, 1, 1], attributes: { strides: [1, 2, 2] } },
    { kernel: [1, 3, 3], attributes: { strides: [2, 1, 1] } },
    { kernel: [1, 3, 3], attributes: { pads: [1, 0, 0, 1, 0, 0] } },
  ];
  for (const given of others) assertEquals((await fuse(modelBytes(model(given)), CPU)).report.after.ops, KEPT);
});

Deno.test("fuse() keeps a Conv of clips of one tap", async () => {
  await assertKeeps(model({ kernel: [1, 1, 1] }), /one tap/, { options: CPU });
});

Deno.test("fuse() keeps a Conv of clips whose channels fill no blocks", async () => {
  await assertKeeps(model({ channels: 4 }), /fill no blocks/, { options: CPU });
  await assertKeeps(model({ out: 20 }), /fill no blocks/, { options: CPU });
  await assertKeeps(model({ channels: 18 }), /fill no blocks/, { options: CPU });
  await assertKeeps(model({ channels: 32, out: 32, group: 2 }), /fill no blocks/, { options: CPU });
});

Deno.test("fuse() keeps a Conv of clips that makes much of little", async () => {
  await assertKeeps(model({ ...TIME, out: 32, sizes: [8, 80, 80] }), /longer to copy/, { options: CPU });
  await assertKeeps(model({ ...TIME, out: 32, sizes: ["t", "h", "w"] }), /longer to copy/, { options: CPU });
});

Deno.test("fuse() keeps a Conv of few channels of clips that no cache holds", async () => {
  await assertKeeps(model({ ...TIME, sizes: [8, 56, 56] }), /copying so many takes as long/, { options: CPU });
});

Deno.test("fuse() keeps a Conv of clips of open size that pads by itself", async () => {
  const attributes = { auto_pad: "SAME_UPPER", strides: [2, 1, 1] };
  await assertKeeps(model({ attributes, sizes: ["t", "h", "w"], activation: "Relu" }), /auto_pad/, { options: CPU });
});

Deno.test("fuse() keeps a Conv of clips whose weight is computed", async () => {
  const given = model(TIME);
  given.inputs = { ...given.inputs, w: [16, 16, 3, 1, 1] };
  assertEquals((await fuse(modelBytes(given), { ...CPU, rules: ["write-clips-as-images"] })).report.after.ops, KEPT);
});
