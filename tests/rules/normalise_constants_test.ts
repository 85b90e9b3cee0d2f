/** normalise-constants: what is the same at every run becomes an initializer, where a new one is a constant. */
import { assertFuses } from "../fusion_check.ts";
import { random, tensor, type TestModel } from "../onnx_model.ts";

/** y = relu(x) + (k of a Constant)·(an initializer). */
const model: TestModel = {
  inputs: { x: [2, 3] },
  outputs: { y: [2, 3] },
  initializers: { c: random([2, 3], 1) },
  nodes: [
    { op: "Relu", inputs: ["x"], outputs: ["r"] },
    { op: "Constant", inputs: [], outputs: ["k"], attributes: { value: { tensor: tensor([], [3]) } } },
    { op: "Mul", inputs: ["k", "c"], outputs: ["product"] },
    { op: "Add", inputs: ["r", "product"], outputs: ["y"] },
  ],
};

Deno.test("a Constant and what is computed of constants become initializers", async () => {
  await assertFuses(model, { Relu: 1, Add: 1 });
});

Deno.test("a constant that is a graph output stays computed", async () => {
  await assertFuses({ ...model, outputs: { y: [2, 3], product: [2, 3] } }, { Relu: 1, Mul: 1, Add: 1 });
});

Deno.test("below IR version 4, where a new initializer would be a new graph input, constants stay computed", async () => {
  await assertFuses({ ...model, ir: 3, opset: 8 }, { Relu: 1, Constant: 1, Mul: 1, Add: 1 });
});
