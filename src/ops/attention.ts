import type { Dim } from "../graph/graph.ts";
import { attentionCarry, rotaryCarry } from "./carry/attention.ts";
import { total } from "./dims.ts";
import { inferSame } from "./elementwise.ts";
import type { Op, Ops } from "./op.ts";

/** Queries, keys and values with heads of their own axis (rank 4) or side by side (rank 3). */
const attention: Op = {
  inputs: [3, 7],
  infer(node, [q, k, v, , pastKey, pastValue]) {
    const [{ type, shape }, heads] = [q, node.number("q_num_heads", 0)], keyHeads = node.number("kv_num_heads", 0);
    if (!shape || !v.shape || !k.shape) return [{ type }, { type: k.type }, { type: v.type }, { type }];
    const isFlat = shape.length === 3;
    const each = (dim: Dim): Dim => typeof dim === "number" && keyHeads > 0 ? dim / keyHeads : null;
    const [valueSize, keySize] = isFlat ? [each(v.shape[2]), each(k.shape[2])] : [v.shape[3], k.shape[3]];
    const columns = isFlat ? typeof valueSize === "number" ? valueSize * heads : null : valueSize;
    const y = isFlat ? [shape[0], shape[1], columns] : [shape[0], shape[1], shape[2], columns];
    const [batch, number] = isFlat ? [k.shape[0], keyHeads] : [k.shape[0], k.shape[1]];
    const past = node.has(4) ? pastKey.shape?.[2] ?? null : 0, length = isFlat ? k.shape[1] : k.shape[2];
    const whole = total([past, length]), queries = isFlat ? shape[1] : shape[2];
    return [
      { type, shape: y },
      { type: k.type, shape: [batch, number, whole, keySize] },
      { type: v.type, shape: [batch, number, node.has(5) && !pastValue.shape ? null : whole, valueSize] },
      { type, shape: [shape[0], isFlat ? heads : shape[1], queries, whole] },
    ];
  },
};

/** Attention as one operator. */
export const ATTENTION_OPS = {
  Attention: { ...attention, carry: attentionCarry },
  RotaryEmbedding: { inputs: [3, 4], infer: inferSame, carry: rotaryCarry },
} satisfies Ops;
