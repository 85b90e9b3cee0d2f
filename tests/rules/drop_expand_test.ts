import { assertFuses } from "../fusion_check.ts";
import { tensor, type TestModel, type TestNode } from "../onnx_model.ts";

/** x ∘ Expand(ReduceL2(x)), as `x / x.norm(dim=-1, keepdim=True).expand_as(x)` is written. */
function normalized(op: TestNode, to = [2, 3, 4]): TestModel {
  return {
    inputs: { x: [2, 3, 4] },
    outputs: { y: null },
    initializers: { to: tensor([to.length], to, 7), zero: tensor([], [0]) },
    nodes: [
      { op: "ReduceL2", inputs: ["x"], outputs: ["norm"], attributes: { axes: [-1] } },
      { op: "Expand", inputs: ["norm", "to"], outputs: ["wide"] },
      op,
    ],
  };
}
const divide = { op: "Div", inputs: ["x", "wide"], outputs: ["y"] };

Deno.test("drop-expand: what broadcasts by itself takes the narrow value", async () => {
  await assertFuses(normalized(divide), { Div: 1, ReduceL2: 1 });
  await assertFuses(normalized({ op: "Max", inputs: ["wide", "x"], outputs: ["y"] }), { Max: 1, ReduceL2: 1 });
});

Deno.test("drop-expand: sizes may be names, where they are the same", async () => {
  const model = normalized(divide);
  model.inputs = { x: ["n", 3, 4] };
  model.nodes.unshift({ op: "Shape", inputs: ["x"], outputs: ["shape"] });
  model.nodes[2].inputs = ["norm", "shape"];
  await assertFuses(model, { Div: 1, ReduceL2: 1 });
});

Deno.test("drop-expand keeps an Expand that alone makes the result so large", async () => {
  await assertFuses(normalized(divide, [5, 2, 3, 4]), { Div: 1, Expand: 1, ReduceL2: 1 });
  await assertFuses(normalized({ op: "Add", inputs: ["wide", "norm"], outputs: ["y"] }), {
    Add: 1,
    Expand: 1,
    ReduceL2: 1,
  });
});

Deno.test("drop-expand keeps an Expand whose result something else takes", async () => {
  const model = normalized(divide);
  await assertFuses({ ...model, outputs: { y: null, wide: null } }, { Div: 1, Expand: 1, ReduceL2: 1 });
});

Deno.test("drop-expand keeps an Expand before what does not broadcast", async () => {
  await assertFuses(normalized({ op: "Relu", inputs: ["wide"], outputs: ["y"] }), { Expand: 1, ReduceL2: 1, Relu: 1 });
});
