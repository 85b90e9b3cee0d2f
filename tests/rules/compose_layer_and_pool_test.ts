/** A convolution and the average pool behind it as one strided convolution. */
import { assertEquals, assertLess } from "@std/assert";
import { fuse } from "../../src/fusion/mod.ts";
import { feedsFor, modelBytes, random, relativeL2, run, type TestAttribute, type TestModel } from "../onnx_model.ts";

interface Case {
  conv?: Record<string, TestAttribute>;
  pool?: Record<string, TestAttribute>;
  kernel?: number;
  inputs?: number;
  group?: number;
  size?: (number | string)[];
  poolOp?: string;
}

function model(
  { conv, pool, kernel = 3, inputs = 16, group = 1, size = [12, 12], poolOp = "AveragePool" }: Case,
): TestModel {
  return {
    inputs: { x: [1, inputs, ...size] },
    outputs: { y: null },
    initializers: { w: random([16, inputs / group, kernel, kernel], 1), b: random([16], 2) },
    nodes: [
      { op: "Conv", inputs: ["x", "w", "b"], outputs: ["c"], attributes: { group, ...conv } },
      { op: poolOp, inputs: ["c"], outputs: ["y"], attributes: { kernel_shape: [2, 2], strides: [2, 2], ...pool } },
    ],
  };
}

async function fused(given: Case) {
  const test = model(given), bytes = modelBytes(test), { model: result, report } = await fuse(bytes);
  const sized = given.size ? { ...test, inputs: { x: [1, given.inputs ?? 16, 12, 12] } } : test,
    feeds = feedsFor(sized);
  assertLess(relativeL2(await run(bytes, feeds), await run(await result.bytes(), feeds)), 2e-6);
  return { ops: report.after.ops, codes: report.skipped.map(({ code }) => code) };
}

const BOTH = { Conv: 1, AveragePool: 1 };

Deno.test("fuse() makes a padded k×k Conv and a 2×2 average pool one strided Conv, borders included", async () => {
  for (const kernel of [3, 5]) {
    const pads = new Array<number>(4).fill((kernel - 1) / 2);
    assertEquals((await fused({ kernel, conv: { pads } })).ops, { Conv: 1 });
  }
  assertEquals((await fused({ pool: { kernel_shape: [3, 3], strides: [3, 3] }, conv: { pads: [1, 1, 1, 1] } })).ops, {
    Conv: 1,
  });
});

Deno.test("fuse() composes a Conv and a pool of open height and width", async () => {
  assertEquals((await fused({ conv: { pads: [1, 1, 1, 1] }, size: ["h", "w"] })).ops, { Conv: 1 });
});

Deno.test("fuse() keeps a pool that pads", async () => {
  const { ops } = await fused({ pool: { pads: [1, 1, 1, 1], count_include_pad: 1 } });
  assertEquals(ops, BOTH);
});

Deno.test("fuse() keeps a pool whose last windows are not full", async () => {
  assertEquals((await fused({ conv: { pads: [0, 0, 1, 1] }, pool: { ceil_mode: 1 } })).ops, BOTH);
});

Deno.test("fuse() keeps an overlapping pool, for which the one Conv would be more work", async () => {
  assertEquals((await fused({ pool: { kernel_shape: [3, 3], strides: [1, 1] } })).ops, BOTH);
});

Deno.test("fuse() keeps a depthwise Conv before a pool: it is bound by memory", async () => {
  assertEquals((await fused({ group: 16 })).ops, BOTH);
});

Deno.test("fuse() keeps a maximum behind a Conv", async () => {
  assertEquals((await fused({ poolOp: "MaxPool" })).ops, { Conv: 1, MaxPool: 1 });
});
