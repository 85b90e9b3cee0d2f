/** PRelu behind a convolution, in operators that ONNX Runtime's blocked layout has. */
import { assertEquals, assertLess } from "@std/assert";
import { fuse } from "../../src/fusion/mod.ts";
import { modelBytes, random, randomIn, tensor, type TestModel, type TestNode, type TestTensor } from "../onnx_model.ts";
import { assertFuses, assertKeeps } from "../fusion_check.ts";
import { asRun, assertForCpuAlone, CPU } from "./cpu_kernels.ts";

interface Case {
  channels?: number;
  slope?: TestTensor;
  inputs?: number;
  group?: number;
  more?: TestNode[];
  opset?: number;
}

const CHANNELS = 16;

/** Conv → PRelu → Conv. */
function model(
  { channels = CHANNELS, slope, inputs = 4, group = 1, more = [], opset = 13 }: Case = {},
): TestModel {
  return {
    opset,
    inputs: { x: [1, inputs, 6, 6] },
    outputs: { y: null, ...Object.fromEntries(more.map(({ outputs: [name] }) => [name, null])) },
    initializers: {
      w: random([channels, inputs / group, 3, 3], 1),
      b: random([channels], 2),
      s: slope ?? randomIn(-0.5, 0.9, [channels, 1, 1], 3),
      v: random([channels, channels, 3, 3], 4),
    },
    nodes: [
      { op: "Conv", inputs: ["x", "w", "b"], outputs: ["c"], attributes: { group } },
      { op: "PRelu", inputs: ["c", "s"], outputs: ["p"] },
      { op: "Conv", inputs: ["p", "v"], outputs: ["y"] },
      ...more,
    ],
  };
}

const KEPT = { Conv: 2, PRelu: 1 }, WRITTEN = { Conv: 2, Relu: 1, BatchNormalization: 1, Add: 1 };

Deno.test("fuse() writes a PRelu with slopes below 1 as a scaled Conv, a Relu and a scaled copy", async () => {
  for (const opset of [9, 13, 17, 22]) await assertFuses(model({ opset }), WRITTEN, { options: CPU, tolerance: 1e-6 });
  const batched = { ...model(), inputs: { x: ["n", 4, "h", "w"] } };
  assertEquals((await asRun(batched)).PRelu, undefined);
});

Deno.test("fuse() writes a PRelu as Relu and two scaled copies where a slope is 1 or more", async () => {
  for (
    const slope of [randomIn(0.5, 3, [CHANNELS, 1, 1], 3), tensor([CHANNELS, 1, 1], [1, ...new Array(15).fill(0.5)])]
  ) {
    await assertFuses(model({ slope }), { ...WRITTEN, BatchNormalization: 2 }, { options: CPU, tolerance: 1e-6 });
  }
});

Deno.test("fuse() writes a PRelu with one slope as a LeakyRelu", async () => {
  const slopes = [tensor([1], [0.25]), tensor([CHANNELS, 1, 1], new Array(CHANNELS).fill(-0.5)), tensor([], [1.5])];
  for (const slope of slopes) {
    await assertFuses(model({ slope }), { Conv: 2, LeakyRelu: 1 }, { options: CPU, tolerance: 1e-9 });
    assertEquals(await asRun(model({ slope })), { "nchwc.Conv": 2, "nchwc.ReorderOutput": 1 });
  }
});

Deno.test("ONNX Runtime stays in its blocked layout from the first Conv to the last", async () => {
  const blocked = await asRun(model()), before = await asRun(model(), {});
  assertEquals(blocked, { "nchwc.Conv": 3, Relu: 1, "nchwc.ReorderOutput": 1 });
  assertEquals(before, { "nchwc.Conv": 2, PRelu: 1, "nchwc.ReorderOutput": 2, "nchwc.ReorderInput": 1 });
});

Deno.test("fuse() writes a PRelu behind a depthwise Conv", async () => {
  await assertFuses(model({ inputs: 16, group: 16 }), WRITTEN, { options: CPU, tolerance: 1e-6 });
});

Deno.test("fuse() keeps a PRelu for every other runtime", async () => {
  await assertForCpuAlone(model(), "write-slopes-as-relu", KEPT);
});

Deno.test("fuse() keeps a PRelu whose Conv is used elsewhere too", async () => {
  await assertKeeps(model({ more: [{ op: "Sigmoid", inputs: ["c"], outputs: ["z"] }] }), /also used by/, {
    options: CPU,
  });
});

Deno.test("fuse() keeps a PRelu whose slope is computed, or may be given by a caller", async () => {
  const given = model();
  given.inputs = { ...given.inputs, s: [CHANNELS, 1, 1] };
  await assertKeeps(given, /slope is not constant/, { options: CPU });
});

Deno.test("fuse() keeps a PRelu whose slope goes along another axis", async () => {
  await assertKeeps(model({ slope: random([4], 3) }), /not one number per channel/, { options: CPU });
});

Deno.test("fuse() keeps a PRelu with a slope that would cost digits", async () => {
  await assertKeeps(model({ slope: randomIn(-20, 0, [CHANNELS, 1, 1], 3) }), /cost the others' digits/, {
    options: CPU,
  });
});

Deno.test("fuse() keeps a PRelu behind a Conv whose channels fill no blocks", async () => {
  await assertKeeps(model({ inputs: 10 }), /fill no blocks/, { options: CPU });
  await assertKeeps(model({ inputs: 4, group: 2 }), /fill no blocks/, { options: CPU });
});

Deno.test("fuse() keeps a PRelu of so few numbers that two operators more would take longer", async () => {
  const small = { ...model(), inputs: { x: [1, 4, 5, 5] } };
  await assertKeeps(small, /it is applied to 144 numbers, too few for two operators more to pay/, { options: CPU });
  const plain = { ...model({ channels: 4 }), inputs: { x: [1, 4, 18, 18] } };
  await assertKeeps(plain, /it is applied to 1024 numbers/, { options: CPU });
  await assertFuses({ ...plain, inputs: { x: [1, 4, 34, 34] } }, WRITTEN, { options: CPU, tolerance: 1e-6 });
});

Deno.test("fuse() keeps a PRelu behind a 1-D Conv, or one of float64", async () => {
  const line = model();
  line.inputs = { x: [1, 4, 6] };
  Object.assign(line.initializers!, {
    w: random([CHANNELS, 4, 3], 1),
    v: random([CHANNELS, CHANNELS, 3], 1),
    s: random([CHANNELS, 1], 2),
  });
  await assertKeeps(line, /images only/, { options: { ...CPU, rules: ["write-slopes-as-relu"] } });
  const double = model();
  for (const constant of Object.values(double.initializers!)) constant.type = 11;
  await assertKeeps({ ...double, types: { x: 11, y: 11 } }, /float64/, { options: CPU });
});

Deno.test("fuse() keeps a PRelu that is behind no Conv", async () => {
  const { report } = await fuse(
    modelBytes({
      inputs: { x: [1, 4, 5, 5] },
      outputs: { y: null },
      initializers: { s: random([4, 1, 1]) },
      nodes: [{ op: "PRelu", inputs: ["x", "s"], outputs: ["y"] }],
    }),
    CPU,
  );
  assertLess(report.applied.length, 1);
});
