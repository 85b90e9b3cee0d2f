/** GroupNormalization becomes operators that ONNX Runtime has kernels for. */
import { assertEquals, assertLess } from "@std/assert";
import { fuse, type FuseOptions } from "../../src/fusion/mod.ts";
import { feedsFor, modelBytes, random, randomIn, relativeL2, run, type TestModel } from "../onnx_model.ts";
import { asRun } from "../ops/idioms/as_run.ts";

function model(more: Partial<TestModel> = {}): TestModel {
  return {
    opset: 21,
    inputs: { x: [2, 8, 3, 5] },
    outputs: { y: [2, 8, 3, 5] },
    initializers: { gamma: randomIn(0.5, 1.5, [8], 1), beta: random([8], 2) },
    nodes: [{
      op: "GroupNormalization",
      inputs: ["x", "gamma", "beta"],
      outputs: ["y"],
      attributes: { num_groups: 4, epsilon: { float: 0.01 } },
    }],
    ...more,
  };
}

const PARTS = { Reshape: 2, InstanceNormalization: 1, Mul: 1, Add: 1 };

async function opsOf(given: TestModel, options: FuseOptions = {}): Promise<Record<string, number>> {
  const bytes = modelBytes(given), { model: fused, report } = await fuse(bytes, options);
  const feeds = feedsFor(given);
  assertLess(relativeL2(await run(bytes, feeds), await run(await fused.bytes(), feeds)), 2e-6);
  return report.after.ops;
}

Deno.test("fuse() writes a GroupNormalization as an InstanceNormalization of its groups", async () => {
  assertEquals(await opsOf(model()), PARTS);
  assertEquals(await opsOf(model(), { runtime: "onnxruntime-cpu" }), PARTS);
});

Deno.test("fuse() writes a GroupNormalization over open lengths by its shape at each run", async () => {
  const open = (x: (number | string)[]): TestModel => model({ inputs: { x }, outputs: { y: null } });
  assertEquals(await opsOf(open(["n", 8, 3, 5])), PARTS);
  assertEquals(await opsOf(open(["n", 8, "h", 5])), PARTS);
  assertEquals(await opsOf(open(["n", 8, "h", "w"])), { ...PARTS, Shape: 1 });
  assertEquals(await opsOf(open([3, 8])), PARTS);
});

Deno.test("the runtime runs fewer operators for it", async () => {
  const bytes = modelBytes(model()),
    count = (ops: Record<string, number>) => Object.values(ops).reduce((a, b) => a + b);
  const fused = await (await fuse(bytes)).model.bytes();
  assertEquals([count(await asRun(bytes, "all")), count(await asRun(fused, "all"))], [29, 5]);
});

Deno.test("fuse() keeps a GroupNormalization for no runtime in particular", async () => {
  assertEquals(await opsOf(model(), { runtime: "none" }), { GroupNormalization: 1 });
});

Deno.test("fuse() keeps a GroupNormalization whose γ is computed", async () => {
  const given = model({ inputs: { x: [2, 8, 3, 5], gamma: [8] }, initializers: { beta: random([8], 2) } });
  assertEquals(await opsOf(given), { GroupNormalization: 1 });
});

for (
  const [what, more, options] of [
    ["opset 18, where γ is per group", { opset: 18 }, {}],
    ["float16", { types: { x: 10, y: 10 } }, {}],
    ["channels that the groups do not divide", { initializers: { gamma: random([6], 1), beta: random([6], 2) } }, {}],
    ["an unknown rank", { inputs: { x: null } }, {}],
  ] as const
) {
  Deno.test(`fuse() keeps a GroupNormalization of ${what}`, async () => {
    const { report } = await fuse(modelBytes(model(more as unknown as Partial<TestModel>)), options);
    assertEquals(report.after.ops, { GroupNormalization: 1 });
  });
}
