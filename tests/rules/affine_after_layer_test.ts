/**
 * Every affine map after every linear layer: one test a cell. Each model is layer → affine; the affine must go and ONNX
 * Runtime (optimizations off) must give the same output.
 */
import { assertFuses } from "../fusion_check.ts";
import { random, randomIn, type TestModel, type TestNode, type TestTensor } from "../onnx_model.ts";
import { AS_WRITTEN, type Layer, LAYERS } from "./linear_layers.ts";

interface Affine {
  /** Nodes from `c` to `y`, with their constants; undefined where the axis does not fit. */
  build(layer: Layer): { nodes: TestNode[]; initializers: Record<string, TestTensor> } | undefined;
  shift: boolean;
  opset?: number;
}

const shaped = (layer: Layer, values: TestTensor, rank = layer.rank - layer.axis): TestTensor => ({
  ...values,
  dims: [
    ...new Array(rank - (layer.rank - layer.axis)).fill(1),
    layer.channels,
    ...new Array(layer.rank - 1 - layer.axis).fill(1),
  ],
});

function binary(op: string, constant: (layer: Layer) => TestTensor | undefined, first = false): Affine {
  return {
    shift: op === "Add" || op === "Sub",
    build(layer) {
      const k = constant(layer);
      return k && {
        nodes: [{ op, inputs: first ? ["k", "c"] : ["c", "k"], outputs: ["y"] }],
        initializers: { k },
      };
    },
  };
}

function batchNormalization(opset: number): Affine {
  return {
    shift: true,
    opset,
    build: ({ channels, axis }) =>
      axis !== 1 ? undefined : {
        nodes: [{
          op: "BatchNormalization",
          inputs: ["c", "g", "b", "m", "v"],
          outputs: ["y"],
          attributes: { epsilon: { float: 1e-3 } },
        }],
        initializers: {
          g: random([channels], 11),
          b: random([channels], 12),
          m: random([channels], 13),
          v: randomIn(0.1, 2, [channels], 14),
        },
      },
  };
}

const per = (layer: Layer) => shaped(layer, randomIn(0.5, 2, [layer.channels], 15));

const AFFINES: Record<string, Affine> = {
  ...Object.fromEntries([7, 9, 14, 15].map((opset) => [`BatchNormalization-${opset}`, batchNormalization(opset)])),
  "Mul by [C, 1, …]": binary("Mul", per),
  "Mul, constant first": binary("Mul", per, true),
  "Mul by [1, C, 1, …]": binary("Mul", (layer) => shaped(layer, randomIn(-2, 2, [layer.channels], 16), layer.rank)),
  "Mul by a scalar": binary("Mul", () => ({ dims: [], values: [-1.5] })),
  "Mul by [1]": binary("Mul", () => ({ dims: [1], values: [0.25] })),
  "Div by [C, 1, …]": binary("Div", per),
  "Div by a scalar": binary("Div", () => ({ dims: [], values: [3] })),
  "Add of [C, 1, …]": binary("Add", per),
  "Add of a scalar, first": binary("Add", () => ({ dims: [], values: [0.5] }), true),
  "Sub of [1, C, 1, …]": binary("Sub", (layer) => shaped(layer, random([layer.channels], 17), layer.rank)),
  "Sub from [C, 1, …]": { ...binary("Sub", per, true), shift: true },
  "Neg": { shift: false, build: () => ({ nodes: [{ op: "Neg", inputs: ["c"], outputs: ["y"] }], initializers: {} }) },
  "Mul by an unsqueezed and cast constant": {
    shift: false,
    opset: 13,
    build: (layer) => ({
      nodes: [
        { op: "Cast", inputs: ["k"], outputs: ["k32"], attributes: { to: 1 } },
        { op: "Reshape", inputs: ["k32", "shape"], outputs: ["kr"] },
        { op: "Identity", inputs: ["kr"], outputs: ["ki"] },
        { op: "Mul", inputs: ["c", "ki"], outputs: ["y"] },
      ],
      initializers: {
        k: randomIn(0.5, 2, [layer.channels], 18, 11),
        shape: {
          type: 7,
          dims: [layer.rank - layer.axis],
          values: [layer.channels, ...new Array(layer.rank - 1 - layer.axis).fill(1)],
        },
      },
    }),
  },
  "a Caffe Scale layer behind a BatchNormalization": {
    shift: true,
    build(layer) {
      const bn = batchNormalization(9).build(layer);
      return bn && {
        nodes: [
          { ...bn.nodes[0], outputs: ["y0"] },
          { op: "Mul", inputs: ["y0", "k"], outputs: ["y1"] },
          { op: "Add", inputs: ["y1", "k2"], outputs: ["y"] },
        ],
        initializers: { ...bn.initializers, k: per(layer), k2: shaped(layer, random([layer.channels], 19)) },
      };
    },
  },
  "Sub mean, Div std": {
    shift: true,
    build: (layer) => ({
      nodes: [
        { op: "Sub", inputs: ["c", "k"], outputs: ["y0"] },
        { op: "Div", inputs: ["y0", "k2"], outputs: ["y"] },
      ],
      initializers: { k: shaped(layer, random([layer.channels], 20)), k2: per(layer) },
    }),
  },
  "Identity, Dropout and Mul": {
    shift: false,
    opset: 13,
    build: (layer) => ({
      nodes: [
        { op: "Identity", inputs: ["c"], outputs: ["y0"] },
        { op: "Dropout", inputs: ["y0"], outputs: ["y1"] },
        { op: "Mul", inputs: ["y1", "k"], outputs: ["y"] },
      ],
      initializers: { k: per(layer) },
    }),
  },
};

for (const [layerName, layer] of Object.entries(LAYERS)) {
  for (const [affineName, affine] of Object.entries(AFFINES)) {
    const built = affine.build(layer);
    const opset = affine.opset ?? 17;
    if (!built || opset < (layer.since ?? 0)) continue;
    const [{ op, inputs }] = built.nodes;
    // a subtraction of a constant is the bias already: it stays one
    const left = affine.shift && layer.withShift || { [layer.op]: 1 };
    const kept = op === "Sub" && inputs[0] === "c" && built.nodes.length === 1 && "Add" in left;
    const model: TestModel = {
      opset,
      inputs: { x: layer.x },
      outputs: { y: null },
      initializers: { ...layer.weights, ...built.initializers },
      nodes: [
        {
          op: layer.op,
          inputs: layer.inputs ?? ["x", ...Object.keys(layer.weights)],
          outputs: ["c"],
          attributes: layer.attributes,
        },
        ...built.nodes,
      ],
    };
    Deno.test(`fuse() folds ${affineName} into the ${layerName} before it`, async () => {
      await assertFuses(model, kept ? { MatMul: 1, Sub: 1 } : left, { options: AS_WRITTEN });
    });
  }
}
