import type { Dim } from "../graph/graph.ts";
import { axisOf } from "./constant.ts";
import type { Op, Ops } from "./op.ts";
import { elementsOf } from "./shape_elements.ts";

const topK: Op = {
  inputs: [1, 2],
  infer(node, [{ type, shape }, count]) {
    if (!shape) return [{ type }, { type: "int64" }];
    const given: Dim | undefined = node.has(1) ? elementsOf(count)?.[0] : node.number("k", 0);
    const to = shape.with(axisOf(node, shape.length, -1), given ?? null);
    return [{ type, shape: to }, { type: "int64", shape: to }];
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
