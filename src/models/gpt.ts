import { floatAttribute } from "../graph/attribute.ts";
import type { Value } from "../graph/graph.ts";
import { tanhGelu } from "./activations.ts";
import { attend, causalMask, joinHeads, toHeads } from "./attention.ts";
import type { Network } from "./network.ts";
import { layerNorm } from "./norms.ts";
import { fixed, type Recipe } from "./recipe.ts";
import { reshape, transpose } from "./tokens.ts";

const BLOCKS = 4, WIDTH = 256, HEADS = 4, LENGTH = 128;

/**
 * Blocks of GPT-2 (Radford et al., 2019) at width 256 as Hugging Face's GPT2Block with eager attention: pre-norm, GELU by
 * tanh, a causal mask, fully connected layers as Gemm between two Reshapes. Embedded tokens [1, 128, 256] → [1, 128, 256].
 */
function gptBlocks(network: Network): Value {
  const mask = causalMask(network, LENGTH);
  let x = network.input;
  for (let index = 0; index < BLOCKS; index++) {
    const path = `h.${index}`;
    x = network.op("Add", [attention(network, layerNorm(network, x, `${path}.ln_1`), `${path}.attn`, mask), x], path);
    const hidden = conv1d(network, layerNorm(network, x, `${path}.ln_2`), `${path}.mlp.c_fc`, 4 * WIDTH);
    const y = conv1d(network, tanhGelu(network, hidden, `${path}.mlp.act`), `${path}.mlp.c_proj`, WIDTH);
    x = network.op("Add", [x, y], path);
  }
  return layerNorm(network, x, "ln_f");
}

function attention(network: Network, x: Value, path: string, mask: Value): Value {
  const projected = conv1d(network, x, `${path}.c_attn`, 3 * WIDTH);
  const sizes = network.literal(path, "int64", [WIDTH, WIDTH, WIDTH]);
  const [q, k, v] = network.outputs("Split", [projected, sizes], path, { axis: 2 }, 3);
  const [key, values, queries] = [k, v, q].map((part) => toHeads(network, part, path, WIDTH / HEADS));
  const value = transpose(network, values, path, [0, 2, 1, 3]);
  const query = transpose(network, queries, path, [0, 2, 1, 3]);
  const keys = transpose(network, key, path, [0, 2, 3, 1]);
  const y = attend(network, { query, keys, value }, path, { mask, casts: 1 });
  return conv1d(network, joinHeads(network, y, path), `${path}.c_proj`, WIDTH);
}

/** GPT-2's own fully connected layer, whose weight is [in, out]. */
function conv1d(network: Network, x: Value, path: string, out: number): Value {
  const width = network.size(x, -1);
  const weight = network.parameter(`${path}.weight`, [width, out], { kind: "normal", std: 1 / Math.sqrt(3 * width) });
  const bias = network.parameter(`${path}.bias`, [out], { kind: "normal", std: 0.02 });
  const flat = reshape(network, x, path, [-1, width]);
  const y = network.op("Gemm", [flat, weight, bias], path, [floatAttribute("alpha", 1), floatAttribute("beta", 1)]);
  return reshape(network, y, path, [network.size(x, 0), network.size(x, 1), out]);
}

/** GPT-like block stacks by name. */
export const GPTS: Readonly<Record<"gpt_blocks", Recipe>> = {
  gpt_blocks: { ...fixed(gptBlocks, [1, LENGTH, WIDTH], [1, LENGTH, WIDTH]), uncalled: new Set(["h"]) },
};
