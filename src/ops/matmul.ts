import type { Dim, Node, Shape } from "../graph/graph.ts";
import { broadcastDims } from "../tensor/arrange.ts";
import { transposed } from "../tensor/arrange.ts";
import { broadcasted } from "../tensor/elementwise.ts";
import { batchedProduct, MOST_MACS } from "../tensor/products.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { withWork } from "../tensor/work.ts";
import { einsumCarry, productCarry } from "./carry/contraction.ts";
import { broadcast, elementCount } from "./dims.ts";
import { asMatrixProduct } from "./contraction.ts";
import { einsum } from "./einsum.ts";
import { einsumLinear } from "./linear/einsum.ts";
import { gemmLinear, matmulLinear } from "./linear/layers.ts";
import { gemmEntries, matrixEntries } from "./entries.ts";
import type { Op, Ops, Work } from "./op.ts";

const gemm: Op = {
  infer: (node, [a, b]) => [{
    type: a.type,
    shape: [a.shape?.[node.number("transA", 0) ? 1 : 0] ?? null, b.shape?.[node.number("transB", 0) ? 0 : 1] ?? null],
  }],
  evaluate(node, [a, b, c]) {
    if (a!.dims.length !== 2 || b!.dims.length !== 2 || node.opset < 7) return undefined;
    const left = node.number("transA", 0) !== 0 ? transposed(a!, [1, 0]) : a!;
    const right = node.number("transB", 0) !== 0 ? transposed(b!, [1, 0]) : b!;
    const alpha = node.number("alpha", 1), beta = node.number("beta", 1);
    const product = multiply(left, right);
    const result = product && broadcasted(c ? [product, c] : [product], (x, y = 0) => alpha * x + beta * y);
    return result && [result];
  },
  work: (node) => productWork(node, node.number("transA", 0) !== 0 ? 0 : -1),
};

function matmulShape(a: Shape | undefined, b: Shape | undefined): Shape | undefined {
  if (!a || !b || a.length === 0 || b.length === 0) return undefined;
  const batch = broadcast([a.slice(0, -2), b.slice(0, -2)])!;
  const rows: Dim[] = a.length > 1 ? [a[a.length - 2]] : [], columns = b.length > 1 ? [b[b.length - 1]] : [];
  return [...batch, ...rows, ...columns];
}

/** The matrix product with numpy's rules; undefined where shapes do not fit or it is more work than is done for a constant. */
function multiply(a: Tensor, b: Tensor): Tensor | undefined {
  const dims = matmulShape(a.dims, b.dims) as number[] | undefined, inner = a.dims[a.dims.length - 1];
  const batch = broadcastDims(a.dims.slice(0, -2), b.dims.slice(0, -2));
  if (!dims || !batch || inner !== b.dims[Math.max(0, b.dims.length - 2)]) return undefined;
  const macs = dims.reduce((product, dim) => product * dim, inner);
  return macs > MOST_MACS ? undefined : withWork(batchedProduct(a, b, batch, dims), macs);
}

const matmul: Op = {
  infer: (_node, [{ type, shape }, b]) => [{ type, shape: matmulShape(shape, b.shape) }],
  evaluate(_node, [a, b]) {
    const product = multiply(a!, b!);
    return product && [product];
  },
  work: (node) => productWork(node, -1),
};

/** Each element of the result is a sum along an axis of the first operand. */
function productWork(node: Node, axis: number): Work {
  const elements = elementCount(node.outputs[0]?.shape), inner = node.inputs[0]?.shape?.at(axis);
  return { macs: elements === null || typeof inner !== "number" ? null : elements * inner };
}

/** Matrix products. */
export const MATMUL_OPS = {
  Gemm: { ...gemm, linear: gemmLinear, entries: gemmEntries },
  MatMul: { ...matmul, linear: matmulLinear, carry: productCarry(matmulLinear), entries: matrixEntries },
  MatMulInteger: {
    infer: (_node, [a, b]) => [{ type: "int32", shape: matmulShape(a.shape, b.shape) }],
    work: (node) => productWork(node, -1),
  },
  QLinearMatMul: {
    infer: (_node, [a, , , b, , , , zero]) => [{ type: zero.type, shape: matmulShape(a.shape, b.shape) }],
    work: (node) => productWork(node, -1),
  },
  Einsum: { ...einsum, asProduct: asMatrixProduct, linear: einsumLinear, carry: einsumCarry(einsumLinear) },
  Det: { infer: (_node, [{ type, shape }]) => [{ type, shape: shape?.slice(0, -2) }] },
} satisfies Ops;
