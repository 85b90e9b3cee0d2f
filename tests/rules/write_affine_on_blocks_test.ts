/** An affine map between two padded convolutions, in the form that ONNX Runtime's blocked layout has. */
import { assertEquals } from "@std/assert";
import { fuse } from "../../src/fusion/mod.ts";
import { assertFuses } from "../fusion_check.ts";
import { modelBytes, random, tensor, type TestModel, type TestNode, type TestTensor } from "../onnx_model.ts";
import { asRun, assertForCpuAlone, CPU } from "./cpu_kernels.ts";

const CHANNELS = 16;

interface Case {
  affine?: TestNode[];
  activation?: TestNode[];
  constants?: Record<string, TestTensor>;
  outputs?: string[];
  last?: TestNode;
  inputs?: (string | number)[];
}

const pads = [1, 1, 1, 1];
const ADD: TestNode[] = [{ op: "Add", inputs: ["r", "t"], outputs: ["a"] }];

/** Conv → Relu → Add → padded Conv, which takes no shift. */
function model(given: Case = {}): TestModel {
  const { affine = ADD, activation, constants, outputs = [], last, inputs = ["n", 4, 6, 6] } = given;
  return {
    opset: 13,
    inputs: { x: inputs },
    outputs: { y: null, ...Object.fromEntries(outputs.map((name) => [name, null])) },
    initializers: {
      w: random([CHANNELS, 4, 3, 3], 1),
      v: random([CHANNELS, CHANNELS, 3, 3], 4),
      t: tensor([], [0.5]),
      ...constants,
    },
    nodes: [
      { op: "Conv", inputs: ["x", "w"], outputs: ["c"], attributes: { pads } },
      ...activation ?? [{ op: "Relu", inputs: ["c"], outputs: ["r"] }],
      ...affine,
      last ?? { op: "Conv", inputs: ["a", "v"], outputs: ["y"], attributes: { pads } },
    ],
  };
}

const WRITTEN = { Conv: 2, Relu: 1, BatchNormalization: 1 };

Deno.test("fuse() writes a shift between padded convolutions as a BatchNormalization, which stays on blocks", async () => {
  await assertFuses(model(), WRITTEN, { options: CPU, tolerance: 1e-6 });
  assertEquals(await asRun(model({ inputs: [1, 4, 6, 6] })), { "nchwc.Conv": 3, "nchwc.ReorderOutput": 1 });
  await assertForCpuAlone(model(), "write-affine-on-blocks", { Conv: 2, Relu: 1, Add: 1 });
});

Deno.test("fuse() writes a shift per channel behind x·HardSigmoid(x), and behind a sum of two convolutions", async () => {
  const t = random([CHANNELS, 1, 1], 7);
  const gate: TestNode[] = [
    { op: "HardSigmoid", inputs: ["c"], outputs: ["h"] },
    { op: "Mul", inputs: ["c", "h"], outputs: ["r"] },
  ];
  const gated = { Conv: 2, HardSigmoid: 1, Mul: 1, BatchNormalization: 1 };
  await assertFuses(model({ activation: gate, constants: { t } }), gated, { options: CPU, tolerance: 1e-6 });
  const sum: TestNode[] = [
    { op: "Conv", inputs: ["x", "u"], outputs: ["d"], attributes: { pads: [2, 2, 2, 2] } },
    { op: "Add", inputs: ["c", "d"], outputs: ["s"] },
    { op: "Relu", inputs: ["s"], outputs: ["r"] },
  ];
  const u = random([CHANNELS, 4, 5, 5], 8), left = { Conv: 3, Add: 1, Relu: 1, BatchNormalization: 1 };
  await assertFuses(model({ activation: sum, constants: { t, u } }), left, {
    options: { ...CPU, skip: ["merge-parallel-layers"] },
    tolerance: 1e-6,
  });
});

const KEPT: Record<string, Case> = {
  "a graph output": { outputs: ["a"] },
  "that something else takes": { affine: [...ADD, { op: "Sin", inputs: ["a"], outputs: ["z"] }], outputs: ["z"] },
  "in front of a layer that reads no blocks": {
    last: { op: "ConvTranspose", inputs: ["a", "v"], outputs: ["y"], attributes: { pads, strides: [2, 2] } },
  },
  "behind what runs on no blocks": { activation: [{ op: "Sin", inputs: ["c"], outputs: ["r"] }] },
  "of every pixel": { constants: { t: random([CHANNELS, 6, 6], 3) } },
  "along another axis": { constants: { t: random([6], 3) } },
};

for (const [name, given] of Object.entries(KEPT)) {
  Deno.test(`write-affine-on-blocks keeps a shift ${name}`, async () => {
    const { report } = await fuse(modelBytes(model(given)), CPU);
    assertEquals(report.applied.filter(({ rule }) => rule === "write-affine-on-blocks"), []);
    assertEquals([report.after.ops.Add, report.after.ops.BatchNormalization], [1, undefined]);
  });
}
