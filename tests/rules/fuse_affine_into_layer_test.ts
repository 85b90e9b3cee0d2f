import { assertFuses, assertKeeps } from "../fusion_check.ts";
import { random, randomIn, type TestModel, type TestNode } from "../onnx_model.ts";

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

/** A Conv whose result `y` is added to whatever else is named. */
function summed(inputs: string[], more: TestNode[] = []): TestModel {
  const { w } = convBn().initializers!;
  return convBn({
    initializers: {
      w,
      shift: random([4, 1, 1], 6),
      other: random([1, 4, 1, 1], 7),
      one: random([], 8),
      row: random([6], 9),
      images: random([2, 1, 1, 1], 10),
    },
    nodes: [
      { op: "Conv", inputs: ["x", "w"], outputs: ["c"] },
      ...more,
      { op: "Sum", inputs, outputs: ["y"] },
    ],
  });
}

Deno.test("fuse() folds a Sum with several constants into the Conv before it", async () => {
  await assertFuses(summed(["shift", "c", "other", "one"]), { Conv: 1 });
});

Deno.test("fuse() keeps a Sum whose constants vary along different axes, enlarge their input, or stand beside two values", async () => {
  await assertKeeps(summed(["shift", "c", "row"]), /its constants vary along different axes/, { node: "y" });
  await assertKeeps(summed(["images", "c", "shift"]), /its constant of shape \[2,1,1,1\]/, { node: "y" });
  const relu: TestNode = { op: "Relu", inputs: ["x2"], outputs: ["r"] };
  const beside = summed(["c", "r", "shift"], [relu]);
  beside.inputs = { ...beside.inputs, x2: ["n", 4, 6, 6] };
  await assertKeeps(beside, /it adds 2 values beside its constant, no map of one/, { node: "y" });
});

Deno.test("fuse() keeps a conv whose result another node uses", async () => {
  const model = convBn();
  model.nodes.push({ op: "Relu", inputs: ["c"], outputs: ["z"] });
  model.outputs = { ...model.outputs, z: ["n", 4, null, null] };
  await assertKeeps(model, /'c', which would disappear, is also used by z/, { node: "y" });
});
