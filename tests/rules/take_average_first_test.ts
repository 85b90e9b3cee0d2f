/** The average of neighbours before a convolution in place of an average pool behind it. */
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
  outputs?: number;
  opset?: number;
}

function model(
  { conv, pool, kernel = 3, inputs = 16, group = 1, size = [12, 12], poolOp = "AveragePool", outputs = 16, opset }:
    Case,
): TestModel {
  return {
    ...opset && { opset },
    inputs: { x: [1, inputs, ...size] },
    outputs: { y: null },
    initializers: { w: random([outputs, inputs / group, kernel, kernel], 1), b: random([outputs], 2) },
    nodes: [
      { op: "Conv", inputs: ["x", "w", "b"], outputs: ["c"], attributes: { group, ...conv } },
      { op: poolOp, inputs: ["c"], outputs: ["y"], attributes: { kernel_shape: [2, 2], strides: [2, 2], ...pool } },
    ],
  };
}

/** What is run after fusion, in order, and the reasons why more is not done; both results are compared. */
async function fused(given: Case) {
  const test = model(given), bytes = modelBytes(test), { model: result, report } = await fuse(bytes);
  const sized = given.size ? { ...test, inputs: { x: [1, given.inputs ?? 16, 12, 12] } } : test,
    feeds = feedsFor(sized);
  assertLess(relativeL2(await run(bytes, feeds), await run(await result.bytes(), feeds)), 2e-6);
  return { ops: result.nodes.map(({ opType }) => opType), codes: report.skipped.map(({ code }) => code), result };
}

const FIRST = ["AveragePool", "Conv"], KEPT = ["Conv", "AveragePool"];
const PADDED = { pads: [1, 1, 1, 1] };

Deno.test("fuse() averages before a padded k×k Conv with a 2×2 average pool behind it, borders included", async () => {
  for (const kernel of [2, 3, 5]) {
    for (const pads of [[0, 0, 0, 0], [0, 1, 1, 0], new Array<number>(4).fill(kernel - 1)]) {
      assertEquals((await fused({ kernel, conv: { pads } })).ops, FIRST, `${kernel}, ${pads}`);
    }
  }
  assertEquals((await fused({ pool: { kernel_shape: [3, 3], strides: [3, 3] }, conv: PADDED })).ops, FIRST);
  assertEquals((await fused({ pool: { kernel_shape: [3, 3] }, conv: PADDED })).ops, FIRST);
  assertEquals((await fused({ pool: { kernel_shape: [1, 2], strides: [1, 2] }, conv: PADDED })).ops, FIRST);
  assertEquals((await fused({ conv: { dilations: [2, 3], pads: [2, 3, 2, 3] } })).ops, FIRST);
  assertEquals((await fused({ conv: { auto_pad: "SAME_UPPER" } })).ops, FIRST);
  assertEquals((await fused({ group: 4, conv: PADDED })).ops, FIRST);
});

Deno.test("fuse() gives the Conv the pool's stride and the average the zeros within its reach", async () => {
  const { result } = await fused({ kernel: 5, conv: { pads: [2, 2, 2, 2] } });
  const [pool, conv] = result.graphs().graph.nodes;
  assertEquals([pool.numbers("pads"), pool.numbers("strides"), pool.number("count_include_pad", 0)], [
    [1, 1, 1, 1],
    [1, 1],
    1,
  ]);
  assertEquals([conv.numbers("pads"), conv.numbers("strides")], [[1, 1, 1, 1], [2, 2]]);
});

Deno.test("fuse() averages first where height and width are open", async () => {
  assertEquals((await fused({ conv: PADDED, size: ["h", "w"] })).ops, FIRST);
});

Deno.test("fuse() keeps a pool that pads", async () => {
  assertEquals((await fused({ pool: { pads: [1, 1, 1, 1], count_include_pad: 1 } })).ops, KEPT);
});

Deno.test("fuse() keeps a pool whose last windows are not full", async () => {
  assertEquals((await fused({ conv: { pads: [0, 0, 1, 1] }, pool: { ceil_mode: 1 } })).ops, KEPT);
});

Deno.test("fuse() keeps a pool at stride 1, before which an average would be no less work", async () => {
  assertEquals((await fused({ pool: { kernel_shape: [3, 3], strides: [1, 1] } })).ops, KEPT);
});

Deno.test("fuse() keeps a Conv that is strided itself", async () => {
  assertEquals((await fused({ conv: { ...PADDED, strides: [2, 2] } })).ops, KEPT);
});

Deno.test("fuse() keeps a depthwise Conv before a pool: it is bound by memory, as the average is", async () => {
  assertEquals((await fused({ conv: PADDED, group: 16 })).ops, KEPT);
});

Deno.test("fuse() keeps a pool with gaps", async () => {
  assertEquals((await fused({ conv: PADDED, pool: { dilations: [2, 2] }, opset: 19 })).ops, KEPT);
});

Deno.test("fuse() keeps a Conv to few channels of many, whose average would be most of the work", async () => {
  assertEquals((await fused({ kernel: 2, outputs: 1, conv: {} })).ops, KEPT);
});

Deno.test("fuse() keeps a Conv whose result something else takes", async () => {
  const test = model({ conv: PADDED });
  test.outputs.c = [null, null, null, null];
  const { model: result } = await fuse(modelBytes(test));
  assertEquals(result.nodes.map(({ opType }) => opType), KEPT);
});

Deno.test("fuse() keeps a maximum behind a Conv", async () => {
  assertEquals((await fused({ poolOp: "MaxPool" })).ops, ["Conv", "MaxPool"]);
});
