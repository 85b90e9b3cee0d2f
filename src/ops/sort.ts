import type { Dim } from "../graph/graph.ts";
import { asRounded } from "../tensor/elementwise.ts";
import { sizeOf, valuesOf, valueTensor } from "../tensor/tensor.ts";
import { axisOf, smallValues } from "./constant.ts";
import type { Op, Ops } from "./op.ts";
import { elementsOf } from "./shape_elements.ts";

/** A constant of more elements is left to the runtime to put in order. */
const MOST_SORTED = 1 << 16;

const topK: Op = {
  inputs: [1, 2],
  infer(node, [{ type, shape }, count]) {
    if (!shape) return [{ type }, { type: "int64" }];
    const given: Dim | undefined = node.has(1) ? elementsOf(count)?.[0] : node.number("k", 0);
    const to = shape.with(axisOf(node, shape.length, -1), given ?? null);
    return [{ type, shape: to }, { type: "int64", shape: to }];
  },
  /** Of equal ones the first come first; how a runtime orders them where that need not be is its own affair. */
  evaluate(node, [given, count]) {
    const x = asRounded(given!), { dims, type } = x, axis = axisOf(node, dims.length, -1), length = dims[axis];
    const k = count ? smallValues(count)?.[0] : node.number("k", NaN);
    const isSorted = node.number("sorted", 1) !== 0, sign = node.number("largest", 1) !== 0 ? -1 : 1;
    if (!(k! >= 0 && k! <= length) || !isSorted || x.size > MOST_SORTED || x.bound() === Infinity) return undefined;
    const inner = sizeOf(dims.slice(axis + 1)), to = dims.with(axis, k!), all = valuesOf(x);
    const values = new Float64Array(sizeOf(to)), places = new Float64Array(values.length);
    for (let row = 0; row < all.length / length; row++) {
      const outer = Math.floor(row / inner), first = outer * length * inner + row % inner;
      const value = (at: number) => all[first + at * inner];
      const order = [...Array(length).keys()].sort((a, b) => sign * (value(a) - value(b)) || a - b);
      for (let at = 0; at < k!; at++) {
        const into = (outer * k! + at) * inner + row % inner;
        places[into] = order[at];
        values[into] = value(order[at]);
      }
    }
    return [valueTensor(type, to, values), valueTensor("int64", to, places)];
  },
};

/** How many different entries there are depends on their values. */
const unique: Op = {
  inputs: [1],
  infer(node, [{ type, shape }]) {
    const isFlat = node.attribute("axis") === undefined;
    const to = isFlat ? [null] : shape?.with(axisOf(node, shape.length, 0), null);
    const places = { type: "int64" as const, shape: [null] };
    return [{ type, shape: to }, places, places, places];
  },
};

/** Operators that order elements. */
export const SORT_OPS = {
  TopK: topK,
  Unique: unique,
  NonMaxSuppression: { inputs: [2, 5], infer: () => [{ type: "int64", shape: [null, 3] }] },
} satisfies Ops;
