import { broadcastBinary, broadcastDims, broadcastStrides, forEachOffset, stridesOf } from "../tensor/arrange.ts";
import { isFloat } from "../tensor/element_type.ts";
import { computedTensor, sizeOf, type Tensor, valuesOf, valueTensor } from "../tensor/tensor.ts";
import type { Node } from "./graph.ts";

/** What an operator makes of constants; undefined where that is not known. Absent inputs are undefined. */
type Evaluate = (node: Node, inputs: readonly (Tensor | undefined)[]) => Tensor | undefined;

const BINARY: Record<string, (a: number, b: number) => number> = {
  Add: (a, b) => a + b,
  Sub: (a, b) => a - b,
  Mul: (a, b) => a * b,
  Div: (a, b) => a / b,
  Pow: (a, b) => a ** b,
  Max: Math.max,
  Min: Math.min,
};

const UNARY: Record<string, (a: number) => number> = {
  Neg: (a) => -a,
  Abs: Math.abs,
  Exp: Math.exp,
  Log: Math.log,
  Sqrt: Math.sqrt,
  Reciprocal: (a) => 1 / a,
};

/** Elementwise arithmetic in float64. Whole numbers: only what gives whole numbers again. */
const arithmetic: Evaluate = (node, [a, b]) => {
  if (!a) return undefined;
  const unary = UNARY[node.opType];
  if (unary) return isFloat(a.type) ? computedTensor(a.type, a.dims, () => valuesOf(a).map(unary)) : undefined;
  if (!b || a.type !== b.type && node.opType !== "Pow" || node.opset < 7 || node.inputs.length > 2) return undefined;
  if (!isFloat(a.type) && !["Add", "Sub", "Mul", "Max", "Min"].includes(node.opType)) return undefined;
  return broadcastBinary(a, b, BINARY[node.opType]);
};

const REDUCTIONS: Record<
  string,
  { step: (sum: number, value: number) => number; end?: (sum: number, n: number) => number }
> = {
  ReduceSum: { step: (sum, value) => sum + value },
  ReduceMean: { step: (sum, value) => sum + value, end: (sum, n) => sum / n },
  ReduceL1: { step: (sum, value) => sum + Math.abs(value) },
  ReduceL2: { step: (sum, value) => sum + value * value, end: Math.sqrt },
  ReduceSumSquare: { step: (sum, value) => sum + value * value },
};

/** Sums and norms along axes, as weight normalisation leaves them in a model. */
const reduce: Evaluate = (node, [x, given]) => {
  if (!x || !isFloat(x.type)) return undefined;
  const rank = x.dims.length;
  const listed = (given ? [...valuesOf(given)] : [...node.numbers("axes") ?? []]).map((a) => a < 0 ? a + rank : a);
  if (listed.length === 0 && node.number("noop_with_empty_axes", 0) !== 0) return undefined;
  const axes = new Set(listed.length > 0 ? listed : x.dims.keys());
  const kept = x.dims.map((dim, axis) => axes.has(axis) ? 1 : dim), count = x.size / sizeOf(kept);
  const dims = node.number("keepdims", 1) !== 0 ? kept : kept.filter((_, axis) => !axes.has(axis));
  const { step, end = (sum: number) => sum } = REDUCTIONS[node.opType];
  return computedTensor(x.type, dims, () => {
    const out = new Float64Array(sizeOf(kept)), values = valuesOf(x);
    forEachOffset(x.dims, broadcastStrides(kept, x.dims), (to, index) => out[to] = step(out[to], values[index]));
    return out.map((sum) => end(sum, count));
  });
};

const expand: Evaluate = (_node, [x, shape]) => {
  const dims = x && shape && broadcastDims(x.dims, [...valuesOf(shape)]);
  return dims && computedTensor(x.type, dims, () => gathered(x, dims, broadcastStrides(x.dims, dims)));
};

/** The elements of `x` at the offsets that these strides walk through from `start`. */
function gathered(x: Tensor, dims: readonly number[], strides: readonly number[], start = 0): Float64Array {
  const from = valuesOf(x), out = new Float64Array(sizeOf(dims));
  forEachOffset(dims, strides, (offset, index) => out[index] = from[start + offset]);
  return out;
}

const concat: Evaluate = (node, inputs) => {
  const tensors = inputs.filter((tensor) => tensor !== undefined);
  const [first] = tensors, rank = first?.dims.length ?? 0, given = node.number("axis", 1);
  const axis = given < 0 ? given + rank : given;
  if (!first || tensors.length !== node.inputs.length || axis >= rank) return undefined;
  if (tensors.some(({ type, dims }) => type !== first.type || dims.length !== rank)) return undefined;
  const dims = first.dims.with(axis, tensors.reduce((sum, tensor) => sum + tensor.dims[axis], 0));
  return computedTensor(first.type, dims, () => {
    const out = new Float64Array(sizeOf(dims)), strides = stridesOf(dims);
    let start = 0;
    for (const tensor of tensors) {
      const values = valuesOf(tensor);
      forEachOffset(tensor.dims, strides, (offset, index) => out[start + offset] = values[index]);
      start += tensor.dims[axis] * strides[axis];
    }
    return out;
  });
};

const gather: Evaluate = (node, [x, indices]) => {
  if (!x || !indices) return undefined;
  const rank = x.dims.length, given = node.number("axis", 0), axis = given < 0 ? given + rank : given;
  const length = x.dims[axis], picks = [...valuesOf(indices)].map((i) => i < 0 ? i + length : i);
  if (picks.some((i) => !(i >= 0 && i < length))) return undefined;
  const outer = sizeOf(x.dims.slice(0, axis)), inner = sizeOf(x.dims.slice(axis + 1));
  return computedTensor(x.type, [...x.dims.slice(0, axis), ...indices.dims, ...x.dims.slice(axis + 1)], () => {
    const from = valuesOf(x), out = new Float64Array(outer * picks.length * inner);
    for (let o = 0, to = 0; o < outer; o++) {
      for (const pick of picks) {
        const at = (o * length + pick) * inner;
        out.set(from.subarray(at, at + inner), to);
        to += inner;
      }
    }
    return out;
  });
};

const slice: Evaluate = (node, [x, starts, ends, axesIn, stepsIn]) => {
  if (!x) return undefined;
  const list = (tensor: Tensor | undefined, name: string) =>
    tensor ? [...valuesOf(tensor)] : node.numbers(name) as number[] | undefined;
  const from = list(starts, "starts"), to = list(ends, "ends");
  if (!from || !to) return undefined;
  const rank = x.dims.length, axes = list(axesIn, "axes") ?? from.map((_, i) => i);
  const steps = stepsIn ? [...valuesOf(stepsIn)] : from.map(() => 1);
  const strides = [...stridesOf(x.dims)], dims = [...x.dims];
  let start = 0;
  for (const [i, given] of axes.entries()) {
    const axis = given < 0 ? given + rank : given, length = x.dims[axis], step = steps[i];
    if (!(step > 0)) return undefined;
    const clamp = (at: number) => Math.min(Math.max(at < 0 ? at + length : at, 0), length);
    const begin = clamp(from[i]), end = clamp(to[i]);
    dims[axis] = Math.max(0, Math.ceil((end - begin) / step));
    start += begin * strides[axis];
    strides[axis] *= step;
  }
  return computedTensor(x.type, dims, () => gathered(x, dims, strides, start));
};

const range: Evaluate = (_node, inputs) => {
  const [first] = inputs, [start, limit, delta] = inputs.map((tensor) => tensor && valuesOf(tensor)[0]);
  if (!first || start === undefined || limit === undefined || !delta) return undefined;
  const length = Math.max(0, Math.ceil((limit - start) / delta));
  if (length > 1 << 16) return undefined;
  return valueTensor(first.type, [length], Float64Array.from({ length }, (_, i) => start + i * delta));
};

/** Operators on constants beyond those that only reshape or cast. */
export const CONSTANT_OPS: Readonly<Record<string, Evaluate>> = {
  ...Object.fromEntries([...Object.keys(BINARY), ...Object.keys(UNARY)].map((op) => [op, arithmetic])),
  ...Object.fromEntries(Object.keys(REDUCTIONS).map((op) => [op, reduce])),
  Expand: expand,
  Concat: concat,
  Gather: gather,
  Slice: slice,
  Range: range,
};
