import type { Node } from "../graph/graph.ts";
import { Replacement, type Rule, Skip } from "../rewrite/rule.ts";
import { absorbDown } from "./absorb_down.ts";
import { AFFINE_OPS, affineOf } from "./affine_of.ts";
import { MOVERS_AND_POOLS } from "./carrier.ts";

/**
 * W·(a·x + t) + b = (W·a)·x + (W·t + b), directly or through pools and operators that only move elements, whoever takes
 * the result. Where a convolution pads its input, a shift would show at the border: then it is left alone.
 */
export const fuseAffineIntoNextLayer: Rule = {
  name: "fuse-affine-into-next-layer",
  summary: "BatchNormalization, Mul, Div, Add, Sub or Neg before Conv, ConvTranspose, Gemm or MatMul: into its weights",
  roots: AFFINE_OPS,
  rewrite(root, build) {
    const affine = affineOf(root);
    if (!affine || affine instanceof Skip) return affine;
    const removed: Node[] = [root];
    const outputs = absorbDown(root.output, affine, affine.x, MOVERS_AND_POOLS, build, removed);
    return outputs instanceof Skip ? outputs : new Replacement(removed, outputs);
  },
};
