/** A transposed convolution at stride 1 as a convolution. */
import { assertEquals } from "@std/assert";
import { assertFuses, assertKeeps } from "../fusion_check.ts";
import { random, tensor, type TestAttribute, type TestModel } from "../onnx_model.ts";

interface Case {
  kernel?: number[];
  size?: (number | string)[];
  inputs?: number;
  perGroup?: number;
  bias?: boolean;
  attributes?: Record<string, TestAttribute>;
}

function model(
  { kernel = [3, 3], size = [30, 30], inputs = 4, perGroup = 6, bias = true, attributes = {} }: Case,
): TestModel {
  return {
    inputs: { x: [2, inputs, ...size] },
    outputs: { y: null },
    initializers: {
      w: random([inputs, perGroup, ...kernel], 1),
      b: random([perGroup * Number(attributes.group ?? 1)], 2),
    },
    nodes: [{ op: "ConvTranspose", inputs: bias ? ["x", "w", "b"] : ["x", "w"], outputs: ["y"], attributes }],
  };
}

Deno.test("fuse() makes a ConvTranspose at stride 1 a Conv, of any pads, dilation, group and rank", async () => {
  const cases: Case[] = [
    { size: [60, 44] },
    { bias: false, attributes: { pads: [1, 1, 1, 1] } },
    { attributes: { pads: [1, 1, 1, 1] } },
    { attributes: { pads: [0, 1, 2, 1] } },
    { attributes: { dilations: [2, 1], pads: [3, 1, 1, 1] } },
    { attributes: { group: 2, pads: [1, 1, 1, 1] } },
    { size: [64, 64], attributes: { group: 4, pads: [1, 1, 1, 1] }, perGroup: 1 },
    { kernel: [1, 1], size: [70, 70] },
    { kernel: [2, 3], size: [60, 44], attributes: { auto_pad: "VALID" } },
    { kernel: [3, 3], size: [60, 44], attributes: { auto_pad: "SAME_UPPER", dilations: [1, 2] } },
    { kernel: [4], size: [3000], attributes: { pads: [2, 1] } },
    { kernel: [2, 3, 2], size: [9, 10, 9], attributes: { pads: [0, 1, 1, 1, 1, 0] } },
    { size: ["h", "w"], attributes: { pads: [1, 1, 1, 1] } },
  ];
  for (const each of cases) await assertFuses(model(each), { Conv: 1 });
});

Deno.test("fuse() puts a normalization behind the ConvTranspose into the Conv", async () => {
  const test = model({ attributes: { pads: [1, 1, 1, 1] } });
  test.nodes[0].outputs = ["c"];
  test.nodes.push({ op: "BatchNormalization", inputs: ["c", "g", "h", "m", "v"], outputs: ["y"] });
  const [g, h, m] = [3, 4, 5].map((seed) => random([6], seed));
  Object.assign(test.initializers!, { g, h, m, v: tensor([6], [1, 2, 3, 4, 5, 6]) });
  await assertFuses(test, { Conv: 1 });
});

Deno.test("fuse() keeps a ConvTranspose that is so small that a better kernel gains nothing", async () => {
  await assertKeeps(
    model({ size: [5, 6], attributes: { pads: [1, 1, 1, 1] } }),
    /it is so small \(12960 multiply-accumulates\) that the better kernel gains nothing/,
  );
});

Deno.test("fuse() keeps a ConvTranspose with a stride", async () => {
  const report = await assertFuses(model({ attributes: { strides: [1, 2] } }), { ConvTranspose: 1 });
  assertEquals(report.skipped, []);
});

Deno.test("fuse() keeps a ConvTranspose that enlarges a small map, or one of open size: the Conv would be more work", async () => {
  for (const size of [[1, 1], [5, 6], ["h", "w"]]) {
    await assertKeeps(model({ size }), /the result of y is larger than what it takes/);
  }
});

Deno.test("fuse() keeps a ConvTranspose whose pads are larger than its kernel reaches", async () => {
  await assertKeeps(
    model({ attributes: { pads: [3, 0, 0, 0] } }),
    /y cuts off more than its kernel reaches over the border/,
  );
});

Deno.test("fuse() keeps a ConvTranspose that says otherwise how large its result is", async () => {
  const reason = /y says by other attributes than pads how large its result is/;
  await assertKeeps(model({ attributes: { output_shape: [7, 8] } }), reason);
  await assertKeeps(model({ kernel: [2, 3], attributes: { auto_pad: "SAME_UPPER" } }), reason);
  await assertKeeps(model({ attributes: { dilations: [2, 2], output_padding: [1, 1] } }), reason);
});
