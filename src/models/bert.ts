import type { Value } from "../graph/graph.ts";
import { gelu } from "./activations.ts";
import { attend, joinHeads, splitHeads, toHeads } from "./attention.ts";
import type { Network } from "./network.ts";
import { layerNorm } from "./norms.ts";
import { fixed, type Recipe } from "./recipe.ts";
import { project, transpose } from "./tokens.ts";

/** ε of BERT's LayerNorms. */
export const EPSILON = 1e-12;

/** How large an encoder is. */
export interface EncoderSize {
  /** Transformer blocks. */
  readonly blocks: number;
  /** Width of a token. */
  readonly width: number;
  /** Heads of the attention. */
  readonly heads: number;
}

const LENGTH = 128, MINI: EncoderSize = { blocks: 4, width: 256, heads: 4 };

/**
 * Hugging Face's BertEncoder (Devlin et al., 2018) with eager attention: post-norm blocks with GELU. Embedded tokens [N, L, width]
 * → the same shape.
 *
 * @param mask Added to the scores of every block.
 */
export function encoder(network: Network, x: Value, size: EncoderSize, mask?: Value): Value {
  let y = x;
  for (let index = 0; index < size.blocks; index++) {
    const path = `encoder.layer.${index}`;
    y = residual(
      network,
      selfAttention(network, y, `${path}.attention.self`, size, mask),
      y,
      `${path}.attention.output`,
    );
    const hidden = project(network, y, `${path}.intermediate.dense`, 4 * size.width);
    y = residual(network, gelu(network, hidden, `${path}.intermediate.intermediate_act_fn`), y, `${path}.output`);
  }
  return y;
}

/** LayerNorm(dense(y) + x). */
function residual(network: Network, y: Value, x: Value, path: string): Value {
  const sum = network.op("Add", [project(network, y, `${path}.dense`, network.size(x, -1)), x], path);
  return layerNorm(network, sum, `${path}.LayerNorm`, EPSILON);
}

function selfAttention(network: Network, x: Value, path: string, { width, heads }: EncoderSize, mask?: Value): Value {
  const size = width / heads;
  const query = splitHeads(network, project(network, x, `${path}.query`, width), path, size);
  const key = toHeads(network, project(network, x, `${path}.key`, width), path, size);
  const value = splitHeads(network, project(network, x, `${path}.value`, width), path, size);
  const keys = transpose(network, key, path, [0, 2, 3, 1]);
  return joinHeads(network, attend(network, { query, keys, value }, path, { mask }), path);
}

/** BERT-like encoders by name: that of BERT-mini (Turc et al., 2019). */
export const BERTS: Readonly<Record<"bert_encoder", Recipe>> = {
  bert_encoder: {
    ...fixed(
      (network) => encoder(network, network.input, MINI),
      [1, LENGTH, MINI.width],
      [1, LENGTH, MINI.width],
    ),
    uncalled: new Set(["layer"]),
  },
};
