import { broadcastStrides, forEachOffset } from "../tensor/arrange.ts";
import { isFloat } from "../tensor/element_type.ts";
import { computedTensor, sizeOf, valuesOf } from "../tensor/tensor.ts";
import { axesOf, smallValues } from "./constant.ts";
import { elementCount } from "./dims.ts";
import type { Op, Ops } from "./op.ts";

const infer: Op["infer"] = (node, [x]) => {
  const type = x.type;
  if (!x.shape) return [{ type }];
  const axes = axesOf(node, x.shape.length);
  if (node.has(1) && !axes) return [{ type }];
  const keep = node.number("keepdims", 1) !== 0;
  const gone = (axis: number) =>
    axes && axes.length > 0 ? axes.includes(axis) : node.number("noop_with_empty_axes", 0) === 0;
  const shape = keep ? x.shape.map((dim, axis) => gone(axis) ? 1 : dim) : x.shape.filter((_, axis) => !gone(axis));
  return [{ type, shape }];
};

/** A reduction: what one more value makes of the running one, and what is done at the end with the number of values. */
function reduction(step: (sum: number, value: number) => number, end = (sum: number, _n: number) => sum): Op {
  return {
    infer,
    evaluate(node, [x, given]) {
      if (!x || !isFloat(x.type)) return undefined;
      const rank = x.dims.length, axesGiven = given ? smallValues(given)! : [...node.numbers("axes") ?? []];
      const listed = axesGiven.map((axis) => axis < 0 ? axis + rank : axis);
      if (listed.length === 0 && node.number("noop_with_empty_axes", 0) !== 0) return undefined;
      const axes = new Set(listed.length > 0 ? listed : x.dims.keys());
      const kept = x.dims.map((dim, axis) => axes.has(axis) ? 1 : dim), count = x.size / sizeOf(kept);
      const dims = node.number("keepdims", 1) !== 0 ? kept : kept.filter((_, axis) => !axes.has(axis));
      return [computedTensor(x.type, dims, () => {
        const out = new Float64Array(sizeOf(kept)), values = valuesOf(x);
        forEachOffset(x.dims, broadcastStrides(kept, x.dims), (to, index) => out[to] = step(out[to], values[index]));
        return out.map((sum) => end(sum, count));
      })];
    },
  };
}

/** Sums, norms and extremes along axes, as weight normalization leaves them in a model. */
export const REDUCTION_OPS = {
  ReduceSum: reduction((sum, value) => sum + value),
  ReduceMean: {
    ...reduction((sum, value) => sum + value, (sum, n) => sum / n),
    work: (node) => ({ macs: elementCount(node.inputs[0]?.shape) }),
  },
  ReduceL1: reduction((sum, value) => sum + Math.abs(value)),
  ReduceL2: reduction((sum, value) => sum + value * value, Math.sqrt),
  ReduceSumSquare: reduction((sum, value) => sum + value * value),
  ReduceMax: { infer },
  ReduceMin: { infer },
} satisfies Ops;
