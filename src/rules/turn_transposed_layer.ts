import { asConvolution } from "../ops/linear/turned.ts";
import { Skip } from "../ops/skip.ts";
import { layerOf, operatorsWith } from "../ops/views.ts";
import { Replacement, type Rule } from "../rewrite/rule.ts";
import { whyLittleWork } from "./little_work.ts";

/**
 * Σₜ W[t]·x[j + p − d·t] is a window over x: a transposed convolution at stride 1 is a convolution with its kernel turned around and
 * pads of d·(k − 1) − p. The arithmetic is the same; runtimes have better kernels for it, and fuse the activation behind.
 */
export const turnTransposedLayer: Rule = {
  name: "turn-transposed-layer",
  summary: "ConvTranspose at stride 1: a Conv with the kernel turned around",
  phase: "lower",
  roots: operatorsWith("linear"),
  rewrite(root, build, { isGated }) {
    const layer = layerOf(root);
    if (!layer || layer instanceof Skip) return undefined;
    const result = asConvolution(layer, build);
    if (!result || result instanceof Skip) return result;
    const slow = isGated ? whyLittleWork(root) : undefined;
    return slow ?? new Replacement([root], [[root.output, result]]);
  },
};
