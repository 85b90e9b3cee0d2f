/**
 * What `deno task bench:calibrate` measures: for each rule with a gate, a small network with places for the rule at every number
 * of channels and every size. A rule is added by its row here.
 *
 * @module
 */
import { Model } from "../src/fusion/mod.ts";
import { newAttribute } from "../src/graph/attribute.ts";
import { exportModel } from "../src/graph/export.ts";
import type { Dim, Value } from "../src/graph/graph.ts";
import { dilatedByBatches } from "../src/models/dilated_context.ts";
import { conv, convTranspose, prelu, relu, upsample } from "../src/models/layers.ts";
import { Network } from "../src/models/network.ts";
import { project, reshape, transpose } from "../src/models/tokens.ts";
import type { Rule } from "../src/rewrite/rule.ts";
import { valueTensor } from "../src/tensor/tensor.ts";
import { reorderResizeAndLayer } from "../src/rules/reorder_resize_and_layer.ts";
import { splitLayerOfJoin } from "../src/rules/split_layer_of_join.ts";
import { splitLayerIntoPhases } from "../src/rules/split_layer_into_phases.ts";
import { writeContractionAsProduct } from "../src/rules/write_contraction_as_product.ts";
import { lookUpRows } from "../src/rules/look_up_rows.ts";
import { addLayersLast } from "../src/rules/add_layers_last.ts";
import { cancelShift } from "../src/rules/cancel_shift.ts";
import { takeAverageFirst } from "../src/rules/take_average_first.ts";
import { dilateLayer } from "../src/rules/dilate_layer.ts";
import { mergeLayersOfParts } from "../src/rules/merge_layers_of_parts.ts";
import { partLayer } from "../src/rules/part_layer.ts";
import { putChannelsLast } from "../src/rules/put_channels_last.ts";
import { writeClipsAsImages } from "../src/rules/write_clips_as_images.ts";
import { writeLayerAsWinograd } from "../src/rules/write_layer_as_winograd.ts";
import { writeLinesAsImages } from "../src/rules/write_lines_as_images.ts";
import { writeSlopesAsRelu } from "../src/rules/write_slopes_as_relu.ts";
import { turnTransposedLayer } from "../src/rules/turn_transposed_layer.ts";

/** A network to measure, and the shape of its input. */
export interface CalibrationModel {
  /** As it comes. */
  readonly model: Model;
  /** What it is run on. */
  readonly shape: readonly number[];
}

/** One rule with a gate, and what it is measured on. */
export interface CalibrationCase {
  /** The rule. */
  readonly rule: Rule;
  /** What it is applied to, where the rule has several tables. */
  readonly to?: string;
  /** The network in words: what C and S are. */
  readonly network: string;
  /** Channels, or what else a row stands for. */
  readonly channels: readonly number[];
  /** Sizes of the map (or lengths of the sequence): the columns. */
  readonly sizes: readonly number[];
  /** The network for one cell of the table. */
  build(channels: number, size: number): CalibrationModel;
}

/** A network whose input has a shape that the file says. */
export function networkOf(shape: readonly number[], layers: (network: Network) => Value): CalibrationModel {
  const input: readonly Dim[] = shape, network = new Network({ name: "calibration", input, seed: 0 });
  return { model: Model.from(exportModel(network.finish(layers(network))), "calibration"), shape };
}

/** A layer whose activated result is cut into halves, each convolved by itself. */
function partedLayer(network: Network, channels: number, size: number, kernel: number): Value {
  const whole = conv(network, network.input, "conv", { out: channels, kernel, bias: true }), half = channels / 2;
  const active = network.op("Mul", [whole, network.op("Sigmoid", [whole], "gate")], "silu");
  const lengths = network.constant("lengths", valueTensor("int64", [2], Float64Array.of(half, half)));
  const shape = [1, half, size, size];
  const parts = network.outputs("Split", [active, lengths], "split", { axis: 1 }, 2, [shape, shape]);
  return network.op("Add", parts.map((part, at) => conv(network, part, `conv${at}`, { out: half })), "sum");
}

/** An attention of four heads whose query, key and value are parts of one product. */
function cutProjection(network: Network, channels: number): Value {
  const [batch, length] = [0, 1].map((axis) => network.size(network.input, axis)), heads = 4;
  const projected = project(network, network.input, "qkv", 3 * channels);
  const lengths = network.constant("lengths", valueTensor("int64", [3], new Float64Array(3).fill(channels)));
  const parts = network.outputs("Split", [projected, lengths], "split", { axis: 2 }, 3);
  const [query, key, value] = parts.map((part, at) => {
    const apart = reshape(network, part, `heads${at}`, [batch, length, heads, channels / heads]);
    return transpose(network, apart, `part${at}`, at === 1 ? [0, 2, 3, 1] : [0, 2, 1, 3]);
  });
  const shares = network.op("Softmax", [network.op("MatMul", [query, key], "scores")], "shares", { axis: -1 });
  return network.op("MatMul", [shares, value], "mixed");
}

/** A layer of an enlarged map and one that was not, side by side. */
function layerOfJoin(network: Network, channels: number, { kernel }: { kernel: number }): Value {
  const other = upsample(network, network.input, "other"), depthwise = { out: channels, group: channels, kernel: 3 };
  const beside = relu(network, conv(network, other, "beside", depthwise), "act");
  const joined = network.op("Concat", [upsample(network, network.input, "up"), beside], "", { axis: 1 });
  return relu(network, conv(network, joined, "conv", { out: channels, kernel, bias: true }), "relu");
}

/** The heading of a case's table. */
export function titleOf({ rule, to }: CalibrationCase): string {
  return to ? `${rule.name}: ${to}` : rule.name;
}

/** Every rule with a gate. */
export const CALIBRATION_CASES: readonly CalibrationCase[] = [
  {
    rule: splitLayerIntoPhases,
    network: "Resize (nearest, ×2) → Conv 3×3, C → C channels, of a map of S×S",
    channels: [16, 32, 48, 64, 96, 128, 256],
    sizes: [2, 4, 8, 16, 32, 64, 128],
    build: (channels, size) =>
      networkOf(
        [1, channels, size, size],
        (network) =>
          conv(network, upsample(network, network.input, "up"), "conv", { out: channels, kernel: 3, bias: true }),
      ),
  },
  {
    rule: reorderResizeAndLayer,
    network: "Resize (nearest, ×2) → Conv 1×1 → Relu, C → C channels, of a map of S×S",
    channels: [12, 16, 32, 64, 128, 256],
    sizes: [2, 4, 8, 16, 32, 64, 128],
    build: (channels, size) =>
      networkOf([1, channels, size, size], (network) => {
        const enlarged = upsample(network, network.input, "up");
        return relu(network, conv(network, enlarged, "conv", { out: channels, bias: true }), "relu");
      }),
  },
  {
    rule: takeAverageFirst,
    network: "Conv 3×3 → AveragePool 2×2, Relu, C → C channels, of a map of S×S",
    channels: [1, 3, 8, 16, 32, 64, 128, 256],
    sizes: [4, 8, 16, 32, 64, 128],
    build: (channels, size) =>
      networkOf([1, channels, size, size], (network) => {
        const layer = conv(network, network.input, "conv", { out: channels, kernel: 3, bias: true });
        const pool = network.op("AveragePool", [layer], "pool", { kernel_shape: [2, 2], strides: [2, 2] });
        return relu(network, pool, "relu");
      }),
  },
  {
    rule: turnTransposedLayer,
    network: "ConvTranspose 3×3 at stride 1, C → C channels, of a map of S×S, Relu",
    channels: [1, 3, 8, 16, 32, 64, 128, 256],
    sizes: [1, 4, 16, 64, 128],
    build: (channels, size) =>
      networkOf(
        [1, channels, size, size],
        (network) =>
          relu(
            network,
            convTranspose(network, network.input, "up", { out: channels, kernel: 3, padding: 1, bias: true }),
            "relu",
          ),
      ),
  },
  {
    rule: writeContractionAsProduct,
    network: "Einsum abcd,aecd->acbe of 4 heads of C channels and S positions with themselves",
    channels: [8, 16, 32, 64, 128],
    sizes: [1, 8, 32, 128, 512],
    build: (channels, size) =>
      networkOf([1, size, 4, channels], (network) => {
        const scaled = network.op("Sigmoid", [network.input], "scaled"),
          equation = newAttribute("equation", "abcd,aecd->acbe");
        return network.op("Einsum", [scaled, network.input], "scores", [equation]);
      }),
  },
  {
    rule: putChannelsLast,
    network: "Softmax over C channels → 1×1 Conv to C/2 channels, of S×S positions",
    channels: [2, 4, 16, 32, 64],
    sizes: [1, 4, 16, 64],
    build: (channels, size) =>
      networkOf(
        [1, channels, size, size],
        (network) =>
          conv(network, network.op("Softmax", [network.input], "shares", { axis: 1 }), "mean", { out: channels / 2 }),
      ),
  },
  {
    rule: writeSlopesAsRelu,
    network: "Conv 3×3 → PRelu → Conv 3×3, C → C channels, of a map of S×S",
    channels: [4, 16, 32, 64, 128, 256],
    sizes: [4, 16, 64, 128],
    build: (channels, size) =>
      networkOf([1, channels, size, size], (network) => {
        const first = conv(network, network.input, "first", { out: channels, kernel: 3 });
        return conv(network, prelu(network, first, "prelu"), "second", { out: channels, kernel: 3 });
      }),
  },
  {
    rule: writeLinesAsImages,
    network: "twice Conv of 9 taps → Relu, C → C channels, of a line of length S",
    channels: [8, 16, 20, 32, 48, 64, 128, 196, 256],
    sizes: [64, 256, 1024, 8192],
    build: (channels, size) =>
      networkOf([1, channels, size], (network) => {
        const layer = (x: Value, path: string) =>
          relu(network, conv(network, x, path, { out: channels, kernel: 9, bias: true }), `${path}.relu`);
        return layer(layer(network.input, "first"), "second");
      }),
  },
  {
    rule: writeClipsAsImages,
    network: "Conv 3×1×1 → Relu, C → C channels, of 8 frames of S×S",
    channels: [4, 16, 32, 64, 144, 256],
    sizes: [4, 8, 16, 28, 56],
    build: (channels, size) =>
      networkOf(
        [1, channels, 8, size, size],
        (network) => relu(network, conv(network, network.input, "time", { out: channels, kernel: [3, 1, 1] }), "relu"),
      ),
  },
  {
    rule: writeLayerAsWinograd,
    network: "Conv 3×3 → Relu, C → C channels, of a map of S×S",
    channels: [128, 256, 512],
    sizes: [14, 28, 56],
    build: (channels, size) =>
      networkOf(
        [1, channels, size, size],
        (network) =>
          relu(network, conv(network, network.input, "conv", { out: channels, kernel: 3, bias: true }), "relu"),
      ),
  },
  {
    rule: splitLayerOfJoin,
    network:
      "Concat of a nearest ×2 Resize of C channels of S×S and C channels of 2S×2S → 1×1 Conv to C channels, Relu",
    channels: [8, 16, 32, 64, 128, 256],
    sizes: [2, 4, 8, 16, 32, 64],
    build: (channels, size) =>
      networkOf([1, channels, size, size], (network) => layerOfJoin(network, channels, { kernel: 1 })),
  },
  {
    rule: splitLayerOfJoin,
    to: "3×3",
    network:
      "Concat of a nearest ×2 Resize of C channels of S×S and C channels of 2S×2S → 3×3 Conv to C channels, Relu",
    channels: [32, 64, 96, 128, 256],
    sizes: [4, 8, 16, 32, 64],
    build: (channels, size) =>
      networkOf([1, channels, size, size], (network) => layerOfJoin(network, channels, { kernel: 3 })),
  },
  {
    rule: lookUpRows,
    network: "C cells of S places as one-hot vectors (OneHot) → MatMul to 64 channels, Add, Relu",
    channels: [1, 8, 64, 512, 4096],
    sizes: [2, 16, 64, 256, 1024],
    build: (cells, places) =>
      networkOf([1, cells], (network) => {
        const integers = (path: string, ...values: number[]) =>
          network.constant(path, valueTensor("int64", values.length > 1 ? [2] : [], Float64Array.from(values)));
        const scale = network.constant("scale", valueTensor("float32", [], Float64Array.of(places)));
        const scaled = network.op("Mul", [network.input, scale], "scaled");
        const cell = network.op("Cast", [scaled], "cell", { to: 7 });
        const hot = network.op("OneHot", [cell, integers("depth", places), integers("pair", 0, 1)], "hot");
        const table = network.parameter("weight", [places, 64], { kind: "normal", std: 1 });
        const shift = network.parameter("bias", [64], { kind: "normal", std: 1 });
        const product = network.op("MatMul", [network.op("Cast", [hot], "vectors", { to: 1 }), table], "product");
        return relu(network, network.op("Add", [product, shift], "sum"), "relu");
      }),
  },
  {
    rule: partLayer,
    network:
      "Conv 1×1 → Sigmoid, Mul → Split into two parts of C/2 channels → Conv 1×1 of each, Add, C → C channels, of a map of S×S",
    channels: [16, 32, 64, 128, 256],
    sizes: [5, 10, 14, 20, 40, 80],
    build: (channels, size) =>
      networkOf([1, channels, size, size], (network) => partedLayer(network, channels, size, 1)),
  },
  {
    rule: partLayer,
    to: "3×3",
    network:
      "Conv 3×3 → Sigmoid, Mul → Split into two parts of C/2 channels → Conv 1×1 of each, Add, C → C channels, of a map of S×S",
    channels: [32, 64, 128, 192, 256],
    sizes: [10, 14, 20, 40, 80],
    build: (channels, size) =>
      networkOf([1, channels, size, size], (network) => partedLayer(network, channels, size, 3)),
  },
  {
    rule: partLayer,
    to: "products",
    network: "attention of four heads; query, key and value are parts of one MatMul, C → 3·C channels, of S tokens",
    channels: [64, 128, 192, 384, 768],
    sizes: [16, 64, 128, 160, 197, 256, 512],
    build: (channels, size) => networkOf([1, size, channels], (network) => cutProjection(network, channels)),
  },
  {
    rule: mergeLayersOfParts,
    network: "Split into 4 parts of C channels → Conv 3×3 each → Concat, Relu, C → C channels, of a map of S×S",
    channels: [1, 2, 4, 8, 16, 24, 32, 64],
    sizes: [4, 14, 28, 56],
    build: (channels, size) =>
      networkOf([1, 4 * channels, size, size], (network) => {
        const lengths = network.constant("lengths", valueTensor("int64", [4], new Float64Array(4).fill(channels)));
        const shapes = Array.from({ length: 4 }, () => [1, channels, size, size]);
        const parts = network.outputs("Split", [network.input, lengths], "split", { axis: 1 }, 4, shapes);
        const layers = parts.map((part, at) =>
          conv(network, part, `conv${at}`, { out: channels, kernel: 3, bias: true })
        );
        return relu(network, network.op("Concat", layers, "join", { axis: 1 }), "relu");
      }),
  },
  {
    rule: addLayersLast,
    network: "relu(conv(tanh(x)) + conv(σ(x)) + x) of x = relu(conv(…)), Convs 3×3, C → C channels, of a map of S×S",
    channels: [16, 32, 64, 128],
    sizes: [7, 14, 28, 56],
    build: (channels, size) =>
      networkOf([1, channels, size, size], (network) => {
        const layer = (x: Value, path: string) => conv(network, x, path, { out: channels, kernel: 3, bias: true });
        const start = relu(network, layer(network.input, "stem"), "relu");
        const branches = ["Tanh", "Sigmoid"].map((op) => layer(network.op(op, [start], `${op}.act`), `${op}.conv`));
        const sum = network.op("Add", [network.op("Add", branches, "branches"), start], "residual");
        return relu(network, sum, "active");
      }),
  },
  {
    rule: dilateLayer,
    network: "SpaceToBatch of 2×2 → Conv 3×3 → BatchToSpace → Relu → Conv 1×1, C → C channels, of a map of S×S",
    channels: [8, 32, 64, 256],
    sizes: [8, 16, 32, 64],
    build: (channels, size) =>
      networkOf([1, channels, size, size], (network) => {
        const dilation = dilatedByBatches(network, network.input, "conv", { out: channels, dilation: 2, bias: true });
        return conv(network, relu(network, dilation, "relu"), "after", { out: channels });
      }),
  },
  {
    rule: cancelShift,
    network:
      "x + l·(avg(n) − n) with n = s·relu(x) + t (Mul, Add, AveragePool 3×3, Sub, Mul, Add), C channels of a map of S×S",
    channels: [8, 64, 256],
    sizes: [7, 14, 28, 56],
    build: (channels, size) =>
      networkOf([1, channels, size, size], (network) => {
        const { input } = network,
          parameter = (path: string) =>
            network.parameter(path, [channels, 1, 1], { kind: "uniform", low: 0.5, high: 1.5 });
        const scaled = network.op("Mul", [relu(network, input, "relu"), parameter("norm.weight")], "norm.scale");
        const normal = network.op("Add", [scaled, parameter("norm.bias")], "norm.shift");
        const window = { kernel_shape: [3, 3], pads: [1, 1, 1, 1] };
        const mean = network.op("AveragePool", [normal], "pool", window);
        const mixed = network.op("Mul", [network.op("Sub", [mean, normal], "mix"), parameter("scale")], "layer_scale");
        return network.op("Add", [input, mixed], "residual");
      }),
  },
];
