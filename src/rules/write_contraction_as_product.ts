import { Skip } from "../ops/skip.ts";
import { operatorsWith, viewsOf } from "../ops/views.ts";
import { Replacement, type Rule } from "../rewrite/rule.ts";
import { LEAST_MACS, whyLittleWork } from "./little_work.ts";

/**
 * Σₖ x[b…, m, k]·y[b…, n, k] = x·yᵀ for every batch: a contraction of two computed values, with its axes in any order, is a product
 * of matrices between transpositions, for which runtimes have their fastest kernels and which they fuse with their neighbours.
 */
export const writeContractionAsProduct: Rule = contractionAsProduct(LEAST_MACS);

/** {@linkcode writeContractionAsProduct} however small it is: what the gate is calibrated with. */
export const anyContraction: Rule = contractionAsProduct(0);

function contractionAsProduct(leastMacs: number): Rule {
  return {
    name: "write-contraction-as-product",
    summary: "Einsum of two computed values that is a batched product: Transposes and MatMul",
    phase: "lower",
    roots: operatorsWith("asProduct"),
    rewrite(root, build) {
      const product = root.hasReferences ? undefined : viewsOf(root).asProduct?.(root, build);
      if (!product || product instanceof Skip) return product;
      return whyLittleWork(root, leastMacs) ?? new Replacement([root], [[root.output, product]]);
    },
  };
}
