import { assertKeeps } from "../fusion_check.ts";
import { random, type TestModel } from "../onnx_model.ts";

const model = (nodes: TestModel["nodes"], inputs: TestModel["inputs"]): TestModel => ({
  inputs,
  outputs: { y: null },
  initializers: { w: random([4, 4, 1, 1], 1), k: random([4, 1, 1], 2) },
  nodes: [...nodes, { op: "Mul", inputs: ["h", "k"], outputs: ["y"], name: "scale" }],
});

Deno.test("a refusal names the operator without an entry that hides a rank, however far back", async () => {
  const nodes = [
    { op: "Mystery", domain: "custom", inputs: ["x"], outputs: ["m"], name: "secret" },
    { op: "Relu", inputs: ["m"], outputs: ["r"] },
    { op: "Neg", inputs: ["r"], outputs: ["h"] },
  ];
  await assertKeeps(
    model(nodes, { x: [2, 4, 3, 3] }),
    /the rank of its input '[hr]' is not known: custom\.Mystery \(secret\) is an operator that is not known/,
    { node: "scale" },
  );
});
