import type { Dim, Node } from "../graph/graph.ts";
import { broadcast, elementCount } from "./dims.ts";
import type { Op, Ops, Work } from "./op.ts";

const gemm: Op = {
  infer: (node, [a, b]) => [{
    type: a.type,
    shape: [a.shape?.[node.number("transA", 0) ? 1 : 0] ?? null, b.shape?.[node.number("transB", 0) ? 0 : 1] ?? null],
  }],
  work: (node) => productWork(node, node.number("transA", 0) !== 0 ? 0 : -1),
};

const matmul: Op = {
  infer(_node, [{ type, shape: a }, { shape: b }]) {
    if (!a || !b || a.length === 0 || b.length === 0) return [{ type }];
    const batch = broadcast([a.slice(0, -2), b.slice(0, -2)])!;
    const rows: Dim[] = a.length > 1 ? [a[a.length - 2]] : [], columns = b.length > 1 ? [b[b.length - 1]] : [];
    return [{ type, shape: [...batch, ...rows, ...columns] }];
  },
  work: (node) => productWork(node, -1),
};

/** Each element of the result is a sum along an axis of the first operand. */
function productWork(node: Node, axis: number): Work {
  const elements = elementCount(node.outputs[0]?.shape), inner = node.inputs[0]?.shape?.at(axis);
  return { macs: elements === null || typeof inner !== "number" ? null : elements * inner };
}

/** Matrix products. */
export const MATMUL_OPS = { Gemm: gemm, MatMul: matmul } satisfies Ops;
