import { assertEquals } from "@std/assert";
import { fuse } from "../../src/fusion/mod.ts";
import { assertFuses, assertKeeps } from "../fusion_check.ts";
import {
  modelBytes,
  random,
  randomIn,
  type TestAttribute,
  type TestModel,
  type TestNode,
  type TestTensor,
} from "../onnx_model.ts";

const [STEPS, BATCH, INPUTS, HIDDEN] = [5, 2, 6, 4];
const GATES = { LSTM: 4, GRU: 3, RNN: 1 } as const;

/** Weights of a recurrent layer over inputs [5, 2, 6]. */
function weights(op: keyof typeof GATES, directions: number): Record<string, TestTensor> {
  const rows = GATES[op] * HIDDEN;
  return {
    w: random([directions, rows, INPUTS], 1),
    r: random([directions, rows, HIDDEN], 2),
    b: random([directions, 2 * rows], 3),
    h0: random([directions, BATCH, HIDDEN], 4),
    lengths: { dims: [BATCH], values: [5, 3], type: 6 },
  };
}

const BN: Record<string, TestTensor> = {
  gamma: random([INPUTS], 5), // of both signs
  beta: random([INPUTS], 6),
  mean: random([INPUTS], 7),
  variance: randomIn(0.1, 2, [INPUTS], 8),
};

/** x [batch, channels, steps] → BatchNormalization → Transpose → a recurrent layer. */
function model(
  op: keyof typeof GATES,
  { inputs = ["w", "r", "b"], outputs = ["y"], attributes = {}, directions = 1 }: {
    inputs?: string[];
    outputs?: string[];
    attributes?: Record<string, TestAttribute>;
    directions?: number;
  } = {},
): TestModel {
  const nodes: TestNode[] = [
    { op: "BatchNormalization", inputs: ["x", ...Object.keys(BN)], outputs: ["n"], name: "bn" },
    { op: "Transpose", inputs: ["n"], outputs: ["t"], attributes: { perm: [2, 0, 1] } },
    { op, inputs: ["t", ...inputs], outputs, name: "layer", attributes: { hidden_size: HIDDEN, ...attributes } },
  ];
  return {
    inputs: { x: [BATCH, INPUTS, STEPS] },
    outputs: Object.fromEntries(outputs.filter((name) => name).map((name) => [name, null])),
    initializers: { ...weights(op, directions), ...BN },
    nodes,
  };
}

for (const op of ["LSTM", "GRU", "RNN"] as const) {
  const all = op === "LSTM" ? ["y", "h", "c"] : ["y", "h"];
  Deno.test(`a BatchNormalization goes into the input weights of ${op}, in one direction and in both, whatever it gives`, async () => {
    const left = { Transpose: 1, [op]: 1 };
    await assertFuses(model(op, { outputs: all }), left);
    await assertFuses(model(op, { attributes: { direction: "reverse" } }), left);
    await assertFuses(model(op, { attributes: { direction: "bidirectional" }, directions: 2, outputs: all }), left);
    await assertFuses(model(op, { outputs: ["", "h"] }), left); // the last state alone
    await assertFuses(model(op, { inputs: ["w", "r"], outputs: all }), left); // without a bias
    await assertFuses(model(op, { inputs: ["w", "r", "", "lengths", "h0"], outputs: all }), left);
    await assertFuses(model(op, { inputs: ["w", "r", "b", "lengths", "h0"], outputs: ["", "h"] }), left);
  });
}

Deno.test("a GRU that resets after its product keeps the two halves of its bias apart", async () => {
  for (const linear_before_reset of [0, 1]) {
    await assertFuses(model("GRU", { attributes: { linear_before_reset }, outputs: ["y", "h"] }), {
      Transpose: 1,
      GRU: 1,
    });
  }
});

Deno.test("an affine map that two recurrent layers take goes into both", async () => {
  const made = model("LSTM");
  await assertFuses({
    ...made,
    outputs: { y: null, z: null },
    nodes: [...made.nodes, { ...made.nodes[2], name: "other", outputs: ["z"] }],
  }, { Transpose: 1, LSTM: 2 });
});

Deno.test("the inputs of a batch-first layer lie along the same axis (ONNX Runtime's CPU provider runs none)", async () => {
  const made = model("LSTM", { attributes: { layout: 1 } }), [bn, transpose, layer] = made.nodes;
  const turned = { ...transpose, attributes: { perm: [0, 2, 1] } };
  const { report } = await fuse(modelBytes({ ...made, nodes: [bn, turned, layer] }));
  assertEquals(report.after.ops, { Transpose: 1, LSTM: 1 });
});

/** The same with other parts. */
const REFUSALS: Record<string, readonly [TestModel, RegExp, node?: string]> = {
  "a weight that is no constant": [
    (({ initializers: { w, ...initializers } = {}, ...rest }) => ({
      ...rest,
      initializers,
      inputs: { ...rest.inputs, w: w.dims },
    }))(model("LSTM")),
    /the input weight W of layer is not constant: 'w' is an input/,
  ],
  "a bias that is no constant": [
    (({ initializers: { b, ...initializers } = {}, ...rest }) => ({
      ...rest,
      initializers,
      inputs: { ...rest.inputs, b: b.dims },
    }))(model("LSTM")),
    /the bias of layer is not constant: 'b' is an input/,
  ],
  "a map along the batch": [
    (({ nodes: [bn, transpose, layer], ...rest }) => ({
      ...rest,
      inputs: { x: [STEPS, INPUTS, INPUTS] }, // steps, batch, inputs: BatchNormalization is along the batch
      nodes: [bn, { ...layer, inputs: ["n", "w", "r"] }, {
        ...transpose,
        inputs: ["y"],
        outputs: ["z"],
        attributes: { perm: [0, 1, 2, 3] },
      }],
      outputs: { z: null },
    }))(model("GRU")),
    /it goes along axis 1, but the channels of the layer are axis 2/,
  ],
  "a map of the first state": [
    {
      inputs: { x: [STEPS, BATCH, INPUTS], s: [1, BATCH, HIDDEN] },
      outputs: { y: null },
      initializers: { ...weights("LSTM", 1), k: random([HIDDEN], 9) },
      nodes: [
        { op: "Mul", inputs: ["s", "k"], outputs: ["m"], name: "bn" },
        {
          op: "LSTM",
          inputs: ["x", "w", "r", "b", "", "m"],
          outputs: ["y"],
          name: "layer",
          attributes: { hidden_size: HIDDEN },
        },
      ],
    },
    /layer takes 'm', but not as what it is applied to/,
  ],
  "a map of its result": [
    {
      inputs: { x: [STEPS, BATCH, INPUTS] },
      outputs: { y: null },
      initializers: { ...weights("LSTM", 1), k: random([HIDDEN], 9) },
      nodes: [
        {
          op: "LSTM",
          inputs: ["x", "w", "r", "b"],
          outputs: ["h"],
          name: "layer",
          attributes: { hidden_size: HIDDEN },
        },
        { op: "Mul", inputs: ["h", "k"], outputs: ["y"], name: "bn" },
      ],
    },
    /layer has activations behind its products/,
  ],
};

for (const [what, [model, reason]] of Object.entries(REFUSALS)) {
  Deno.test(`a recurrent layer is left alone: ${what}`, async () => {
    await assertKeeps(model, reason, { node: "bn" });
  });
}
