import { exportModel } from "../graph/export.ts";
import { newAttribute } from "../graph/attribute.ts";
import type { Dim, Value } from "../graph/graph.ts";
import { Model } from "../fusion/model.ts";
import { addAll, around, conv, convTranspose, relu, upsample } from "../models/layers.ts";
import { Network, type Statistics } from "../models/network.ts";
import { checked } from "../host/options.ts";
import { shownList } from "../plot/shown_results.ts";
import { valueTensor } from "../tensor/tensor.ts";

/** The ways in which neighbouring linear layers become one. */
export type Family =
  | "affine-after-layer"
  | "affine-before-layer"
  | "affine-after-affine"
  | "carried-affine"
  | "pad-before-layer"
  | "layer-after-layer"
  | "parallel-layers"
  | "unmerged-adapter"
  | "pool-after-layer"
  | "pool-after-wide-layer"
  | "layer-after-resize"
  | "layer-after-repeat"
  | "entries-taken"
  | "transposed-layer"
  | "contraction"
  | "expectation"
  | "layer-of-join"
  | "one-hot"
  | "layers-of-parts"
  | "dealt-cells"
  | "cancelled-shift"
  | "sum-of-layers";

interface Recipe {
  readonly input: readonly Dim[];
  readonly size: readonly number[];
  layers(network: Network): Value;
}

const CHANNELS = 32, WIDE = 128;
const MAP: readonly Dim[] = ["batch", CHANNELS, "height", "width"];
const IMAGE = [1, CHANNELS, 64, 64];
/** TensorProto.DataType of the types that a network casts to. */
const FLOAT = 1, INT64 = 7;
const TOKENS = 128, WIDTH = 256, RANK = 16;

/** An image network of one family. */
function onMaps(layers: (network: Network) => Value): Recipe {
  return { input: MAP, size: IMAGE, layers };
}

/** The same where the size is known. */
function onImages(layers: (network: Network) => Value): Recipe {
  return { input: ["batch", ...IMAGE.slice(1)], size: IMAGE, layers };
}

const RECIPES: Readonly<Record<Family, Recipe>> = {
  "affine-after-layer": onMaps((network) => {
    const y = conv(network, network.input, "conv", { out: CHANNELS, kernel: 3 });
    return relu(network, network.batchNorm(y, "norm"), "relu");
  }),
  "affine-before-layer": onMaps((network) => {
    const y = network.batchNorm(relu(network, network.input, "relu"), "norm");
    return conv(network, y, "conv", { out: CHANNELS });
  }),
  "affine-after-affine": onMaps((network) => {
    const scale = network.parameter("scale.weight", [1, CHANNELS, 1, 1], { kind: "uniform", low: 0.5, high: 1.5 });
    const shift = network.parameter("scale.bias", [1, CHANNELS, 1, 1], { kind: "normal", std: 0.1 });
    const y = network.batchNorm(relu(network, network.input, "relu"), "norm");
    const z = network.op("Add", [network.op("Mul", [y, scale], "scale"), shift], "scale");
    return network.op("Sigmoid", [z], "gate");
  }),
  "carried-affine": onMaps((network) => {
    const branches = [1, 3].map((kernel) =>
      conv(network, network.input, `conv${kernel}`, { out: CHANNELS / 2, kernel })
    );
    return relu(network, network.batchNorm(network.op("Concat", branches, "", { axis: 1 }), "norm"), "relu");
  }),
  "pad-before-layer": onMaps((network) => {
    const pads = network.constant("pads", valueTensor("int64", [8], Float64Array.of(0, 0, 1, 1, 0, 0, 1, 1)));
    const padded = network.op("Pad", [network.input, pads], "pad");
    return conv(network, padded, "conv", { out: CHANNELS, kernel: 3, padding: 0, bias: true });
  }),
  "layer-after-layer": onMaps((network) => {
    const y = conv(network, network.input, "wide", { out: 2 * CHANNELS, kernel: 3 });
    return relu(network, conv(network, y, "narrow", { out: CHANNELS / 2, bias: true }), "relu");
  }),
  "parallel-layers": onMaps((network) => {
    const x = network.input;
    const branches = [3, 1].map((kernel) => {
      const path = `branch${kernel}x${kernel}`;
      return network.batchNorm(conv(network, x, `${path}.conv`, { out: CHANNELS, kernel }), `${path}.norm`);
    });
    return relu(network, addAll(network, [...branches, network.batchNorm(x, "identity.norm")], ""), "relu");
  }),
  "unmerged-adapter": {
    input: ["batch", "tokens", WIDTH],
    size: [1, TOKENS, WIDTH],
    layers(network) {
      const limit = around(1 / Math.sqrt(WIDTH)), x = network.input;
      const y = network.op("MatMul", [x, network.parameter("weight", [WIDTH, WIDTH], limit)], "linear");
      const down = network.op("MatMul", [x, network.parameter("lora_A", [WIDTH, RANK], limit)], "lora_A");
      const up = network.op("MatMul", [down, network.parameter("lora_B", [RANK, WIDTH], limit)], "lora_B");
      const change = network.op(
        "Mul",
        [up, network.constant("alpha", valueTensor("float32", [], Float64Array.of(2)))],
        "lora",
      );
      return network.op("Add", [y, change], "");
    },
  },
  "pool-after-layer": onMaps((network) => {
    const y = conv(network, relu(network, network.input, "relu"), "conv", { out: CHANNELS });
    return network.op("AveragePool", [y], "pool", { kernel_shape: [2, 2], strides: [2, 2] });
  }),
  "pool-after-wide-layer": onMaps((network) => {
    const y = conv(network, relu(network, network.input, "relu"), "conv", { out: CHANNELS, kernel: 3, bias: true });
    return network.op("AveragePool", [y], "pool", { kernel_shape: [2, 2], strides: [2, 2] });
  }),
  "layer-after-resize": onMaps((network) => {
    const scales = network.constant("scales", valueTensor("float32", [4], Float64Array.of(1, 1, 2, 2)));
    const larger = network.op("Resize", [network.input, undefined, scales], "up", { mode: "nearest" });
    return conv(network, larger, "conv", { out: CHANNELS, bias: true });
  }),
  "layer-after-repeat": {
    input: ["batch", WIDE, "height", "width"],
    size: [1, WIDE, 32, 32],
    layers: (network) => conv(network, upsample(network, network.input, "up"), "conv", { out: CHANNELS, kernel: 3 }),
  },
  "entries-taken": {
    input: ["batch", TOKENS, WIDTH],
    size: [1, TOKENS, WIDTH],
    layers(network) {
      const limit = around(1 / Math.sqrt(WIDTH)), x = network.input;
      const up = network.op("MatMul", [x, network.parameter("up.weight", [WIDTH, WIDTH], limit)], "up");
      const weight = network.parameter("down.weight", [WIDTH, WIDTH], limit);
      const down = network.op("MatMul", [relu(network, up, "relu"), weight], "down");
      const first = network.constant("first", valueTensor("int64", [], Float64Array.of(0)));
      return network.op("Gather", [network.op("Add", [x, down], ""), first], "class_token", { axis: 1 });
    },
  },
  "contraction": {
    input: ["batch", TOKENS, 4, WIDTH / 4],
    size: [1, TOKENS, 4, WIDTH / 4],
    layers(network) {
      const x = network.input, equation = (text: string) => [newAttribute("equation", text)];
      const scores = network.op("Einsum", [x, x], "scores", equation("aecd,abcd->acbe"));
      return network.op(
        "Einsum",
        [network.op("Softmax", [scores], "softmax", { axis: -1 }), x],
        "",
        equation("acbe,aecd->abcd"),
      );
    },
  },
  "expectation": {
    input: ["batch", 16, 4, "positions"],
    size: [1, 16, 4, 8400],
    layers: (network) =>
      conv(network, network.op("Softmax", [network.input], "shares", { axis: 1 }), "mean", { out: 1 }),
  },
  "layer-of-join": onMaps((network) => {
    const down = conv(network, network.input, "down", { out: CHANNELS, kernel: 3, stride: 2 });
    const coarse = upsample(network, relu(network, down, "relu"), "up");
    const joined = network.op("Concat", [coarse, network.input], "", { axis: 1 });
    return relu(network, conv(network, joined, "conv", { out: CHANNELS, bias: true }), "relu_1");
  }),
  "one-hot": {
    input: ["batch", TOKENS],
    size: [1, TOKENS],
    layers(network) {
      const integers = (path: string, ...values: number[]) =>
        network.constant(path, valueTensor("int64", values.length > 1 ? [2] : [], Float64Array.from(values)));
      const byte = network.op("Cast", [network.input], "byte", { to: INT64 });
      const hot = network.op("OneHot", [byte, integers("depth", WIDTH), integers("pair", 0, 1)], "one_hot");
      const weight = network.parameter("linear.weight", [WIDTH, 64], around(1 / Math.sqrt(WIDTH)));
      return network.op("MatMul", [network.op("Cast", [hot], "vectors", { to: FLOAT }), weight], "linear");
    },
  },
  "layers-of-parts": onMaps((network) => {
    const half = CHANNELS / 2, shape: Dim[] = ["batch", half, "height", "width"];
    const lengths = network.constant("lengths", valueTensor("int64", [2], Float64Array.of(half, half)));
    const parts = network.outputs("Split", [network.input, lengths], "split", { axis: 1 }, 2, [shape, shape]);
    const layers = parts.map((part, at) => conv(network, part, `conv${at}`, { out: half, kernel: 3, bias: true }));
    return relu(network, network.op("Concat", layers, "join", { axis: 1 }), "relu");
  }),
  "dealt-cells": onImages((network) => {
    const turned = (x: Value, path: string) => network.op("Transpose", [x], path, { perm: [1, 0, 2, 3] });
    const pads = network.constant("pads", valueTensor("int64", [8], Float64Array.of(0, 0, 2, 2, 0, 0, 2, 2)));
    const padded = network.op("Pad", [turned(network.input, "turned"), pads], "pad");
    const batches = turned(network.op("SpaceToDepth", [padded], "deal", { blocksize: 2 }), "batches");
    const layer = conv(network, batches, "conv", { out: CHANNELS, kernel: 3, padding: 0, bias: true });
    return turned(network.op("DepthToSpace", [turned(layer, "back")], "gather", { blocksize: 2 }), "images");
  }),
  "cancelled-shift": onMaps((network) => {
    const parameter = (path: string) =>
      network.parameter(path, [CHANNELS, 1, 1], { kind: "uniform", low: 0.5, high: 1.5 });
    const y = network.batchNorm(relu(network, network.input, "relu"), "norm");
    const mean = network.op("AveragePool", [y], "pool", { kernel_shape: [3, 3], pads: [1, 1, 1, 1] });
    const mixed = network.op("Mul", [network.op("Sub", [mean, y], "mix"), parameter("scale")], "layer_scale");
    return network.op("Add", [network.input, mixed], "residual");
  }),
  "sum-of-layers": onMaps((network) => {
    const layer = (x: Value, path: string) => conv(network, x, path, { out: CHANNELS, kernel: 3, bias: true });
    const start = relu(network, layer(network.input, "stem"), "relu");
    const branches = ["Tanh", "Sigmoid"].map((op) => layer(network.op(op, [start], `${op}.act`), `${op}.conv`));
    const sum = network.op("Add", [network.op("Add", branches, "branches"), start], "residual");
    return relu(network, sum, "active");
  }),
  "transposed-layer": onMaps((network) =>
    relu(network, convTranspose(network, network.input, "spread", { out: CHANNELS, kernel: 3, padding: 1 }), "relu")
  ),
};

/** All families, in the order in which they build on each other. */
export const families: readonly Family[] = shownList(Object.keys(RECIPES) as Family[], "family");

/** The statistics a BatchNormalization of a family has: means around 0, variances around 1, none of them trivial. */
const STATISTICS: Statistics = new Map(
  ["norm", "branch3x3.norm", "branch1x1.norm", "identity.norm"].map((path) => [path, {
    mean: Float32Array.from({ length: CHANNELS }, (_, channel) => Math.sin(channel) / 4),
    variance: Float32Array.from({ length: CHANNELS }, (_, channel) => 1 + Math.cos(channel) / 2),
  }]),
);

/**
 * The smallest network in which one family of rules has something to do: 2 to 8 nodes, opset 17, seeded weights, one input
 * `input` and one output `output`.
 *
 * Throws a RangeError where there is no such family.
 *
 * @example
 * ```ts
 * import { fuse } from "@layerfuse/layerfuse";
 * import { familyModel } from "@layerfuse/layerfuse/examples";
 *
 * const { report } = await fuse(familyModel("parallel-layers"));
 * console.log(report.before.nodes, "→", report.after.nodes); // 8 → 2
 * ```
 */
export function familyModel(family: Family, options: { seed?: number } = {}): Model {
  const { seed = 0 } = checked("familyModel", options, { seed: true });
  const { input, layers } = recipe(family);
  const network = new Network({ name: family, input, seed, statistics: STATISTICS });
  return Model.from(exportModel(network.finish(layers(network))), family);
}

/** The shape its input is timed at. */
export function familyShape(family: Family): readonly number[] {
  return recipe(family).size;
}

function recipe(family: Family): Recipe {
  if (Object.hasOwn(RECIPES, family)) return RECIPES[family];
  throw new RangeError(`family ${JSON.stringify(family)}: unknown; expected one of ${families.join(", ")}`);
}
