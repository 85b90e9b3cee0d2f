import type { Value } from "../graph/graph.ts";
import { conv, maxPool, relu } from "./layers.ts";
import { lstm } from "./lstm.ts";
import type { Network } from "./network.ts";
import type { Recipe } from "./recipe.ts";
import { project, transpose } from "./tokens.ts";

const HIDDEN = 256, CHARACTERS = 37;
/** Channels of each convolution, whether a BN follows, and the window of the max pooling behind its Relu, if any. */
const LAYERS: readonly { out: number; hasNorm?: boolean; pool?: "square" | "flat" }[] = [
  { out: 64, pool: "square" },
  { out: 128, pool: "square" },
  { out: 256, hasNorm: true },
  { out: 256, pool: "flat" },
  { out: 512, hasNorm: true },
  { out: 512, pool: "flat" },
];

/**
 * The CRNN of Shi et al. (2015) that reads a line of text: a VGG-like stem down to height 1, two bidirectional LSTMs, each
 * with the BN before it of Deep Speech 2 (Amodei et al., 2015). [N, 1, 32, W] → scores of characters [about W/4, N, 37].
 */
function crnn(network: Network): Value {
  const biased = { bias: true, init: "fan_in" } as const;
  let x = network.input, module = 0;
  const next = () => `cnn.${module++}`;
  for (const { out, hasNorm, pool } of LAYERS) {
    x = conv(network, x, next(), { out, kernel: 3, ...biased });
    if (hasNorm) x = network.batchNorm(x, next());
    x = relu(network, x, next());
    if (pool === "square") x = maxPool(network, x, next(), 2, 2);
    if (pool === "flat") x = maxPool(network, x, next(), [2, 2], [2, 1], [0, 1]);
  }
  x = conv(network, x, next(), { out: 512, kernel: 2, padding: 0, ...biased });
  x = relu(network, network.batchNorm(x, next()), next());
  x = network.op("Squeeze", [x, network.literal("", "int64", [2])], "");
  const first = recurrent(network, x, "rnn.0");
  const back = transpose(network, first, "rnn.0", [1, 2, 0]);
  return project(network, recurrent(network, back, "rnn.1"), "embedding", CHARACTERS);
}

/** BN and a bidirectional LSTM of a sequence [N, C, T]; [T, N, 512]. */
function recurrent(network: Network, x: Value, path: string): Value {
  const normal = network.batchNorm(x, `${path}.norm`);
  return lstm(network, transpose(network, normal, path, [2, 0, 1]), `${path}.rnn`, HIDDEN);
}

/** CRNNs by name. */
export const CRNNS: Readonly<Record<"crnn_lstm", Recipe>> = {
  crnn_lstm: {
    input: ["batch", 1, 32, "width"],
    output: [null, "batch", CHARACTERS],
    defaultInput: [1, 1, 32, 100],
    calibration: [8, 1, 32, 100],
    layers: crnn,
  },
};
