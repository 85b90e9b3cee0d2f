import type { Dim, Shape } from "../graph/graph.ts";
import { axisOf } from "./constant.ts";
import { times } from "./dims.ts";
import { inferSame } from "./elementwise.ts";
import type { Op, Ops } from "./op.ts";

/** The first output is like the first input, of these many inputs. */
function like(...inputs: Op["inputs"]): Op {
  return { inputs, infer: inferSame };
}

/** Queries, keys and values whose heads lie side by side, and the sum over the past that each head keeps. */
const linearAttention: Op = {
  inputs: [3, 6],
  infer(node, [{ type, shape }, key, value, past]) {
    const [queries, heads] = ["q_num_heads", "kv_num_heads"].map((name) => node.number(name, 0));
    const [keySize, valueSize] = [key, value].map((one): Dim => times(one.shape?.[2] ?? null, 1 / heads));
    const columns = times(valueSize, Math.max(queries, heads));
    return [
      { type, shape: shape && [shape[0], shape[1], columns] },
      { type: node.has(3) ? past.type : type, shape: shape && [shape[0], heads, keySize, valueSize] },
    ];
  },
};

/** A convolution of each channel along a line, and the last cells of it, which the next call begins with. */
const causalConvWithState: Op = {
  inputs: [2, 4],
  infer(node, [{ type, shape }, weight]) {
    const window = weight.shape?.[2], isPlain = node.number("ndim", 1) === 1 && node.number("channels_last", 0) === 0;
    const isKnown = isPlain && node.number("state_window", 0) <= 1 && typeof window === "number";
    const state = shape && isKnown ? [shape[0], shape[1], (window - 1) * node.number("dilation", 1)] : undefined;
    return [{ type, shape }, { type, shape: state }];
  },
};

/** Entries of a table of packed numbers: two of 4 bits to a byte. */
const gatherBlockQuantized: Op = {
  inputs: [3, 4],
  infer(node, [table, indices, scales]) {
    const { type } = scales, packed = table.type === "uint8" ? 8 / node.number("bits", 4) : 1;
    if (!table.shape || !indices.shape) return [{ type }];
    const axis = axisOf(node, table.shape.length, 0),
      whole: Shape = table.shape.with(-1, times(table.shape.at(-1)!, packed));
    return [{ type, shape: [...whole.slice(0, axis), ...indices.shape, ...whole.slice(axis + 1)] }];
  },
};

/** A matrix of packed 4-bit numbers; its size is an attribute. */
const matMulBnb4: Op = {
  inputs: [3],
  infer: (node, [{ type, shape }]) => [{ type, shape: shape && [...shape.slice(0, -1), node.number("N", 0)] }],
};

/** com.microsoft: what language models that ONNX Runtime generates text with are made of. */
export const GENERATION_OPS = {
  CausalConvWithState: causalConvWithState,
  GatedAdd: like(3),
  GatedRMSNorm: like(3),
  GatherBlockQuantized: gatherBlockQuantized,
  LinearAttention: linearAttention,
  LinearAttentionGate: {
    inputs: [3, 4],
    infer: (_node, [a, , , b]) => [{ type: a.type, shape: a.shape }, { type: a.type, shape: b.shape }],
  },
  MatMulBnb4: matMulBnb4,
  MoE: like(5, 8),
  MRotaryEmbedding: like(4),
  NGramRepeatBlock: { inputs: [2], infer: (_node, [, { type, shape }]) => [{ type, shape }] },
  QMoE: like(6, 21),
} satisfies Ops;
