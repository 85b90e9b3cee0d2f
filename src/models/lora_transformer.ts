import { writtenGelu } from "./activations.ts";
import { floatAttribute, newAttribute } from "../graph/attribute.ts";
import type { Value } from "../graph/graph.ts";
import { around } from "./layers.ts";
import type { Network } from "./network.ts";

/** Transformer blocks. */
const BLOCKS = 4;
/** Width of a token. */
export const WIDTH = 256;
const HEADS = 8;
const HIDDEN = 4 * WIDTH;
/** Rank r of an adaptation, and its scale s = α/r with α = 32. */
const RANK = 16, SCALE = 2;

/**
 * A pre-norm transformer encoder with the low-rank adaptations of LoRA (Hu et al., 2021) not merged: every projection, q, k,
 * v, o and the two of the feed-forward part, is x·W + ((x·A)·B)·s. The feed-forward projections have a bias too, those of the
 * attention none, as in GPT-J.
 * Embedded tokens [N, L, 256] → [N, L, 256].
 */
export function loraTransformer(network: Network): Value {
  let x = network.input;
  for (let index = 0; index < BLOCKS; index++) {
    const path = `blocks.${index}`;
    x = network.op("Add", [x, attention(network, layerNorm(network, x, `${path}.ln_1`), `${path}.attn`)], path);
    x = network.op("Add", [x, feedForward(network, layerNorm(network, x, `${path}.ln_2`), `${path}.mlp`)], path);
  }
  return layerNorm(network, x, "ln_f");
}

function layerNorm(network: Network, x: Value, path: string): Value {
  const scale = network.parameter(`${path}.weight`, [WIDTH], { kind: "uniform", low: 0.5, high: 1.5 });
  const shift = network.parameter(`${path}.bias`, [WIDTH], { kind: "normal", std: 0.1 });
  const attributes = [newAttribute("axis", -1), floatAttribute("epsilon", 1e-5)];
  return network.op("LayerNormalization", [x, scale, shift], path, attributes);
}

/** x·W (+ b) + ((x·A)·B)·s, in the order of the peft library. */
function adaptedLinear(network: Network, x: Value, path: string, out: number, bias = false): Value {
  const width = network.size(x, -1), limit = around(1 / Math.sqrt(width));
  const weight = network.parameter(`${path}.weight`, [width, out], limit, "transposed");
  let y = network.op("MatMul", [x, weight], path);
  if (bias) y = network.op("Add", [network.parameter(`${path}.bias`, [out], limit), y], path);
  const a = network.parameter(`${path}.lora_A.weight`, [width, RANK], limit, "transposed");
  const b = network.parameter(
    `${path}.lora_B.weight`,
    [RANK, out],
    { kind: "normal", std: 0.02 },
    "transposed",
  );
  let change = network.op("MatMul", [x, a], `${path}.lora_A`);
  change = network.op("MatMul", [change, b], `${path}.lora_B`);
  change = network.op("Mul", [change, network.literal(path, "float32", SCALE)], path);
  return network.op("Add", [y, change], path);
}

/** Softmax(q·kᵀ/√d)·v in each head. */
function attention(network: Network, x: Value, path: string): Value {
  const size = WIDTH / HEADS;
  const heads = (name: string, perm: number[]) => {
    const projected = adaptedLinear(network, x, `${path}.${name}`, WIDTH);
    const shape = network.literal(path, "int64", [0, 0, HEADS, size]);
    return network.op("Transpose", [network.op("Reshape", [projected, shape], path)], path, { perm });
  };
  const query = heads("q_proj", [0, 2, 1, 3]);
  const key = heads("k_proj", [0, 2, 3, 1]);
  const value = heads("v_proj", [0, 2, 1, 3]);
  let scores = network.op("MatMul", [query, key], path);
  scores = network.op("Div", [scores, network.literal(path, "float32", Math.sqrt(size))], path);
  const weights = network.op("Softmax", [scores], path, { axis: -1 });
  let y = network.op("Transpose", [network.op("MatMul", [weights, value], path)], path, { perm: [0, 2, 1, 3] });
  y = network.op("Reshape", [y, network.literal(path, "int64", [0, 0, WIDTH])], path);
  return adaptedLinear(network, y, `${path}.o_proj`, WIDTH);
}

function feedForward(network: Network, x: Value, path: string): Value {
  const hidden = writtenGelu(network, adaptedLinear(network, x, `${path}.fc_in`, HIDDEN, true), `${path}.act`);
  return adaptedLinear(network, hidden, `${path}.fc_out`, WIDTH, true);
}
