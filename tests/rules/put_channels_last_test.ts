/** A Softmax over channels and the 1×1 convolution behind it, with the channels last. */
import { assertEquals } from "@std/assert";
import { fuse } from "../../src/fusion/mod.ts";
import { assertFuses, assertKeeps } from "../fusion_check.ts";
import { modelBytes, random, type TestAttribute, type TestModel } from "../onnx_model.ts";

interface Case {
  outputs?: number;
  kernel?: number[];
  bias?: boolean;
  group?: number;
  axis?: number;
  opset?: number;
  size?: (number | string)[];
  conv?: Record<string, TestAttribute>;
}

function model(given: Case = {}): TestModel {
  const { outputs = 1, kernel = [1, 1], bias = false, group = 1, axis = 1, opset = 17, size = [4, 9], conv } = given;
  return {
    opset,
    inputs: { x: ["n", 16, ...size] },
    outputs: { y: null },
    initializers: {
      w: random([outputs, 16 / group, ...kernel], 1),
      ...bias && { b: random([outputs], 2) },
    },
    nodes: [
      { op: "Softmax", inputs: ["x"], outputs: ["s"], attributes: { axis } },
      { op: "Conv", inputs: bias ? ["s", "w", "b"] : ["s", "w"], outputs: ["y"], attributes: { group, ...conv } },
    ],
  };
}

const LAST = { MatMul: 1, Softmax: 1, Transpose: 2 }, KEPT = { Conv: 1, Softmax: 1 };

async function left(given: Case) {
  return (await fuse(modelBytes(model(given)))).report.after.ops;
}

Deno.test("fuse() makes the expectation over channels a product over the last axis", async () => {
  await assertFuses(model(), LAST);
  await assertFuses(model({ outputs: 4, bias: true }), { Add: 1, ...LAST });
  await assertFuses(model({ size: [7], kernel: [1] }), LAST);
  await assertFuses(model({ size: ["h", "w"], axis: -3 }), LAST);
});

Deno.test("fuse() merges the Transpose that a detector has in front of it", async () => {
  const test = model();
  test.inputs = { z: ["n", 4, 16, 9] };
  test.nodes.unshift({ op: "Transpose", inputs: ["z"], outputs: ["x"], attributes: { perm: [0, 2, 1, 3] } });
  await assertFuses(test, LAST);
});

Deno.test("fuse() keeps a Softmax along another axis than the channels", async () => {
  for (const axis of [2, -1]) assertEquals(await left({ axis }), KEPT);
});

Deno.test("fuse() keeps a Softmax of an opset in which it goes over all axes behind", async () => {
  assertEquals(await left({ opset: 12 }), KEPT);
});

Deno.test("fuse() keeps a Conv that is not pointwise, or has groups", async () => {
  assertEquals(await left({ kernel: [3, 3] }), KEPT);
  assertEquals(await left({ conv: { strides: [2, 2] } }), KEPT);
  assertEquals(await left({ group: 2, outputs: 2 }), KEPT);
});

Deno.test("fuse() keeps a Conv to many channels", async () => {
  await assertKeeps(model({ outputs: 9 }), /y makes 9 channels of 16, which would have to be turned back/);
});

Deno.test("fuse() keeps a Softmax that something else takes", async () => {
  const test = model();
  test.outputs.s = null;
  await assertKeeps(test, /'s', which would disappear, is a graph output/);
});
