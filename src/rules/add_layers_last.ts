import { layersLast } from "../ops/blocked/sum_order.ts";
import { emitSum } from "../ops/sum.ts";
import { operatorsWith } from "../ops/views.ts";
import { Replacement, type Rule } from "../rewrite/rule.ts";
import { isInnerSum, sumAt, termsOf } from "./sum_terms.ts";

/**
 * (W·x + V·y) + z = (z + W·x) + V·y: a runtime adds an image to a convolution's result as it stores it, one to each, so that sums
 * of branches and a shortcut are no additions of their own where the shortcut comes first.
 */
export const addLayersLast: Rule = {
  name: "add-layers-last",
  summary: "Add of several Convs and other images: the others first, so that each Conv adds as it stores its result",
  phase: "lower",
  roots: operatorsWith("terms"),
  rewrite(root, build) {
    if (!termsOf(root) || isInnerSum(root)) return undefined;
    const { terms, nodes } = sumAt(root);
    const ordered = layersLast(root, terms.map(({ value }) => value), nodes);
    if (!ordered) return undefined;
    const sum = emitSum(root, ordered.map((value) => ({ value, sign: 1 })), build);
    return new Replacement(nodes, [[root.output, sum]]);
  },
};
