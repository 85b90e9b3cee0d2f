import { assertEquals } from "@std/assert";
import { elementCount, multiple, product, quotient, times } from "../../src/ops/dims.ts";
import { reshapedDims } from "../../src/ops/shape_elements.ts";
import { open } from "../../src/fusion/mod.ts";
import type { Dim } from "../../src/graph/graph.ts";
import { modelBytes, type TestNode, type TestTensor } from "../onnx_model.ts";

const RESHAPED: [x: Dim[], shape: Dim[], result: Dim[]][] = [
  [[2, 3, 4], [0, -1], [2, 12]],
  [[2, 3, 4], [1.5, -1], [null, null]],
  [[2, 3, 4], [-0.75, 3, 4], [null, null, null]],
  [[2, 3, 4], [-2, -1], [null, null]],
  [["n", 3, 4], ["n", -1], ["n", 12]],
  [["n", 3, 4], [0, -1], ["n", 12]],
  [[null, 3, 4], [0, -1], [null, 12]],
  [[null, 3, 4], [null, -1], [null, null]],
  [["n", 3, 4], [-1, 12], ["n", 12]],
  [["n", 3, 4], [-1, 4], [multiple("n", 3), 4]],
  [[multiple("n", 6), 4], ["n", -1], ["n", 24]],
  [[multiple("n", 6), 4], [-1, 3, 4], [multiple("n", 2), 3, 4]],
  [[multiple("n", 6), 4], [multiple("n", 2), -1, 2], [multiple("n", 2), 6, 2]],
  [[multiple("n", 6), 4], [-1, 5], [null, 5]],
  [["n", "n", 4], ["n", -1], ["n", multiple("n", 4)]],
  [["n", 0, 4], [-1, 3], [0, 3]],
  [["n", "h", 4], ["n", -1], ["n", multiple("h", 4)]],
  [["n", "h", 4], [-1, 2], [null, 2]],
  [["n", "h", 4], ["n", -1, 4], ["n", "h", 4]],
  [["n", 3, 4], ["m", -1], ["m", null]],
  [["n", 6], ["n", 2, 3], ["n", 2, 3]],
];

Deno.test("reshapedDims() cancels what is the same on both sides", () => {
  for (const [x, shape, result] of RESHAPED) assertEquals(reshapedDims(x, shape), result, `${x} as ${shape}`);
});

Deno.test("multiple() and product() keep what a name is taken times", () => {
  assertEquals(multiple(multiple("n", 49), 1, 49), "n");
  assertEquals(multiple(multiple("n", 6), 1, 2), multiple("n", 3));
  assertEquals([multiple("n", 1, 2), multiple("n", -1), multiple("n", 2 ** 60), multiple(null, 2)], [
    null,
    null,
    null,
    null,
  ]);
  assertEquals([multiple("n", 0), multiple(6, 1, 2), product([2, multiple("n", 3)])], [0, 3, multiple("n", 6)]);
  assertEquals([quotient(multiple("n", 49), "n"), quotient(multiple("n", 6), multiple("n", 2)), quotient("n", 1)], [
    49,
    3,
    "n",
  ]);
  assertEquals([quotient("n", multiple("n", 2)), quotient("n", "m"), quotient(6, "n"), quotient("n", 0)], [
    null,
    null,
    null,
    null,
  ]);
  assertEquals([product(["n", "m"]), product([null, 2]), product([]), product(["n", 1])], [null, null, 1, "n"]);
});

Deno.test("elementCount() counts what is put into an open batch, times() what is dealt out to it", () => {
  assertEquals([elementCount(["n", 3]), elementCount([null, 3]), elementCount([multiple("n", 4), 3])], [3, 3, 12]);
  assertEquals([elementCount([2, "n"]), elementCount(undefined)], [null, null]);
  assertEquals([times("n", 4), times(multiple("n", 4), 1 / 4), times("n", 1 / 4), times(null, 4)], [
    multiple("n", 4),
    "n",
    null,
    null,
  ]);
  assertEquals([times(12, 1 / 4), times(7, 1 / 2)], [3, 3]);
});

const ints = (...values: number[]): TestTensor => ({ dims: [values.length], values, type: 7 });
const node = (op: string, inputs: string[], output: string, attributes?: TestNode["attributes"]): TestNode => ({
  op,
  inputs,
  outputs: [output],
  attributes,
});

/** Shape of y = Reshape(x, s) with x (n, 3, 4, 5), as inferred. */
async function inferred(nodes: TestNode[], initializers: Record<string, TestTensor> = {}): Promise<unknown> {
  const model = await open(modelBytes({
    inputs: { x: ["n", 3, 4, 5] },
    outputs: { y: null },
    initializers: { zero: { ...ints(0), dims: [] }, one: ints(1), minus: ints(-1), axis: ints(0), ...initializers },
    nodes: [...nodes, node("Reshape", ["x", "s"], "y")],
  }));
  return model.outputs[0].shape;
}

Deno.test("open() infers x.view(x.size(0), -1) as exporters write it", async () => {
  assertEquals(
    await inferred([
      node("Shape", ["x"], "shape"),
      node("Gather", ["shape", "zero"], "n"),
      node("Unsqueeze", ["n", "axis"], "n1"),
      node("Concat", ["n1", "minus"], "s", { axis: 0 }),
    ]),
    ["n", 60],
  );
});

Deno.test("open() infers shapes made of slices, products and parts of Shape", async () => {
  assertEquals(
    await inferred([
      node("Shape", ["x"], "shape", { start: 0, end: 2 }),
      node("Cast", ["shape"], "lead", { to: 7 }),
      node("Concat", ["lead", "minus"], "s", { axis: 0 }),
    ]),
    ["n", 3, 20],
  );
  assertEquals(
    await inferred([
      node("Shape", ["x"], "shape"),
      node("Slice", ["shape", "axis", "one"], "n"),
      node("Gather", ["shape", "two"], "h"),
      node("Gather", ["shape", "last"], "w"),
      node("Mul", ["h", "w"], "hw"),
      node("Concat", ["n", "minus", "hw"], "s", { axis: 0 }),
    ], { two: ints(2), last: ints(-1) }),
    ["n", 3, 20],
  );
});

Deno.test("open() infers only the rank where a shape is computed of values", async () => {
  assertEquals(
    await inferred([
      node("ReduceMax", ["x"], "most", { keepdims: 0 }),
      node("Cast", ["most"], "number", { to: 7 }),
      node("Unsqueeze", ["number", "axis"], "n1"),
      node("Concat", ["n1", "minus"], "s", { axis: 0 }),
    ]),
    [null, null],
  );
});

Deno.test("open() infers windows that are put beside the batch, and taken apart again", async () => {
  const shape = await inferred([
    node("Reshape", ["x", "windows"], "w"), // (6·n, 2, 5)
    node("Shape", ["w"], "shape"),
    node("Gather", ["shape", "zero"], "many"),
    node("Div", ["many", "six"], "n"),
    node("Mul", ["n", "two"], "twice"),
    node("Unsqueeze", ["twice", "axis"], "n1"),
    node("Concat", ["n1", "minus"], "s", { axis: 0 }),
  ], { windows: ints(-1, 2, 5), six: { ...ints(6), dims: [] }, two: { ...ints(2), dims: [] } });
  assertEquals(shape, [null, 30]);
});
