import type { Dim, Node, Shape } from "../graph/graph.ts";
import { broadcastDims, transposed } from "../tensor/arrange.ts";
import { broadcasted } from "../tensor/elementwise.ts";
import { batchedProduct, MOST_MACS } from "../tensor/products.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { withWork } from "../tensor/work.ts";
import { einsumCarry, productCarry } from "./carry/contraction.ts";
import { constantOf } from "./constant.ts";
import { broadcast, elementCount } from "./dims.ts";
import { asMatrixProduct } from "./contraction.ts";
import { einsum } from "./einsum.ts";
import { einsumLinear } from "./linear/einsum.ts";
import { layerParts, weightOf } from "./linear/linear_parts.ts";
import { MatrixProduct } from "./linear/matrix_product.ts";
import { gemmEntries, matrixEntries } from "./entries.ts";
import type { Op, Ops, Work } from "./op.ts";
import { Skip } from "./skip.ts";

const gemm: Op = {
  inputs: [2, 3],
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
  inputs: [2],
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

/** x·W or W·x, whichever operand the weight is, with `transA`, `transB` and `alpha` where its operator has them. */
function productBy(
  node: Node,
  weight: Tensor,
  { index, inputRank }: { index: 0 | 1; inputRank: number },
): MatrixProduct {
  const [own, other] = index === 1 ? ["transB", "transA"] : ["transA", "transB"];
  return new MatrixProduct({
    ...layerParts(node, weight, index),
    x: node.inputs[1 - index]!,
    side: index === 1 ? "right" : "left",
    isTransposed: node.number(own, 0) !== 0,
    isInputTransposed: node.number(other, 0) !== 0,
    factor: node.number("alpha", 1),
    inputRank,
    rank: Math.max(inputRank, weight.dims.length),
  });
}

function noMatrix(node: Node, { dims }: Tensor): Skip {
  return new Skip("invalid-parameter", `the weight of ${node.label} has the shape [${dims}], expected a matrix`);
}

function matmulLinear(node: Node): MatrixProduct | Skip {
  const index = constantOf(node.inputs[1]) || !constantOf(node.inputs[0]) ? 1 : 0,
    weight = weightOf(node, index, "weight");
  const x = node.inputs[1 - index]!, inputRank = x.shape?.length;
  if (weight instanceof Skip) return weight;
  if (weight.dims.length < 2) return noMatrix(node, weight);
  if (inputRank !== undefined && inputRank >= 2) return productBy(node, weight, { index, inputRank });
  return new Skip(
    inputRank === undefined ? "unknown-shape" : "unsupported-form",
    `the rank of '${x.name}' is ${inputRank ?? "not known"}, expected 2 or more for ${node.label}`,
  );
}

function gemmLinear(node: Node): MatrixProduct | Skip {
  const weight = weightOf(node, 1, "weight B");
  if (weight instanceof Skip) return weight;
  return weight.dims.length === 2 ? productBy(node, weight, { index: 1, inputRank: 2 }) : noMatrix(node, weight);
}

/** Matrix products. */
export const MATMUL_OPS = {
  Gemm: { ...gemm, linear: gemmLinear, entries: gemmEntries },
  MatMul: { ...matmul, linear: matmulLinear, carry: productCarry(matmulLinear), entries: matrixEntries },
  MatMulInteger: {
    inputs: [2, 4],
    infer: (_node, [a, b]) => [{ type: "int32", shape: matmulShape(a.shape, b.shape) }],
    work: (node) => productWork(node, -1),
  },
  QLinearMatMul: {
    inputs: [8],
    infer: (_node, [a, , , b, , , , zero]) => [{ type: zero.type, shape: matmulShape(a.shape, b.shape) }],
    work: (node) => productWork(node, -1),
  },
  Einsum: { ...einsum, asProduct: asMatrixProduct, linear: einsumLinear, carry: einsumCarry(einsumLinear) },
  Det: { inputs: [1], infer: (_node, [{ type, shape }]) => [{ type, shape: shape?.slice(0, -2) }] },
} satisfies Ops;
