import type { Value } from "../graph/graph.ts";
import { attend, causalMask, joinHeads, splitHeads, TO_THE_END } from "./attention.ts";
import { silu } from "./layers.ts";
import type { Network } from "./network.ts";
import { rmsNorm } from "./norms.ts";
import { fixed, type Recipe } from "./recipe.ts";
import { project, transpose } from "./tokens.ts";

const BLOCKS = 4, WIDTH = 256, HEADS = 4, SIZE = WIDTH / HEADS, HIDDEN = 688, LENGTH = 128;
/** Number of float32 among ONNX's element types. */
const FLOAT = 1;

/**
 * Blocks of Llama (Touvron et al., 2023) at width 256 as Hugging Face's LlamaDecoderLayer with eager attention: RMSNorm,
 * rotary positions, a causal mask, SiLU gates, no bias. Embedded tokens [1, 128, 256] → [1, 128, 256].
 */
function llamaBlocks(network: Network): Value {
  const mask = causalMask(network, LENGTH), rotary = rotaryEmbedding(network, "rotary_emb");
  let x = network.input, tables: Rotary | undefined;
  for (let index = 0; index < BLOCKS; index++) {
    const path = `layers.${index}`;
    const before = rmsNorm(network, x, `${path}.input_layernorm`);
    const heads = threeHeads(network, before.output, `${path}.self_attn`);
    tables ??= unsqueezed(network, rotary, `${path}.self_attn`); // equal in every block, so the exporter keeps the first
    const attended = attention(network, heads, `${path}.self_attn`, tables, mask);
    const middle = rmsNorm(
      network,
      network.op("Add", [before.input, attended], path),
      `${path}.post_attention_layernorm`,
    );
    x = network.op("Add", [middle.input, feedForward(network, middle.output, `${path}.mlp`)], path);
  }
  return rmsNorm(network, x, "norm").output;
}

/** Cosines and sines of position · 10000^(−2i/d), i repeated for both halves of a head: [1, L, d]. */
type Rotary = readonly [cos: Value, sin: Value];

function rotaryEmbedding(network: Network, path: string): Rotary {
  const angle = (at: number) => Math.floor(at / SIZE) * 10_000 ** (-2 * (at % (SIZE / 2)) / SIZE);
  const angles = network.literal(path, "float32", Float64Array.from({ length: LENGTH * SIZE }, (_, at) => angle(at)), [
    1,
    LENGTH,
    SIZE,
  ]);
  const scaled = ["Cos", "Sin"].map((op) =>
    network.op("Mul", [network.shaped(network.op(op, [angles], path), [1, LENGTH, SIZE]), one(network, path)], path)
  );
  const [cos, sin] = scaled.map((value) => network.op("Cast", [value], path, { to: FLOAT }));
  return [cos, sin];
}

const one = (network: Network, path: string) => network.literal(path, "float32", 1);

/** Query, key and value, split into heads. */
function threeHeads(network: Network, x: Value, path: string): Value[] {
  return ["q_proj", "k_proj", "v_proj"].map((name) =>
    splitHeads(network, project(network, x, `${path}.${name}`, WIDTH, false), path, SIZE)
  );
}

function unsqueezed(network: Network, rotary: Rotary, path: string): Rotary {
  const [cos, sin] = rotary.map((table) => network.op("Unsqueeze", [table, network.literal(path, "int64", [1])], path));
  return [cos, sin];
}

function attention(network: Network, [q, k, value]: Value[], path: string, rotary: Rotary, mask: Value): Value {
  const [query, key] = [q, k].map((part) => rotate(network, part, path, rotary));
  const keys = transpose(network, key, path, [0, 1, 3, 2]);
  const y = attend(network, { query, keys, value }, path, { mask, casts: 2 });
  return project(network, joinHeads(network, y, path), `${path}.o_proj`, WIDTH, false);
}

/** x·cos + rotate_half(x)·sin with rotate_half(x) = (−x₂, x₁) of the halves x₁, x₂. */
function rotate(network: Network, x: Value, path: string, [cos, sin]: Rotary): Value {
  const direct = network.op("Mul", [x, cos], path);
  const half = (from: number, to: number) => {
    const bounds = [from, to, 3, 1].map((value) => network.literal(path, "int64", [value]));
    return network.shaped(network.op("Slice", [x, ...bounds], path), [...x.shape!.slice(0, 3), SIZE / 2]);
  };
  const first = half(0, SIZE / 2), second = network.op("Neg", [half(SIZE / 2, TO_THE_END)], path);
  const turned = network.op("Concat", [second, first], path, { axis: -1 });
  return network.op("Add", [direct, network.op("Mul", [turned, sin], path)], path);
}

function feedForward(network: Network, x: Value, path: string): Value {
  const gate = silu(network, project(network, x, `${path}.gate_proj`, HIDDEN, false), `${path}.act_fn`);
  const y = network.op("Mul", [gate, project(network, x, `${path}.up_proj`, HIDDEN, false)], path);
  return project(network, y, `${path}.down_proj`, WIDTH, false);
}

/** Llama-like block stacks by name. */
export const LLAMAS: Readonly<Record<"llama_blocks", Recipe>> = {
  llama_blocks: { ...fixed(llamaBlocks, [1, LENGTH, WIDTH], [1, LENGTH, WIDTH]), uncalled: new Set(["layers"]) },
};
