import type { Dim, Node } from "../graph/graph.ts";
import { product, total } from "./dims.ts";
import { InputProduct } from "./linear/input_product.ts";
import type { LinearMap } from "./linear/linear_map.ts";
import { layerParts, weightOf } from "./linear/linear_parts.ts";
import type { Facts, Op, Ops } from "./op.ts";
import { Skip } from "./skip.ts";

/** Queries, keys and values from one projection of the input, three times its hidden size. */
const attention: Op = {
  inputs: [2, 7],
  infer(node, [x, w, , , past]) {
    const sizes = node.numbers("qkv_hidden_sizes"), columns = w.shape?.[1];
    const size: Dim = sizes ? sizes[2] : typeof columns === "number" ? columns / 3 : null;
    const heads = node.number("num_heads", 0), each = typeof size === "number" ? size / heads : null;
    const [batch = null, length = null] = x.shape ?? [];
    const whole = total([node.has(4) ? past.shape?.[3] ?? null : 0, length]);
    return [{ type: x.type, shape: x.shape && [batch, length, size] }, {
      type: x.type,
      shape: x.shape && !sizes ? [2, batch, heads, whole, each] : undefined,
    }];
  },
};

/** The projection x·W[inputs, 3·hidden] + b of an Attention. */
function queriesOf(node: Node): LinearMap | Skip {
  const weight = weightOf(node, 1, "input weight"), x = node.inputs[0]!;
  if (weight instanceof Skip) return weight;
  if (weight.dims.length !== 2 || x.shape?.length !== 3) {
    return new Skip(
      "invalid-parameter",
      `the input weight of ${node.label} has the shape [${weight.dims}], expected a matrix for an input of rank 3`,
    );
  }
  return new InputProduct({
    ...layerParts(node, weight),
    x,
    followedBy: "a softmax behind its projection",
    axis: 2,
    weightAxis: "first",
    biasIndex: 2,
    biasDims: weight.dims.slice(1),
  });
}

const qAttention: Op = {
  inputs: [5, 9],
  infer: (node, [x, w, , scale, , mask, , , past]) => {
    const inputs: Facts[] = [{ type: scale.type, shape: x.shape }, w, {}, mask, past];
    return [attention.infer(node, inputs)[0]];
  },
};

const multiHeadAttention: Op = {
  inputs: [1, 10],
  infer(_node, [q, , v]) {
    if (q.shape?.length !== 3) return [{ type: q.type }];
    const size = v.shape?.length === 3 ? v.shape[2] : v.shape?.length === 4 ? product([v.shape[1], v.shape[3]]) : null;
    return [{ type: q.type, shape: [q.shape[0], q.shape[1], size] }];
  },
};

/** The query may hold keys and values too. */
const groupQueryAttention: Op = {
  inputs: [7, 17],
  infer(node, [{ type, shape }, key]) {
    const heads = node.number("num_heads", 0), shared = node.number("kv_num_heads", 0), width = shape?.[2];
    const size: Dim = key.shape || typeof width !== "number" ? width ?? null : width * heads / (heads + 2 * shared);
    return [{ type, shape: shape && [shape[0], shape[1], size] }];
  },
};

/** Attention as com.microsoft has it. */
export const CONTRIB_ATTENTION_OPS = {
  Attention: { ...attention, linear: queriesOf },
  GroupQueryAttention: groupQueryAttention,
  MultiHeadAttention: multiHeadAttention,
  QAttention: qAttention,
} satisfies Ops;
