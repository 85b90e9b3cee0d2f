import { assertFuses, assertKeeps } from "../fusion_check.ts";
import { random, randomIn, type TestModel } from "../onnx_model.ts";

function convBn(overrides: Partial<TestModel> = {}): TestModel {
  return {
    inputs: { x: ["n", 3, 8, 8] },
    outputs: { y: ["n", 4, null, null] },
    initializers: {
      w: random([4, 3, 3, 3], 1),
      gamma: randomIn(0.5, 1.5, [4], 2),
      beta: random([4], 3),
      mean: random([4], 4),
      variance: randomIn(0.1, 2, [4], 5),
    },
    nodes: [
      { op: "Conv", inputs: ["x", "w"], outputs: ["c"] },
      { op: "BatchNormalization", inputs: ["c", "gamma", "beta", "mean", "variance"], outputs: ["y"] },
    ],
    ...overrides,
  };
}

Deno.test("fuse() folds a BatchNormalization into the Conv before it", async () => {
  await assertFuses(convBn(), { Conv: 1 });
});

Deno.test("fuse() folds a Sum with a constant into the Conv before it", async () => {
  const nodes = [
    { op: "Conv", inputs: ["x", "w"], outputs: ["c"] },
    { op: "Sum", inputs: ["shift", "c"], outputs: ["y"] },
  ];
  const { w } = convBn().initializers!;
  await assertFuses(convBn({ initializers: { w, shift: random([4, 1, 1], 6) }, nodes }), { Conv: 1 });
});

Deno.test("fuse() keeps a conv whose result another node uses", async () => {
  const model = convBn();
  model.nodes.push({ op: "Relu", inputs: ["c"], outputs: ["z"] });
  model.outputs = { ...model.outputs, z: ["n", 4, null, null] };
  await assertKeeps(model, /'c', which would disappear, is also used by z/, { node: "y" });
});
