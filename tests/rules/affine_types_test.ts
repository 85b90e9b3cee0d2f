/** Element types and opsets of affine folds: float16, bfloat16, float64, mixed BatchNormalization-15, opsets 1 to 22. */
import { assert, assertAlmostEquals, assertEquals, assertLessOrEqual } from "@std/assert";
import { fuse, open } from "../../src/fusion/mod.ts";
import { messageType } from "../../src/proto/schema.ts";
import { valuesOf } from "../../src/tensor/tensor.ts";
import { assertFuses, assertKeeps, TOLERANCE } from "../fusion_check.ts";
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
import { AS_WRITTEN } from "./linear_layers.ts";

const FLOAT = 1, FLOAT16 = 10, DOUBLE = 11, BFLOAT16 = 16;

const bnNode = (x: string, y: string, attributes: TestNode["attributes"] = {}): TestNode => ({
  op: "BatchNormalization",
  inputs: [x, "gamma", "beta", "mean", "variance"],
  outputs: [y],
  attributes,
});

const bn = (channels: number, type: number, statistics = type): Record<string, TestTensor> => ({
  gamma: randomIn(0.5, 1.5, [channels], 2, type),
  beta: random([channels], 3, type),
  mean: random([channels], 4, statistics),
  variance: randomIn(0.1, 2, [channels], 5, statistics),
});

function convBn(type: number, more: Partial<TestModel> = {}, parameters = bn(4, type)): TestModel {
  return {
    inputs: { x: [2, 3, 6, 6] },
    outputs: { y: [2, 4, null, null] },
    types: { x: type, y: type },
    initializers: { w: random([4, 3, 3, 3], 1, type), b: random([4], 6, type), ...parameters },
    nodes: [{ op: "Conv", inputs: ["x", "w", "b"], outputs: ["c"] }, bnNode("c", "y")],
    ...more,
  };
}

/** Element types of all initializers of a fused model, by name of the layer's input. */
async function weightTypes(model: TestModel): Promise<string[]> {
  const { model: fused } = await fuse(modelBytes(model));
  const { graph } = (await open(await fused.bytes())).graphs();
  return [...graph.initializers].map((value) => value.type!);
}

Deno.test("fuse() folds a float16 BatchNormalization into a float16 Conv", async () => {
  const model = convBn(FLOAT16);
  await assertFuses(model, { Conv: 1 }, { tolerance: TOLERANCE.float16 });
  assertEquals(await weightTypes(model), ["float16", "float16"]);
});

Deno.test("fuse() folds a BatchNormalization with float32 parameters into a float16 Conv and changes no type", async () => {
  for (const [parameters, statistics] of [[FLOAT, FLOAT], [FLOAT16, FLOAT]]) {
    const model = convBn(FLOAT16, { opset: 15 }, bn(4, parameters, statistics));
    const { model: fused, report } = await fuse(modelBytes(model));
    assertEquals(report.after.ops, { Conv: 1 });
    const reopened = await open(await fused.bytes());
    assertEquals([...reopened.graphs().graph.initializers].map((value) => value.type), ["float16", "float16"]);
    assertEquals(reopened.outputs[0].type, "float16");
    // ONNX Runtime's CPU provider has no mixed BatchNormalization: the same in float32 is the reference
    const wide = { ...model, types: {}, initializers: { ...model.initializers } };
    for (const [name, tensor] of Object.entries(wide.initializers!)) {
      const values = tensor.type === FLOAT16 ? Float16Array.from(tensor.values) : Float32Array.from(tensor.values);
      wide.initializers![name] = { ...tensor, values, type: FLOAT };
    }
    const x = Float16Array.from(random([2, 3, 6, 6], 7).values);
    const feeds = feedsFor(model), wideFeeds = feedsFor(wide);
    (wideFeeds.x.data as Float32Array).set(Float32Array.from(x));
    const error = relativeL2(await run(modelBytes(wide), wideFeeds), await run(await fused.bytes(), feeds));
    assertLessOrEqual(error, TOLERANCE.float16);
  }
});

Deno.test("fuse() folds float64 affine maps into Gemm and MatMul in float64", async () => {
  const shared = { inputs: { x: [5, 4] }, outputs: { y: null }, types: { x: DOUBLE, y: DOUBLE } };
  await assertFuses(
    {
      ...shared,
      initializers: { w: random([4, 6], 1, DOUBLE), ...bn(6, DOUBLE) },
      nodes: [{ op: "Gemm", inputs: ["x", "w"], outputs: ["g"] }, bnNode("g", "y")],
    },
    { Gemm: 1 },
    { tolerance: TOLERANCE.float64 },
  );
  await assertFuses(
    {
      ...shared,
      initializers: { w: random([4, 6], 1, DOUBLE), ...bn(6, DOUBLE) },
      nodes: [{ op: "MatMul", inputs: ["x", "w"], outputs: ["g"] }, bnNode("g", "y")],
    },
    { Gemm: 1 },
    { tolerance: TOLERANCE.float64 },
  );
});

Deno.test("fuse() folds a bfloat16 BatchNormalization with one rounding of each weight", async () => {
  // no ONNX Runtime kernel on the CPU computes in bfloat16: the weights are checked
  const model = convBn(BFLOAT16, { opset: 22 });
  const { model: fused, report } = await fuse(modelBytes(model));
  assertEquals(report.after.ops, { Conv: 1 });
  const { graph } = (await open(await fused.bytes())).graphs();
  const before = (await open(modelBytes(model))).graphs().graph;
  const values = (name: string) => valuesOf(before.values.get(name)!.initializer!);
  const [gamma, beta, mean, variance] = ["gamma", "beta", "mean", "variance"].map(values);
  const [w, b] = graph.nodes.find(({ opType }) => opType === "Conv")!.inputs.slice(1).map((v) => v!.initializer!);
  assertEquals([w.type, b.type], ["bfloat16", "bfloat16"]);
  const scale = gamma.map((g, i) => g / Math.sqrt(variance[i] + Math.fround(1e-5)));
  valuesOf(w).forEach((value, i) => {
    const exact = values("w")[i] * scale[Math.floor(i / 27)];
    assertAlmostEquals(value, exact, Math.abs(exact) * 2 ** -8); // half a unit in the last of 8 bits
  });
  valuesOf(b).forEach((value, i) => {
    const exact = (values("b")[i] - mean[i]) * scale[i] + beta[i];
    assertAlmostEquals(value, exact, Math.abs(exact) * 2 ** -8);
  });
});

for (const type of ["float16", "float32"] as const) {
  Deno.test(`fuse() keeps a BatchNormalization whose fold would overflow ${type}`, async () => {
    const code = type === "float16" ? FLOAT16 : FLOAT;
    const model = convBn(code);
    const big = type === "float16" ? 6e4 : 3e38;
    model.initializers = { ...model.initializers, gamma: { type: code, dims: [4], values: [1, big, 1, 1] } };
    model.initializers.variance = { type: code, dims: [4], values: [1, 1e-4, 1, 1] };
    await assertKeeps(model, new RegExp(`would be .*, which ${type} cannot hold`), { node: "y" });
  });
}

for (const opset of [7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23]) {
  Deno.test(`fuse() folds into Conv, ConvTranspose, Gemm and MatMul of opset ${opset}`, async () => {
    await assertFuses(
      {
        opset,
        ir: opset < 9 ? 3 : 10,
        inputs: { x: [2, 3, 6, 6], ...opset < 9 ? INPUTS_BELOW_IR_4 : {} },
        outputs: { y: null },
        initializers: PIPELINE_WEIGHTS,
        nodes: [
          { op: "Conv", inputs: ["x", "w"], outputs: ["c"] },
          bnNode("c", "cb"),
          { op: "ConvTranspose", inputs: ["cb", "wt"], outputs: ["t"] },
          { op: "BatchNormalization", inputs: ["t", "gamma", "beta", "mean", "variance"], outputs: ["tb"], name: "tb" },
          { op: "Flatten", inputs: ["tb"], outputs: ["f"] },
          { op: "Gemm", inputs: ["f", "wg", "cg"], outputs: ["g"] },
          { op: "BatchNormalization", inputs: ["g", "gamma", "beta", "mean", "variance"], outputs: ["gb"], name: "gb" },
          { op: "MatMul", inputs: ["gb", "wm"], outputs: ["m"] },
          { op: "BatchNormalization", inputs: ["m", "gamma", "beta", "mean", "variance"], outputs: ["y"], name: "mb" },
        ],
      },
      { Conv: 1, ConvTranspose: 1, Flatten: 1, Gemm: 2 },
      { options: { skip: [...AS_WRITTEN.skip!, "compose-layers"] } },
    );
  });
}

const PIPELINE_WEIGHTS = {
  w: random([4, 3, 3, 3], 1),
  wt: random([4, 4, 3, 3], 2),
  wg: random([144, 4], 3),
  cg: random([4], 4),
  wm: random([4, 4], 5),
  ...bn(4, FLOAT),
};
const INPUTS_BELOW_IR_4 = Object.fromEntries(
  Object.entries(PIPELINE_WEIGHTS).map(([name, { dims }]) => [name, dims]),
);

/** The fused bytes of a model of an old opset as a model of opset 7, which ONNX Runtime runs. */
async function atOpset7(bytes: Uint8Array): Promise<Uint8Array> {
  const type = messageType("ModelProto");
  // deno-lint-ignore no-explicit-any
  const model = type.decode(bytes) as any;
  for (const entry of model.opset_import) entry.version = 7;
  for (const node of model.graph.node) {
    node.attribute = node.attribute.filter(({ name }: { name: string }) =>
      !["is_test", "consumed_inputs", "broadcast", "axis"].includes(name)
    );
  }
  return await Promise.resolve(type.encode(model).finish());
}

for (const opset of [1, 6]) {
  Deno.test(`fuse() folds BatchNormalization-${opset} with is_test = 1, equal to opset 7`, async () => {
    const attributes = {
      is_test: 1,
      epsilon: { float: 1e-3 },
      ...opset === 1 ? { consumed_inputs: [0, 0, 0, 1, 1] } : {},
    };
    const model = (opset: number): TestModel => ({
      ...convBn(FLOAT),
      ir: 3,
      opset,
      nodes: [
        { op: "Conv", inputs: ["x", "w", "b"], outputs: ["c"] },
        bnNode("c", "y", opset < 7 ? attributes : { epsilon: { float: 1e-3 } }),
      ],
      inputs: { x: [2, 3, 6, 6], w: [4, 3, 3, 3], b: [4], gamma: [4], beta: [4], mean: [4], variance: [4] },
    });
    const { model: fused, report } = await fuse(modelBytes(model(opset)));
    assertEquals(report.after.ops, { Conv: 1 });
    const feeds = feedsFor(model(7));
    const before = await run(modelBytes(model(7)), feeds);
    assertLessOrEqual(relativeL2(before, await run(await atOpset7(await fused.bytes()), feeds)), 1e-5);
  });

  Deno.test(`fuse() keeps BatchNormalization-${opset} without is_test, which means training`, async () => {
    await assertKeeps({ ...convBn(FLOAT), opset }, /training mode.*is_test is 0, its default before opset 7/, {
      node: "y",
    });
  });
}

Deno.test("fuse() folds a Mul of opset 6 with broadcast and axis as the channel it names", async () => {
  const model = (opset: number): TestModel => ({
    opset,
    ir: 3,
    inputs: { x: [2, 3, 4, 4], w: [4, 3, 1, 1], k: opset < 7 ? [4] : [4, 1, 1] },
    outputs: { y: null },
    initializers: { w: random([4, 3, 1, 1], 1), k: { ...random([4], 2), dims: opset < 7 ? [4] : [4, 1, 1] } },
    nodes: [
      { op: "Conv", inputs: ["x", "w"], outputs: ["c"] },
      { op: "Mul", inputs: ["c", "k"], outputs: ["y"], attributes: opset < 7 ? { broadcast: 1, axis: 1 } : {} },
    ],
  });
  const { model: fused, report } = await fuse(modelBytes(model(6)));
  assertEquals(report.after.ops, { Conv: 1 });
  const feeds = feedsFor(model(7));
  const before = await run(modelBytes(model(7)), feeds);
  assertLessOrEqual(relativeL2(before, await run(await atOpset7(await fused.bytes()), feeds)), 1e-5);
});

Deno.test("fuse() folds a MatMul, Add and Mul of opset 6 and keeps the Add's broadcast", async () => {
  const model = (opset: number): TestModel => ({
    opset,
    ir: 3,
    inputs: { x: [2, 5, 4], w: [4, 4], k: [4], b: [4] },
    outputs: { y: null },
    initializers: { w: random([4, 4], 1), k: random([4], 2), b: random([4], 3) },
    nodes: [
      { op: "MatMul", inputs: ["x", "w"], outputs: ["m"] },
      { op: "Add", inputs: ["m", "b"], outputs: ["a"], attributes: opset < 7 ? { broadcast: 1 } : {} },
      { op: "Mul", inputs: ["a", "k"], outputs: ["y"], attributes: opset < 7 ? { broadcast: 1 } : {} },
    ],
  });
  const { model: fused, report } = await fuse(modelBytes(model(6)));
  assertEquals(report.after.ops, { Add: 1, MatMul: 1 });
  const add = fused.graphs().graph.nodes.find(({ opType }) => opType === "Add")!;
  assertEquals(add.number("broadcast", 0), 1);
  const feeds = feedsFor(model(7));
  const before = await run(modelBytes(model(7)), feeds);
  assertLessOrEqual(relativeL2(before, await run(await atOpset7(await fused.bytes()), feeds)), 1e-5);
  assert(report.applied.length > 0);
});
