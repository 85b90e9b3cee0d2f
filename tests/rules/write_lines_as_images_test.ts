/** Chains of 1-D layers on images of height 1, where ONNX Runtime has its blocked layout. */
import { assert, assertEquals } from "@std/assert";
import { fuse } from "../../src/fusion/mod.ts";
import { modelBytes, random, randomIn, tensor, type TestAttribute, type TestModel } from "../onnx_model.ts";
import { assertFuses, assertKeeps } from "../fusion_check.ts";
import { asRun, assertForCpuAlone, CPU } from "./cpu_kernels.ts";

type Attributes = Record<string, TestAttribute>;
type Step = [op: string, inputs: string[], attributes?: Attributes];

const WIDTH = 64, LENGTH = 160;

/** Nodes one after the other: `v0`, `v1`, … are their results, the last of which is the output. */
function model(
  steps: Step[],
  { opset = 17, batch = 2, width = WIDTH, length = LENGTH as number | string, type = 1 } = {},
): TestModel {
  const narrow = (dims: number[], seed: number) => ({ ...randomIn(-0.1, 0.1, dims, seed), type });
  return {
    opset,
    inputs: { x: [batch, width, length] },
    outputs: { [`v${steps.length - 1}`]: null },
    types: { x: type, [`v${steps.length - 1}`]: type },
    initializers: {
      w: narrow([width, width, 9], 1),
      w2: narrow([width, width, 9], 2),
      one: narrow([width, width, 1], 3),
      deep: narrow([width, 1, 9], 4),
      up: narrow([width, width, 4], 5),
      b: random([width], 6, type),
      s: randomIn(0.5, 2, [width], 7, type),
      row: random([1, width, 1], 8, type),
      column: random([width, 1], 9, type),
      along: random([LENGTH], 10, type),
      number: tensor([], [0.5], type),
      ...type === 1 && {
        starts: tensor([1], [0], 7),
        ends: tensor([1], [-4], 7),
        axes: tensor([1], [-1], 7),
      },
    },
    nodes: steps.map(([op, inputs, attributes], at) => ({ op, inputs, outputs: [`v${at}`], attributes })),
  };
}

const PADDED = { pads: [4, 4] };
const chain: Step[] = [
  ["Conv", ["x", "w", "b"], PADDED],
  ["Relu", ["v0"]],
  ["Conv", ["v1", "w2", "b"], PADDED],
];
const lifted = { Unsqueeze: 1, Squeeze: 1 };

async function assertLifted(given: TestModel, left: Record<string, number>): Promise<void> {
  await assertFuses(given, { ...lifted, ...left }, { options: CPU, tolerance: 2e-6 });
}

Deno.test("fuse() writes a chain of 1-D Convs in 2-D, with one Unsqueeze and one Squeeze", async () => {
  for (const opset of [11, 13, 17, 22]) await assertLifted(model(chain, { opset }), { Conv: 2, Relu: 1 });
  assertEquals(await asRun(model(chain)), {
    Unsqueeze: 1,
    "nchwc.ReorderInput": 1,
    "nchwc.Conv": 2,
    "nchwc.ReorderOutput": 1,
    Squeeze: 1,
  });
});

Deno.test("fuse() writes lines of open length in 2-D", async () => {
  const open = model(chain, { length: "time" }), { report, model: fused } = await fuse(modelBytes(open), CPU);
  assertEquals(report.after.ops, { ...lifted, Conv: 2, Relu: 1 });
  assert((await fused.bytes()).length > 0);
});

Deno.test("strides, dilations, groups, automatic padding and transposed layers stay what they are", async () => {
  for (
    const attributes of [
      { strides: [3], pads: [1, 2] },
      { dilations: [2] },
      { auto_pad: "SAME_LOWER", strides: [2] },
      { auto_pad: "VALID", kernel_shape: [9] },
    ] as Attributes[]
  ) await assertLifted(model([...chain.slice(0, 2), ["Conv", ["v1", "w2"], attributes]]), { Conv: 2, Relu: 1 });
  await assertLifted(model([["Conv", ["x", "deep"], { group: WIDTH, pads: [4, 4] }]]), { Conv: 1 });
  for (
    const attributes of [{ strides: [2], pads: [1, 1], output_padding: [1] }, {
      output_shape: [320],
      strides: [2],
    }] as Attributes[]
  ) {
    const steps: Step[] = [["ConvTranspose", ["x", "up"], attributes], ["Conv", ["v0", "w"], PADDED]];
    await assertLifted(model(steps), { ConvTranspose: 1, Conv: 1 });
  }
});

Deno.test("norms, activations, sums, joins, pools, slices and constants go with the chain", async () => {
  const [first, relu, last] = chain;
  const between: [Step[], Record<string, number>][] = [
    [[["Add", ["v1", "x"]]], { Add: 1 }],
    [[["Mul", ["v1", "row"]], ["Sigmoid", ["v2"]], ["Mul", ["v3", "v1"]]], { Sigmoid: 1, Mul: 2 }],
    [[["Add", ["v1", "along"]]], { Add: 1 }],
    [[["Div", ["number", "v1"]], ["Sub", ["v2", "v1"]]], { Div: 1, Sub: 1 }],
    [[["PRelu", ["v0", "column"]], ["Add", ["v2", "v1"]]], { PRelu: 1, Add: 1 }],
    [[["InstanceNormalization", ["v1", "s", "b"]]], { InstanceNormalization: 1 }],
    [[["MaxPool", ["v1"], { kernel_shape: [3], strides: [2], pads: [1, 0] }]], { MaxPool: 1 }],
    [[["AveragePool", ["v1"], { kernel_shape: [3], pads: [1, 1] }]], { AveragePool: 1 }],
    [[["GlobalAveragePool", ["v1"]], ["Mul", ["v2", "v1"]]], { GlobalAveragePool: 1, Mul: 1 }],
    [[["Slice", ["v1", "starts", "ends", "axes"]]], { Slice: 1 }],
    [[["Concat", ["v1", "x"], { axis: -1 }]], { Concat: 1 }],
    [[["LeakyRelu", ["v1"], { alpha: { float: 0.3 } }]], { LeakyRelu: 1 }],
  ];
  for (const [nodes, left] of between) {
    const end: Step = [last[0], [`v${1 + nodes.length}`, ...last[1].slice(1)], last[2]];
    await assertLifted(model([first, relu, ...nodes, end]), { Conv: 2, Relu: 1, ...left });
  }
});

Deno.test("a value of the chain that others need comes out of it too", async () => {
  const steps: Step[] = [...chain, ["Transpose", ["v0"], { perm: [0, 2, 1] }], ["MatMul", ["v2", "v3"]]];
  await assertLifted(model(steps), { Squeeze: 2, Conv: 2, Relu: 1, Transpose: 1, MatMul: 1 });
});

Deno.test("fuse() keeps 1-D layers for every other runtime", async () => {
  await assertForCpuAlone(model(chain), "write-lines-as-images", { Conv: 2, Relu: 1 });
});

const KEPT = /as long/;

Deno.test("fuse() keeps 1-D layers of one tap", async () => {
  await assertKeeps(model([["Conv", ["x", "one", "b"]], ["Relu", ["v0"]], ["Conv", ["v1", "one"]]]), KEPT, {
    options: CPU,
  });
});

Deno.test("fuse() keeps a chain whose channels do not fill blocks", async () => {
  await assertKeeps(model(chain, { width: 20 }), KEPT, { options: CPU });
});

Deno.test("fuse() keeps a chain whose channels are one piece of work, which two threads could not share", async () => {
  await assertKeeps(model(chain, { batch: 1 }), KEPT, { options: CPU });
});

Deno.test("fuse() writes a chain of few channels in 2-D where its lines are so short that threads do not help the plain kernels", async () => {
  await assertLifted(model(chain, { width: 32, batch: 1, length: 96 }), { Conv: 2, Relu: 1 });
  await assertKeeps(model(chain, { width: 32, batch: 1, length: 2000 }), KEPT, { options: CPU });
});

Deno.test("fuse() keeps a chain whose layers are small beside what would be copied at its borders", async () => {
  const steps: Step[] = [["Conv", ["x", "up"]], ["Relu", ["v0"]]];
  await assertKeeps(model(steps, { width: 32 }), KEPT, { options: CPU });
});

Deno.test("fuse() keeps 1-D layers of float64, or with a computed weight", async () => {
  for (
    const given of [model(chain, { type: 11 }), {
      ...model(chain.slice(0, 2)),
      inputs: { x: [2, WIDTH, LENGTH], w: [WIDTH, WIDTH, 9] },
    }]
  ) {
    const { report } = await fuse(modelBytes(given), { ...CPU, rules: ["write-lines-as-images"] });
    assertEquals(report.after.ops.Unsqueeze, undefined);
  }
});

Deno.test("what the runtime runs as one operator is never cut: a LayerNormalization over the length stays outside", async () => {
  const steps: Step[] = [
    ...chain,
    ["ReduceMean", ["v2"], { axes: [-1] }],
    ["Sub", ["v2", "v3"]],
    ["Mul", ["v4", "v4"]],
    ["ReduceMean", ["v5"], { axes: [-1] }],
    ["Add", ["v6", "number"]],
    ["Sqrt", ["v7"]],
    ["Div", ["v4", "v8"]],
    ["Mul", ["v9", "along"]],
    ["Add", ["v10", "along"]],
  ];
  const given = model(steps, { opset: 13 });
  given.initializers!.number.values = [1e-5];
  given.nodes[5] = { op: "Pow", inputs: ["v4", "two"], outputs: ["v5"] };
  given.initializers!.two = tensor([], [2]);
  const ran = await asRun(given);
  assertEquals([ran.LayerNormalization, ran["nchwc.Conv"]], [1, 2]);
});
