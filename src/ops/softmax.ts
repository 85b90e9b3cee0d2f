import type { Node } from "../graph/graph.ts";
import { computedTensor, sizeOf, type Tensor, valuesOf } from "../tensor/tensor.ts";
import { axisOf } from "./constant.ts";
import { entriesBefore } from "./entries.ts";
import { inferSame } from "./elementwise.ts";
import type { Op, Ops } from "./op.ts";

/** Along one axis from operator set 13 on; before, the tensor is a matrix that is cut in front of the axis. */
function alongAxis(normalize: (values: Float64Array) => Float64Array): Op {
  return {
    inputs: [1],
    infer: inferSame,
    entries: entriesBefore(1, 13),
    normalizedAxis(node) {
      const rank = node.inputs[0]?.shape?.length;
      return rank === undefined || node.opset < 13 ? undefined : axisOf(node, rank, -1);
    },
    evaluate: (node, [x]) => [computedTensor(x!.type, x!.dims, () => rowwise(node, x!, normalize))],
  };
}

function rowwise(node: Node, x: Tensor, normalize: (values: Float64Array) => Float64Array): Float64Array {
  const isMatrix = node.opset < 13, axis = axisOf(node, x.dims.length, isMatrix ? 1 : -1);
  const length = isMatrix ? sizeOf(x.dims.slice(axis)) : x.dims[axis] ?? 1;
  const inner = isMatrix ? 1 : sizeOf(x.dims.slice(axis + 1));
  const values = valuesOf(x), out = new Float64Array(values.length), row = new Float64Array(length);
  for (let first = 0; first < values.length; first += length * inner) {
    for (let i = 0; i < inner; i++) {
      for (let at = 0; at < length; at++) row[at] = values[first + at * inner + i];
      normalize(row).forEach((value, at) => out[first + at * inner + i] = value);
    }
  }
  return out;
}

function shifted(row: Float64Array): { exponentials: Float64Array; total: number; most: number } {
  const most = row.reduce((a, b) => Math.max(a, b), -Infinity), exponentials = row.map((x) => Math.exp(x - most));
  return { exponentials, most, total: exponentials.reduce((a, b) => a + b, 0) };
}

/** Normalizations of a row to weights. */
export const SOFTMAX_OPS = {
  Softmax: alongAxis((row) => {
    const { exponentials, total } = shifted(row);
    return exponentials.map((value) => value / total);
  }),
  LogSoftmax: alongAxis((row) => {
    const { total, most } = shifted(row);
    return row.map((value) => value - most - Math.log(total));
  }),
  Hardmax: alongAxis((row) => {
    const at = row.indexOf(row.reduce((a, b) => Math.max(a, b), -Infinity));
    return row.map((_, place) => Number(place === at));
  }),
} satisfies Ops;
