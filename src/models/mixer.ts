import type { Value } from "../graph/graph.ts";
import { linear } from "./layers.ts";
import type { Network } from "./network.ts";
import { layerNorm, reduceMean } from "./norms.ts";
import { fixedClassifier, type Recipe } from "./recipe.ts";
import { mlp, patchTokens, transpose } from "./tokens.ts";

const BLOCKS = 8, WIDTH = 512, PATCH = 16, EPSILON = 1e-6;

/**
 * timm's MLP-Mixer S/16 (Tolstikhin et al., 2021): each block mixes the tokens, then the channels, by two fully connected
 * layers with GELU between. [1, 3, 224, 224] → [1, 1000].
 */
function mixerS16(network: Network): Value {
  let x = patchTokens(network, "stem", WIDTH, PATCH);
  for (let index = 0; index < BLOCKS; index++) {
    const path = `blocks.${index}`;
    const turn = (y: Value) => transpose(network, y, path, [0, 2, 1]);
    const normal = turn(layerNorm(network, x, `${path}.norm1`, EPSILON));
    x = network.op("Add", [x, turn(mlp(network, normal, `${path}.mlp_tokens`, WIDTH / 2))], path);
    const mixed = mlp(network, layerNorm(network, x, `${path}.norm2`, EPSILON), `${path}.mlp_channels`, 4 * WIDTH);
    x = network.op("Add", [x, mixed], path);
  }
  return linear(network, reduceMean(network, layerNorm(network, x, "norm", EPSILON), "", [1], false), "head", 1000);
}

/** MLP-Mixers by timm's names. */
export const MIXERS: Readonly<Record<"mixer_s16_224", Recipe>> = { mixer_s16_224: fixedClassifier(mixerS16) };
