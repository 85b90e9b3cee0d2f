import type { Value } from "../graph/graph.ts";
import { gelu } from "./activations.ts";
import { conv, linear } from "./layers.ts";
import { layerNorm, reduceMean } from "./norms.ts";
import type { Network } from "./network.ts";
import type { Recipe } from "./recipe.ts";
import { project, reshape, transpose } from "./tokens.ts";

const BYTES = 1024, PLACES = 256, EMBEDDING = 64, TOGETHER = 4, HIDDEN = 256, KERNEL = 5, TYPES = 100;

/**
 * A classifier of files by their bytes, after Magika (Fratantonio et al., 2024): each byte as a one-hot vector, a fully connected
 * layer, four bytes to a position, a convolution, the greatest of all positions. Bytes come as fractions of 255.
 * [N, 1024] → [N, 100].
 */
function byteClassifier(network: Network): Value {
  const hot = project(network, oneHot(network, network.input), "embed", EMBEDDING);
  const rows = reshape(network, gelu(network, hot, ""), "", [-1, BYTES / TOGETHER, TOGETHER * EMBEDDING]);
  const options = { out: HIDDEN, kernel: KERNEL, padding: 0, bias: true, init: "default" } as const;
  const y = gelu(network, conv(network, transpose(network, rows, "", [0, 2, 1]), "conv", options), "");
  const most = reduceMean(network, y, "", [-1], false, "ReduceMax");
  return network.op("Softmax", [linear(network, layerNorm(network, most, "norm"), "fc", TYPES)], "", { axis: -1 });
}

/** `F.one_hot((x * 255).clamp(0, 255).long(), 256).float()` */
function oneHot(network: Network, x: Value): Value {
  const most = () => network.literal("", "float32", PLACES - 1);
  const scaled = network.op("Mul", [x, most()], "");
  const place = network.op("Clip", [scaled, network.literal("", "float32", 0), most()], "");
  const depth = network.literal("", "int64", PLACES), pair = network.literal("", "int64", [0, 1]);
  const whole = network.op("Cast", [place], "", { to: 7 });
  return network.op("Cast", [network.op("OneHot", [whole, depth, pair], "", { axis: -1 })], "", { to: 1 });
}

/** Classifiers of bytes by name. */
export const BYTE_CLASSIFIERS: Readonly<Record<"byte_classifier", Recipe>> = {
  byte_classifier: {
    input: ["batch", BYTES],
    output: ["batch", TYPES],
    defaultInput: [1, BYTES],
    layers: byteClassifier,
  },
};
