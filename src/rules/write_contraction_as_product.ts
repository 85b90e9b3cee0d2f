import { Skip } from "../ops/skip.ts";
import { operatorsWith, viewsOf } from "../ops/views.ts";
import { Replacement, type Rule } from "../rewrite/rule.ts";
import { whyLittleWork } from "./little_work.ts";

/**
 * Σₖ x[b…, m, k]·y[b…, n, k] = x·yᵀ for every batch: a contraction of two computed values, with its axes in any order, is a product
 * of matrices between transpositions, for which runtimes have their fastest kernels and which they fuse with their neighbours.
 */
export const writeContractionAsProduct: Rule = {
  name: "write-contraction-as-product",
  summary: "Einsum of two computed values that is a batched product: Transposes and MatMul",
  phase: "lower",
  roots: operatorsWith("asProduct"),
  rewrite(root, build, { isGated }) {
    const product = viewsOf(root).asProduct?.(root, build);
    if (!product || product instanceof Skip) return product;
    const slow = isGated ? whyLittleWork(root) : undefined;
    return slow ?? new Replacement([root], [[root.output, product]]);
  },
};
