import type { Value } from "../graph/graph.ts";
import { encoder, EPSILON } from "./bert.ts";
import type { Network } from "./network.ts";
import { layerNorm } from "./norms.ts";
import type { Recipe } from "./recipe.ts";

const SIZE = { blocks: 6, width: 384, heads: 12 };
/** Rows of the embeddings, and the id that fills short texts up. */
const WORDS = 30_522, PLACES = 512, KINDS = 2, PADDING = 0;
/** The lowest float32: the score of what is not looked at. */
const LOWEST = -3.4028234663852886e38;

/**
 * MiniLM with 6 blocks, 384 wide (Wang et al., 2020), as Hugging Face's BertModel: the text encoder of sentence-transformers'
 * all-MiniLM-L6-v2, which takes the mean of its results. Texts of different lengths are filled up with id 0, which nothing looks
 * at; a text has 512 tokens at most. Ids int64 [N, L] → the last hidden states [N, L, 384].
 */
function minilm(network: Network): Value {
  return encoder(network, embedded(network, network.input), SIZE, mask(network, network.input));
}

/** Word, kind (the first one everywhere) and place of each token. */
function embedded(network: Network, ids: Value): Value {
  const path = "embeddings", list = (...values: number[]) => network.literal(path, "int64", values);
  const table = (name: string, rows: number) =>
    network.parameter(`${path}.${name}_embeddings.weight`, [rows, SIZE.width], { kind: "normal", std: 0.05 });
  const words = network.op("Gather", [table("word", WORDS), ids], path, { axis: 0 });
  const kind = network.op("Gather", [table("token_type", KINDS), network.literal(path, "int64", 0)], path, { axis: 0 });
  const length = network.op("Slice", [network.op("Shape", [ids], path), list(1), list(2), list(0)], path);
  const places = network.op("Slice", [table("position", PLACES), list(0), length, list(0)], path);
  const known = network.shaped(places, [ids.shape![1], SIZE.width]);
  const sum = network.op("Add", [network.op("Add", [words, kind], path), known], path);
  return layerNorm(network, sum, `${path}.LayerNorm`, EPSILON);
}

/** [N, 1, 1, L], added to the scores: 0 where there is a token, the lowest float32 where there is none. */
function mask(network: Network, ids: Value): Value {
  const float = (value: number) => network.literal("", "float32", value);
  const isPadding = network.op("Equal", [ids, network.literal("", "int64", PADDING)], "");
  const apart = network.op("Unsqueeze", [isPadding, network.literal("", "int64", [1, 2])], "");
  return network.op("Where", [apart, float(LOWEST), float(0)], "");
}

/** Text encoders by name. */
export const MINILMS: Readonly<Record<"minilm_l6", Recipe>> = {
  minilm_l6: {
    input: ["batch", "sequence"],
    inputType: "int64",
    output: ["batch", "sequence", SIZE.width],
    defaultInput: [1, 128],
    uncalled: new Set(["layer"]),
    layers: minilm,
  },
};
