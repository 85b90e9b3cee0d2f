/**
 * Weights that a file has in a smaller form (whole numbers and a scale, 4 bits, 8-bit floats, a narrower type): a neighbour's scale goes into
 * the scale, what is stored stays, and the file does not grow.
 */
import { assert, assertEquals, assertLessOrEqual } from "@std/assert";
import { fuse, open } from "../../src/fusion/mod.ts";
import { assertFuses, assertKeeps } from "../fusion_check.ts";
import {
  feedsFor,
  modelBytes,
  random,
  randomIn,
  relativeL2,
  run,
  type TestModel,
  type TestNode,
  type TestTensor,
} from "../onnx_model.ts";

/** Whole numbers in [low, high]. */
function whole(type: number, low: number, high: number, dims: number[]): TestTensor {
  const { values } = randomIn(low, high + 1, dims, 7);
  return { dims, type, values: Array.from(values, (value) => Math.min(high, Math.floor(value))) };
}

const BN = (channels: number): Record<string, TestTensor> => ({
  gamma: random([channels], 2), // of both signs
  beta: random([channels], 3),
  mean: random([channels], 4),
  variance: randomIn(0.1, 2, [channels], 5),
});

const bn = (x: string, y: string): TestNode => ({
  op: "BatchNormalization",
  inputs: [x, "gamma", "beta", "mean", "variance"],
  outputs: [y],
  name: "a",
});

/** A weight W made by nodes of stored tensors. */
interface Stored {
  readonly tensors: Record<string, TestTensor>;
  readonly nodes: readonly TestNode[];
  readonly opset?: number;
  /** Operators that make it. */
  readonly left: Record<string, number>;
}

const dequantized = (
  q: TestTensor,
  scale: TestTensor,
  { zero, attributes = {}, opset = 13 }: { zero?: TestTensor; attributes?: TestNode["attributes"]; opset?: number } =
    {},
): Stored => ({
  tensors: { q, scale, ...zero && { zero } },
  nodes: [{
    op: "DequantizeLinear",
    inputs: zero ? ["q", "scale", "zero"] : ["q", "scale"],
    outputs: ["w"],
    name: "dq",
    attributes,
  }],
  left: { DequantizeLinear: 1 },
  opset,
});

const positive = (...dims: number[]) => randomIn(0.01, 0.02, dims, 9);
const KERNEL = [16, 8, 5, 5];
const one = (value: number, type = 1): TestTensor => ({ dims: [], values: [value], type });

/** Kernels [16, 8, 5, 5] in every form. */
const KERNELS: Record<string, Stored> = {
  "int8 per channel": dequantized(whole(3, -100, 100, KERNEL), positive(16), { attributes: { axis: 0 } }),
  "int8 per channel with zero points": dequantized(whole(3, -100, 100, KERNEL), positive(16), {
    zero: whole(3, -9, 9, [16]),
    attributes: { axis: 0 },
  }),
  "int8 per tensor": dequantized(whole(3, -100, 100, KERNEL), one(0.01)),
  "int8 per tensor with a zero point of 0": dequantized(whole(3, -100, 100, KERNEL), one(0.01), { zero: one(0, 3) }),
  "uint8 per tensor with a zero point": dequantized(whole(2, 0, 255, KERNEL), one(0.01), { zero: one(128, 2) }),
  "int4 per channel": dequantized(whole(22, -8, 7, KERNEL), positive(16), { attributes: { axis: 0 }, opset: 21 }),
  "int4 per tensor with a zero point of 0": dequantized(whole(22, -8, 7, KERNEL), one(0.1), {
    zero: { dims: [], values: [0], type: 22 },
    opset: 21,
  }),
  "uint4 per channel with zero points": dequantized(whole(21, 0, 15, KERNEL), positive(16), {
    zero: whole(21, 5, 9, [16]),
    attributes: { axis: 0 },
    opset: 21,
  }),
  ...Object.fromEntries(
    [17, 18, 19, 20].map((type) => [
      `8-bit floats of type ${type}`,
      dequantized(whole(type, 0, 119, KERNEL), positive(16), { attributes: { axis: 0 }, opset: 21 }),
    ]),
  ),
  "int8 in blocks along another axis": dequantized(whole(3, -100, 100, KERNEL), positive(16, 2, 5, 5), {
    attributes: { axis: 1, block_size: 4 },
    opset: 21,
  }),
  "float16 behind a Cast": {
    tensors: { h: random(KERNEL, 1, 10) },
    nodes: [{ op: "Cast", inputs: ["h"], outputs: ["w"], attributes: { to: 1 } }],
    left: { Cast: 1, Mul: 1 },
  },
  "int8 behind Cast and Mul": {
    tensors: { q: whole(3, -100, 100, KERNEL), scale: positive(16, 1, 1, 1) },
    nodes: [
      { op: "Cast", inputs: ["q"], outputs: ["f"], attributes: { to: 1 } },
      { op: "Mul", inputs: ["scale", "f"], outputs: ["w"] },
    ],
    left: { Cast: 1, Mul: 1 },
  },
};

const after = ({ tensors, nodes, opset }: Stored): TestModel => ({
  opset,
  inputs: { x: [2, 8, 9, 9] },
  outputs: { y: null },
  initializers: { ...tensors, ...BN(16) },
  nodes: [
    ...nodes,
    { op: "Conv", inputs: ["x", "w"], outputs: ["c"], attributes: { pads: [2, 2, 2, 2] } },
    bn("c", "y"),
  ],
});

async function assertSmall(model: TestModel): Promise<void> {
  const bytes = modelBytes(model), { model: fused } = await fuse(bytes);
  const size = (await fused.bytes()).length;
  assertLessOrEqual(size, bytes.length + 600, "bytes of the file");
  const { graph } = (await open(await fused.bytes())).graphs();
  const kept = [...graph.initializers].find(({ initializer }) => initializer!.size > 2000);
  assert(kept && !kept.initializer!.type.startsWith("float3"), `what is stored is now ${kept?.initializer?.type}`);
}

for (const [what, stored] of Object.entries(KERNELS)) {
  Deno.test(`a weight stored as ${what} takes a BatchNormalization behind its layer into its scale`, async () => {
    const model = after(stored);
    await assertFuses(model, { ...stored.left, Conv: 1 });
    await assertSmall(model);
  });
}

/** x [n, 64] → BN → MatMul by W[64, 48]. */
const before = ({ tensors, nodes, opset }: Stored): TestModel => ({
  opset,
  inputs: { x: [3, 64] },
  outputs: { y: null },
  initializers: { ...tensors, ...BN(64), gain: random([48], 12) },
  nodes: [
    ...nodes,
    bn("x", "b"),
    { op: "MatMul", inputs: ["b", "w"], outputs: ["m"] },
    { op: "Mul", inputs: ["m", "gain"], outputs: ["y"], name: "gain" },
  ],
});

const withoutGain = (model: TestModel): TestModel => ({
  ...model,
  nodes: model.nodes.slice(0, -1).map((node) => node.op === "MatMul" ? { ...node, outputs: ["y"] } : node),
});

Deno.test("a BatchNormalization before a layer goes into the scale of a weight stored per row", async () => {
  const stored = dequantized(whole(3, -100, 100, [64, 48]), positive(64), { attributes: { axis: 0 } });
  const model = withoutGain(before(stored));
  await assertFuses(model, { DequantizeLinear: 1, Gemm: 1 });
  await assertSmall(model);
});

Deno.test("a BatchNormalization before a layer goes into the scales of blocks along the columns", async () => {
  const stored = dequantized(whole(22, -8, 7, [64, 48]), positive(64, 3), {
    attributes: { axis: 1, block_size: 16 },
    opset: 21,
  });
  const model = withoutGain(before(stored));
  await assertFuses(model, { DequantizeLinear: 1, Gemm: 1 });
  await assertSmall(model);
});

Deno.test("a scale reaches what is stored through a Transpose of the weight", async () => {
  const stored = dequantized(whole(3, -100, 100, [48, 64]), positive(48), { attributes: { axis: 0 } });
  const turned: Stored = {
    ...stored,
    nodes: [
      { ...stored.nodes[0], outputs: ["v"] },
      { op: "Transpose", inputs: ["v"], outputs: ["w"], attributes: { perm: [1, 0] } },
    ],
  };
  const model = before(turned), [dq, turn, , product, gain] = model.nodes;
  const shorter = { ...model, nodes: [dq, turn, { ...product, inputs: ["x", "w"] }, gain] };
  await assertFuses(shorter, { DequantizeLinear: 1, Transpose: 1, MatMul: 1 });
  await assertSmall(shorter);
});

Deno.test("a depthwise layer's input scale is a scale of its channels", async () => {
  const stored = dequantized(whole(3, -100, 100, [32, 1, 9, 9]), positive(32), { attributes: { axis: 0 } });
  const model: TestModel = {
    opset: 13,
    inputs: { x: [1, 32, 10, 10] },
    outputs: { y: null },
    initializers: { ...stored.tensors, ...BN(32) },
    nodes: [...stored.nodes, bn("x", "b"), {
      op: "Conv",
      inputs: ["b", "w"],
      outputs: ["y"],
      attributes: { group: 32 },
    }],
  };
  await assertFuses(model, { DequantizeLinear: 1, Conv: 1 });
  await assertSmall(model);
});

Deno.test("a weight that com.microsoft's DequantizeLinear makes keeps its whole numbers, and its scale takes the map", async () => {
  const { tensors, nodes: [node] } = KERNELS["int8 per channel"];
  const model = after({ tensors, nodes: [{ ...node, domain: "com.microsoft" }], left: {} });
  await assertFuses({ ...model, opsets: { "com.microsoft": 1 } }, { "com.microsoft.DequantizeLinear": 1, Conv: 1 });
  await assertSmall({ ...model, opsets: { "com.microsoft": 1 } });
});

Deno.test("a weight that two layers share keeps its whole numbers once", async () => {
  const stored = KERNELS["int8 per channel"], model = after(stored);
  const shared: TestModel = {
    ...model,
    outputs: { y: null, z: null },
    nodes: [...model.nodes, { op: "Conv", inputs: ["x", "w"], outputs: ["z"], name: "other" }],
  };
  await assertFuses(shared, { DequantizeLinear: 2, Conv: 2 });
  await assertSmall(shared);
});

Deno.test("weights of 4 bits and of 8-bit floats are written back unchanged and read as ONNX Runtime reads them", async () => {
  for (const name of ["int4 per channel", "8-bit floats of type 17", "8-bit floats of type 19"]) {
    const model = after(KERNELS[name]), bytes = modelBytes(model);
    // evaluated whole
    const { model: fused, report } = await fuse(bytes, { allowGrowth: true });
    assertEquals(report.after.ops, { Conv: 1 });
    const feeds = feedsFor(model);
    assertLessOrEqual(relativeL2(await run(bytes, feeds), await run(await fused.bytes(), feeds)), 1e-5);
  }
});

const REFUSALS: Record<string, TestModel> = {
  "whose scale goes along another axis": withoutGain(
    before(dequantized(whole(3, -100, 100, [64, 48]), positive(48), { attributes: { axis: 1 } })),
  ),
  "whose blocks lie along the axis": withoutGain(
    before(dequantized(whole(3, -100, 100, [64, 48]), positive(4, 48), {
      attributes: { axis: 0, block_size: 16 },
      opset: 21,
    })),
  ),
  "per tensor, before an axis can be given": after(dequantized(whole(3, -100, 100, KERNEL), one(0.01), { opset: 11 })),
  "whose 4-bit zero point would have to be repeated": after(
    dequantized(whole(22, -8, 7, KERNEL), one(0.1), { zero: { dims: [], values: [3], type: 22 }, opset: 21 }),
  ),
};

for (const [what, model] of Object.entries(REFUSALS)) {
  Deno.test(`a stored weight ${what} is left as it is`, async () => {
    await assertKeeps(model, /the file would grow by \d+ (bytes|KB): 'w' is stored in fewer bytes/, { node: "a" });
  });
}

Deno.test("a scale of a narrower type than the weight is not rounded once more", async () => {
  const stored = dequantized(whole(3, -100, 100, KERNEL), { ...positive(16), type: 10 }, {
    attributes: { axis: 0, output_dtype: 1 },
    opset: 23,
  });
  await assertKeeps(after(stored), /the file would grow/, { node: "a" });
});

Deno.test("a scale that would be large beside its weight is not stored", async () => {
  const stored: Stored = {
    tensors: { h: random([1024, 12], 1, 10) },
    nodes: [{ op: "Cast", inputs: ["h"], outputs: ["w"], attributes: { to: 1 } }],
    left: {},
  };
  const made = before(stored), { gain: _, ...constants } = made.initializers!;
  await assertKeeps(
    { ...withoutGain(made), inputs: { x: [3, 1024] }, initializers: { ...constants, ...BN(1024) } },
    /'w' is stored in fewer bytes/,
    { node: "a" },
  );
});
