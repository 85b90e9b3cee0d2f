/** Folds whose weights would lose their digits below the normal range of float16 and bfloat16. */
import { assertEquals } from "@std/assert";
import { explain } from "../../src/fusion/mod.ts";
import { assertFuses, assertKeeps, TOLERANCE } from "../fusion_check.ts";
import { modelBytes, random, type TestModel, type TestTensor } from "../onnx_model.ts";

const FLOAT = 1, FLOAT16 = 10, BFLOAT16 = 16;

/** A Conv of 360 weights and a Mul by one number per channel, of ten. */
function scaled(
  scale: readonly number[],
  type = FLOAT16,
  weight: (value: number) => number = (value) => value,
): TestModel {
  const { dims, values } = random([10, 4, 3, 3], 1);
  const w: TestTensor = { dims, type, values: Float64Array.from(values, weight) };
  return {
    inputs: { x: [1, 4, 5, 5] },
    outputs: { y: [1, 10, 3, 3] },
    types: { x: type, y: type },
    initializers: { w, s: { dims: [10, 1, 1], values: Float64Array.from(scale), type } },
    nodes: [
      { op: "Conv", inputs: ["x", "w"], outputs: ["c"] },
      { op: "Mul", inputs: ["c", "s"], outputs: ["y"], name: "scale" },
    ],
  };
}

const all = (scale: number) => new Array<number>(10).fill(scale);
const some = (count: number, scale: number) => all(1).map((one, channel) => channel < count ? scale : one);

Deno.test("a fold that leaves most float16 weights with few digits is refused, with their number", async () => {
  for (const [scale, count] of [[all(1e-5), 360], [some(5, 1e-6), 180]] as const) {
    const reason = new RegExp(
      `^${count} of 360 values of a new weight for .* would be below 0\\.0000610, where float16 has`,
    );
    const { skipped, codes } = await assertKeeps(scaled(scale), reason, { node: "scale" });
    assertEquals(skipped.find((skip) => reason.test(skip.reason))?.code, "underflow");
    assertEquals(typeof codes.underflow, "string");
  }
});

Deno.test("bfloat16 weights below its range are refused too", async () => {
  await assertKeeps(
    scaled(all(1e-38), BFLOAT16, (value) => value / 10),
    /^\d+ of 360 .* below 1\.18e-38, where bfloat16 has/,
  );
});

Deno.test("no more than a tenth of the weights may lose digits", async () => {
  await assertFuses(scaled(some(1, 1e-6)), { Conv: 1 }, { tolerance: TOLERANCE.float16 });
  await assertKeeps(scaled(some(2, 1e-6)), /^72 of 360 values/);
});

Deno.test("a weight that has few digits already may stay like that", async () => {
  await assertFuses(scaled(all(0.5), FLOAT16, (value) => value * 2e-5), { Conv: 1 }, { tolerance: 0.1 });
});

Deno.test("weights that become zero for good lose nothing", async () => {
  await assertFuses(scaled(some(6, 0)), { Conv: 1 }, { tolerance: TOLERANCE.float16 });
});

Deno.test("float32 weights may be as small", async () => {
  await assertFuses(scaled(all(1e-5), FLOAT), { Conv: 1 });
});

Deno.test("what the model itself computes of constants is no new weight", async () => {
  const model = scaled(all(1));
  const [conv] = model.nodes;
  const { after } = await explain(modelBytes({
    ...model,
    initializers: { ...model.initializers, tiny: { dims: [], values: [1e-5], type: FLOAT16 } },
    nodes: [
      { op: "Mul", inputs: ["w", "tiny"], outputs: ["v"] },
      { ...conv, inputs: ["x", "v"], outputs: ["y"] },
    ],
  }));
  assertEquals(after.ops, { Conv: 1 });
});
