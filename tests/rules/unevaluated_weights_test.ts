/** A layer whose weight is computed of constants by what is not evaluated has a reason. */
import { assertKeeps } from "../fusion_check.ts";
import { random, tensor, type TestModel, type TestNode } from "../onnx_model.ts";

/** x [n, 4] times a weight that nodes make of w [4, 5], five lengths and q [3, 3]. */
function model(nodes: TestNode[], op = "MatMul"): TestModel {
  const used = nodes.flatMap(({ inputs }) => inputs);
  const constants = { w: random([4, 5], 1), q: random([3, 3], 2), lengths: tensor([5], [1, 2, 3, 4, 4], 7) };
  return {
    inputs: { x: ["n", 4] },
    outputs: { y: null },
    initializers: Object.fromEntries(Object.entries(constants).filter(([name]) => used.includes(name))),
    nodes: [...nodes, { op, inputs: ["x", "v"], outputs: ["y"] }],
  };
}

Deno.test("a weight that an operator without an evaluation makes is named, behind further nodes too", async () => {
  const reversed: TestNode = { op: "ReverseSequence", name: "rs", inputs: ["w", "lengths"], outputs: ["v"] };
  for (const op of ["MatMul", "Gemm"]) {
    await assertKeeps(
      model([reversed], op),
      /^a weight of y is computed of constants by rs, and ReverseSequence is not worked out ahead of time$/,
    );
  }
  const scaled: TestNode[] = [
    { op: "Det", name: "det", inputs: ["q"], outputs: ["d"] },
    { op: "Mul", inputs: ["w", "d"], outputs: ["s"] },
    { op: "Identity", inputs: ["s"], outputs: ["v"] },
  ];
  await assertKeeps(model(scaled), /^a weight of y is computed of constants by det, and Det is not worked out/);
});

Deno.test("a weight that an unknown operator makes of constants is named with its domain", async () => {
  const unknown = model([{ op: "Foo", domain: "com.example", name: "foo", inputs: ["w"], outputs: ["v"] }]);
  unknown.opsets = { "com.example": 1 };
  await assertKeeps(
    unknown,
    /^a weight of y is computed of constants by foo, and Foo of com.example is not known here$/,
  );
});
