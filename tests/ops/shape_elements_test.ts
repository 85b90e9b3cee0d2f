import { assertEquals } from "@std/assert";
import { reshapedDims } from "../../src/ops/shape_elements.ts";
import { open } from "../../src/fusion/mod.ts";
import type { Dim } from "../../src/graph/graph.ts";
import { modelBytes, type TestNode, type TestTensor } from "../onnx_model.ts";

const RESHAPED: [x: Dim[], shape: Dim[], result: Dim[]][] = [
  [[2, 3, 4], [0, -1], [2, 12]],
  [["n", 3, 4], ["n", -1], ["n", 12]],
  [["n", 3, 4], [0, -1], ["n", 12]],
  [[null, 3, 4], [0, -1], [null, 12]],
  [[null, 3, 4], [null, -1], [null, null]],
  [["n", 3, 4], [-1, 12], ["n", 12]],
  [["n", 3, 4], [-1, 4], [null, 4]],
  [["n", "h", 4], ["n", -1], ["n", null]],
  [["n", "h", 4], ["n", -1, 4], ["n", "h", 4]],
  [["n", 3, 4], ["m", -1], ["m", null]],
  [["n", 6], ["n", 2, 3], ["n", 2, 3]],
];

Deno.test("reshapedDims() cancels what is the same on both sides", () => {
  for (const [x, shape, result] of RESHAPED) assertEquals(reshapedDims(x, shape, false), result, `${x} as ${shape}`);
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
