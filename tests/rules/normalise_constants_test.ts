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

Deno.test("what has steps is worked out of numbers that are rounded at every operator, as the runtime rounds them", async () => {
  const numbers = Array.from({ length: 95 }, (_, at) => at + 33), size = numbers.length;
  await assertFuses({
    inputs: { x: [size] },
    outputs: { y: [size], z: [size] },
    initializers: {
      numbers: tensor([size], numbers),
      roots: tensor([size], numbers.map(Math.sqrt)),
      most: tensor([], [31]),
    },
    nodes: [
      { op: "Sqrt", inputs: ["numbers"], outputs: ["root"] },
      { op: "Div", inputs: ["root", "roots"], outputs: ["one"] },
      { op: "Mul", inputs: ["one", "most"], outputs: ["scaled"] },
      { op: "Ceil", inputs: ["scaled"], outputs: ["bucket"] },
      { op: "Add", inputs: ["x", "bucket"], outputs: ["y"] },
      { op: "Equal", inputs: ["root", "roots"], outputs: ["same"] },
      { op: "Cast", inputs: ["same"], outputs: ["mask"], attributes: { to: 1 } },
      { op: "Mul", inputs: ["x", "mask"], outputs: ["z"] },
    ],
  }, { Add: 1, Mul: 1 });
});
