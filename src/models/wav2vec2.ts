import type { Value } from "../graph/graph.ts";
import { gelu } from "./activations.ts";
import { conv } from "./layers.ts";
import type { Network } from "./network.ts";
import { groupNorm } from "./norms.ts";
import type { Recipe } from "./recipe.ts";

const WIDTH = 512;
/** Kernel size and stride of each convolution. */
const WINDOWS = [[10, 5], [3, 2], [3, 2], [3, 2], [3, 2], [2, 2], [2, 2]];

/**
 * The stem of wav2vec 2.0 (Baevski et al., 2020) as Hugging Face's Wav2Vec2FeatureEncoder: seven strided 1-D convolutions with
 * GELU, the first normalised per channel. Samples at 16 kHz [N, L] → features [N, 512, about L/320].
 */
function wav2vec2Stem(network: Network): Value {
  const root = "feature_extractor";
  let x = network.op("Unsqueeze", [network.input, network.literal(root, "int64", [1])], root);
  WINDOWS.forEach(([kernel, stride], index) => {
    const path = `${root}.conv_layers.${index}`;
    x = conv(network, x, `${path}.conv`, { out: WIDTH, kernel, stride, padding: 0, init: "fan_in" });
    if (index === 0) x = groupNorm(network, x, `${path}.layer_norm`, WIDTH);
    x = gelu(network, x, `${path}.activation`);
  });
  return x;
}

/** Stems of speech models by name. */
export const WAV2VEC2_STEMS: Readonly<Record<"wav2vec2_stem", Recipe>> = {
  wav2vec2_stem: {
    input: ["batch", "samples"],
    output: ["batch", WIDTH, null],
    defaultInput: [1, 16_000],
    uncalled: new Set(["conv_layers"]),
    layers: wav2vec2Stem,
  },
};
