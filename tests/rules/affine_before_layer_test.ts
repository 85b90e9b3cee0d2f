/**
 * Affine maps before every linear layer: one test a cell. A scale always goes; a shift goes except where padding or missing
 * cells would show it, or where it would only become another addition.
 */
import { assertFuses, assertKeeps } from "../fusion_check.ts";
import { random, randomIn, type TestModel, type TestNode, type TestTensor } from "../onnx_model.ts";
import { AS_WRITTEN, type Layer, LAYERS } from "./linear_layers.ts";

interface Affine {
  /** Nodes from `r` to `a`, with their constants; undefined where the axis does not fit. */
  build(layer: Layer): { nodes: TestNode[]; initializers: Record<string, TestTensor> } | undefined;
  shift: boolean;
}

const CHANNELS = 4;

/** [C, 1, …], aligned with the channels of x. */
const per = ({ x, from = 1 }: Layer, values: TestTensor): TestTensor => ({
  ...values,
  dims: [CHANNELS, ...new Array(x.length - 1 - from).fill(1)],
});

const AFFINES: Record<string, Affine> = {
  "Mul by [C, 1, …]": {
    shift: false,
    build: (layer) => ({
      nodes: [{ op: "Mul", inputs: ["r", "k"], outputs: ["a"] }],
      initializers: { k: per(layer, randomIn(-2, 2, [CHANNELS], 31)) },
    }),
  },
  "Div by a scalar": {
    shift: false,
    build: () => ({
      nodes: [{ op: "Div", inputs: ["r", "k"], outputs: ["a"] }],
      initializers: { k: { dims: [], values: [255] } },
    }),
  },
  "Neg": { shift: false, build: () => ({ nodes: [{ op: "Neg", inputs: ["r"], outputs: ["a"] }], initializers: {} }) },
  "BatchNormalization": {
    shift: true,
    build: ({ from = 1 }) =>
      from !== 1 ? undefined : {
        nodes: [{ op: "BatchNormalization", inputs: ["r", "g", "b", "m", "v"], outputs: ["a"] }],
        initializers: {
          g: random([CHANNELS], 32),
          b: random([CHANNELS], 33),
          m: random([CHANNELS], 34),
          v: randomIn(0.1, 2, [CHANNELS], 35),
        },
      },
  },
  "Add of a scalar": {
    shift: true,
    build: () => ({
      nodes: [{ op: "Add", inputs: ["k", "r"], outputs: ["a"] }],
      initializers: { k: { dims: [], values: [0.5] } },
    }),
  },
  "Sub from [C, 1, …]": {
    shift: true,
    build: (layer) => ({
      nodes: [{ op: "Sub", inputs: ["k", "r"], outputs: ["a"] }],
      initializers: { k: per(layer, random([CHANNELS], 36)) },
    }),
  },
  "Sub mean, Div std": {
    shift: true,
    build: (layer) => ({
      nodes: [
        { op: "Sub", inputs: ["r", "k"], outputs: ["s"] },
        { op: "Div", inputs: ["s", "k2"], outputs: ["a"] },
      ],
      initializers: {
        k: per(layer, random([CHANNELS], 37)),
        k2: per(layer, randomIn(0.5, 2, [CHANNELS], 38)),
      },
    }),
  },
};

for (const [layerName, layer] of Object.entries(LAYERS)) {
  for (const [affineName, { build, shift }] of Object.entries(AFFINES)) {
    const built = build(layer);
    if (!built) continue;
    const weights = Object.keys(layer.weights);
    const model: TestModel = {
      inputs: { x: layer.x },
      outputs: { y: null },
      initializers: { ...layer.weights, ...built.initializers },
      nodes: [
        { op: "Relu", inputs: ["x"], outputs: ["r"] },
        ...built.nodes,
        {
          op: layer.op,
          inputs: layer.inputs?.map((name) => name === "x" ? "a" : name) ?? ["a", ...weights],
          outputs: ["y"],
          attributes: layer.attributes,
        },
      ],
    };
    const reason = shift ? layer.keepsShift : undefined;
    const isChain = built.nodes.length > 1;
    if (reason && !isChain) {
      const [{ op }] = built.nodes;
      Deno.test(`fuse() keeps ${affineName} before the ${layerName}, and says why`, async () => {
        await assertKeeps(model, reason, { node: "a", options: AS_WRITTEN });
        await assertFuses(model, Object.fromEntries([[layer.op, 1], [op, 1], ["Relu", 1]].toSorted()), {
          options: AS_WRITTEN,
        });
      });
    } else {
      const left = reason ? { Add: 1, [layer.op]: 1 } : shift && layer.withShift || { [layer.op]: 1 };
      Deno.test(`fuse() folds ${affineName} into the ${layerName} after it${reason ? ", all but one Add" : ""}`, async () => {
        await assertFuses(model, Object.fromEntries(Object.entries({ ...left, Relu: 1 }).toSorted()), {
          options: AS_WRITTEN,
        });
      });
    }
  }
}
