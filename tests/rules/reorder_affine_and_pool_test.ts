import { assertEquals } from "@std/assert";
import { fuse, open } from "../../src/fusion/mod.ts";
import { assertFuses, assertKeeps } from "../fusion_check.ts";
import { modelBytes, random, randomIn, type TestModel, type TestNode, type TestTensor } from "../onnx_model.ts";

/** x → Relu → BatchNormalization → a pool → a padded Conv that cannot take the shift. */
function model(
  pool: Partial<TestNode>,
  { gamma = randomIn(0.5, 2, [8], 2), x = ["n", 8, 12, 12] }: { gamma?: TestTensor; x?: (number | string)[] } = {},
): TestModel {
  return {
    inputs: { x },
    outputs: { y: null },
    initializers: {
      w: random([4, 8, 3, 3], 1),
      gamma,
      beta: random([8], 3),
      mean: random([8], 4),
      variance: randomIn(0.1, 2, [8], 5),
    },
    nodes: [
      { op: "Relu", inputs: ["x"], outputs: ["r"] },
      { op: "BatchNormalization", inputs: ["r", "gamma", "beta", "mean", "variance"], outputs: ["b"], name: "bn" },
      {
        op: "MaxPool",
        inputs: ["b"],
        outputs: ["p"],
        name: "pool",
        attributes: { kernel_shape: [2, 2], strides: [2, 2] },
        ...pool,
      },
      { op: "Conv", inputs: ["p", "w"], outputs: ["y"], attributes: { pads: [1, 1, 1, 1] } },
    ],
  };
}

async function assertOrder(model: TestModel, ops: string[]): Promise<void> {
  await assertFuses(model, Object.fromEntries(ops.map((op) => [op, 1])));
  const { model: fused } = await fuse(modelBytes(model));
  assertEquals((await open(await fused.bytes())).nodes.map(({ opType }) => opType), ops);
}

const POOLS: Record<string, Partial<TestNode>> = {
  "a MaxPool": {},
  "a padded MaxPool": { attributes: { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] } },
  "an AveragePool": { op: "AveragePool" },
  "a GlobalMaxPool": { op: "GlobalMaxPool", attributes: {} },
  "a GlobalAveragePool": { op: "GlobalAveragePool", attributes: {} },
  "a ReduceMax": { op: "ReduceMax", attributes: { axes: [2, 3] } },
  "a ReduceMin": { op: "ReduceMin", attributes: { axes: [2, 3] } },
};

for (const [what, pool] of Object.entries(POOLS)) {
  Deno.test(`a BatchNormalization that no layer takes goes behind ${what}`, async () => {
    const made = model(pool);
    await assertOrder(made, ["Relu", made.nodes[2].op, "BatchNormalization", "Conv"]);
  });
}

Deno.test("a BatchNormalization of any scale goes behind an average, of unknown size too", async () => {
  const made = model({ op: "AveragePool" }, { gamma: random([8], 2), x: ["n", 8, "h", "w"] });
  await assertOrder(made, ["Relu", "AveragePool", "BatchNormalization", "Conv"]);
});

Deno.test("behind the pool, a layer before it or after it takes the map over", async () => {
  const made = model({}), [relu, bn, pool, conv] = made.nodes;
  // Conv → MaxPool → BN; Relu → BN → MaxPool → unpadded Conv
  await assertFuses({
    ...made,
    nodes: [{ ...conv, inputs: ["x", "w8"], outputs: ["r"] }, { ...pool, inputs: ["r"] }, {
      ...bn,
      inputs: ["p", ...bn.inputs.slice(1)],
      outputs: ["y"],
    }],
    initializers: { ...made.initializers, w8: random([8, 8, 3, 3], 1) },
  }, { Conv: 1, MaxPool: 1 });
  await assertFuses({ ...made, nodes: [relu, bn, pool, { ...conv, attributes: {} }] }, {
    Relu: 1,
    MaxPool: 1,
    Conv: 1,
  });
});

Deno.test("a negative scale does not go behind a maximum", async () => {
  await assertKeeps(model({}, { gamma: random([8], 2) }), /turns the maximum of pool into a minimum/, { node: "bn" });
});

Deno.test("a negative scale does not go behind a minimum", async () => {
  const made = model({ op: "ReduceMin", attributes: { axes: [2, 3] } }, { gamma: random([8], 2) });
  await assertKeeps(made, /turns the minimum of pool into a maximum/, { node: "bn" });
});

Deno.test("a shift does not go behind an average that counts padded cells", async () => {
  const attributes = { kernel_shape: [2, 2], strides: [2, 2], pads: [1, 1, 1, 1], count_include_pad: 1 };
  await assertKeeps(model({ op: "AveragePool", attributes }), /counts padded zeros \(count_include_pad = 1\)/, {
    node: "bn",
  });
});

Deno.test("a pool that makes no fewer elements stays behind the map", async () => {
  const made = model({ attributes: { kernel_shape: [3, 3], pads: [1, 1, 1, 1] } });
  const { report } = await fuse(modelBytes(made));
  assertEquals(report.applied, []);
});

Deno.test("a map whose result others take too stays where it is", async () => {
  const made = model({});
  const { report } = await fuse(modelBytes({ ...made, outputs: { y: null, b: null } }));
  assertEquals(report.applied, []);
});
