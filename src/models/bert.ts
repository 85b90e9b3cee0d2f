import type { Value } from "../graph/graph.ts";
import { gelu } from "./activations.ts";
import { attend, joinHeads, splitHeads, toHeads } from "./attention.ts";
import type { Network } from "./network.ts";
import { layerNorm } from "./norms.ts";
import { fixed, type Recipe } from "./recipe.ts";
import { project, transpose } from "./tokens.ts";

const BLOCKS = 4, WIDTH = 256, HEADS = 4, LENGTH = 128, EPSILON = 1e-12;

/**
 * The encoder of BERT-mini (Devlin et al., 2018; Turc et al., 2019) as Hugging Face's BertEncoder with eager attention:
 * post-norm blocks with GELU. Embedded tokens [1, 128, 256] → [1, 128, 256].
 */
function bertEncoder(network: Network): Value {
  let x = network.input;
  for (let index = 0; index < BLOCKS; index++) {
    const path = `encoder.layer.${index}`;
    x = residual(network, selfAttention(network, x, `${path}.attention.self`), x, `${path}.attention.output`);
    const hidden = project(network, x, `${path}.intermediate.dense`, 4 * WIDTH);
    x = residual(network, gelu(network, hidden, `${path}.intermediate.intermediate_act_fn`), x, `${path}.output`);
  }
  return x;
}

/** LayerNorm(dense(y) + x). */
function residual(network: Network, y: Value, x: Value, path: string): Value {
  const sum = network.op("Add", [project(network, y, `${path}.dense`, WIDTH), x], path);
  return layerNorm(network, sum, `${path}.LayerNorm`, EPSILON);
}

function selfAttention(network: Network, x: Value, path: string): Value {
  const size = WIDTH / HEADS;
  const query = splitHeads(network, project(network, x, `${path}.query`, WIDTH), path, size);
  const key = toHeads(network, project(network, x, `${path}.key`, WIDTH), path, size);
  const value = splitHeads(network, project(network, x, `${path}.value`, WIDTH), path, size);
  const keys = transpose(network, key, path, [0, 2, 3, 1]);
  return joinHeads(network, attend(network, { query, keys, value }, path), path);
}

/** BERT-like encoders by name. */
export const BERTS: Readonly<Record<"bert_encoder", Recipe>> = {
  bert_encoder: { ...fixed(bertEncoder, [1, LENGTH, WIDTH], [1, LENGTH, WIDTH]), uncalled: new Set(["layer"]) },
};
