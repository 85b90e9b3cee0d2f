/** Extremes with a number and means of images behind a convolution, in operators that ONNX Runtime's blocked layout has. */
import { assert, assertEquals } from "@std/assert";
import { fuse } from "../../src/fusion/mod.ts";
import { modelBytes, random, tensor, type TestAttribute, type TestModel } from "../onnx_model.ts";
import { assertFuses } from "../fusion_check.ts";
import { asRun, assertForCpuAlone, CPU } from "./cpu_kernels.ts";

type Step = [op: string, inputs: string[], attributes?: Record<string, TestAttribute>];

/** A Conv whose result is `c`, and nodes behind it, the last of which makes the output. */
function model(steps: Step[], { opset = 17, channels = 8, rank = 4 } = {}): TestModel {
  const spatial = new Array<number>(rank - 2).fill(7);
  return {
    opset,
    inputs: { x: ["n", channels, ...spatial] },
    outputs: { [`v${steps.length - 1}`]: null },
    initializers: {
      w: random([16, channels, ...spatial.map(() => 3)], 1),
      zero: tensor([], [0]),
      low: tensor([1], [-0.5]),
      high: tensor([1, 1, 1], [1.25]),
      channel: random([16, 1, 1], 3),
    },
    nodes: [
      { op: "Conv", inputs: ["x", "w"], outputs: ["c"] },
      ...steps.map(([op, inputs, attributes], at) => ({ op, inputs, outputs: [`v${at}`], attributes })),
    ],
  };
}

async function assertWritten(given: TestModel, left: Record<string, number>): Promise<void> {
  await assertFuses(given, { Conv: 1, ...left }, { options: CPU, tolerance: 1e-6 });
}

Deno.test("fuse() writes the maximum with a number as Relu or Clip, and the minimum as Clip", async () => {
  for (const opset of [8, 10, 13, 17]) {
    await assertWritten(model([["Max", ["c", "zero"]]], { opset }), { Relu: 1 });
    await assertWritten(model([["Max", ["low", "c"]]], { opset }), { Clip: 1 });
    await assertWritten(model([["Min", ["c", "high"]]], { opset }), { Clip: 1 });
  }
});

Deno.test("fuse() writes a maximum and a minimum as one Clip, in either order, and ONNX Runtime does it with the Conv", async () => {
  const orders: Step[][] = [
    [["Max", ["c", "low"]], ["Min", ["high", "v0"]]],
    [["Min", ["c", "high"]], ["Max", ["v0", "low"]]],
  ];
  for (const steps of orders) {
    await assertWritten(model(steps), { Clip: 1 });
    const ran = await asRun(model(steps));
    assertEquals([ran["nchwc.Conv"], ran.Clip, ran.Max, ran.Min], [1, undefined, undefined, undefined]);
  }
});

Deno.test("bounds that cross keep what the later one says", async () => {
  for (
    const steps of [[["Max", ["c", "high"]], ["Min", ["v0", "low"]]], [["Min", ["c", "low"]], ["Max", [
      "v0",
      "high",
    ]]]] as Step[][]
  ) {
    const given = model(steps), { report } = await fuse(modelBytes(given), CPU);
    await assertWritten(given, { ...report.after.ops, Conv: 1 });
  }
});

Deno.test("fuse() writes a mean over height and width as a global average pool", async () => {
  for (const axes of [[2, 3], [-1, -2], [3, -2]]) {
    await assertWritten(model([["ReduceMean", ["c"], { axes }]]), { GlobalAveragePool: 1 });
    const flat = model([["Relu", ["c"]], ["ReduceMean", ["v0"], { axes, keepdims: 0 }]]);
    await assertWritten(flat, { Relu: 1, GlobalAveragePool: 1, Flatten: 1 });
    assertEquals((await asRun(flat))["nchwc.GlobalAveragePool"], 1);
  }
});

Deno.test("fuse() keeps extremes and means for every other runtime", async () => {
  await assertForCpuAlone(model([["Max", ["c", "low"]]]), "write-on-blocks", { Conv: 1, Max: 1 });
  // the mean changes places with the Conv only where that treats every position alike
  await assertForCpuAlone(model([["ReduceMean", ["c"], { axes: [2, 3] }]]), "write-on-blocks", {
    Conv: 1,
    ReduceMean: 1,
  });
});

Deno.test("fuse() keeps what is none of these, or behind no Conv of blocks", async () => {
  const kept: [TestModel, string][] = [
    [model([["Max", ["c", "channel"]]]), "Max"],
    [model([["Max", ["c", "low", "zero"]]]), "Max"],
    [model([["Max", ["x", "low"]], ["Conv", ["v0", "w"]]]), "Max"],
    [model([["Max", ["c", "low"]]], { channels: 10 }), "Max"],
    [model([["Max", ["c", "zero"]]], { rank: 3 }), "Max"],
    [model([["ReduceMean", ["c"], { axes: [3] }]]), "ReduceMean"],
    [model([["ReduceMean", ["c"], { axes: [1, 2] }]]), "ReduceMean"],
    [model([["ReduceMean", ["c"]]]), "ReduceMean"],
    [model([["ReduceMean", ["c"], { axes: [2, 3] }]], { channels: 10 }), "ReduceMean"],
  ];
  for (const [given, op] of kept) {
    const { report } = await fuse(modelBytes(given), CPU);
    assert(report.after.ops[op] === 1, `${op}: ${JSON.stringify(report.after.ops)}`);
  }
});
