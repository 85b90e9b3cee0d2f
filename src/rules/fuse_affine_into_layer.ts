import type { Node } from "../graph/graph.ts";
import { Skip } from "../ops/skip.ts";
import { Replacement, type Rule } from "../rewrite/rule.ts";
import { absorbUp } from "./absorb_up.ts";
import { hasScale } from "../ops/affine_map.ts";
import { AFFINE_OPS, affineOf } from "./affine_of.ts";
import { MOVERS } from "./carrier.ts";
import { layerAt } from "./layer.ts";

/**
 * a·(W·x + b) + t = (a·W)·x + (a·b + t), directly or through operators that only move elements. Always exact; the article's
 * Conv + BatchNorm is one case of it.
 */
export const fuseAffineIntoLayer: Rule = {
  name: "fuse-affine-into-layer",
  summary: "BatchNormalization, Mul, Div, Add, Sub or Neg after Conv, ConvTranspose, Gemm or MatMul: into its weights",
  phase: "absorb",
  roots: AFFINE_OPS,
  rewrite(root, build) {
    const affine = affineOf(root);
    if (!affine || affine instanceof Skip) return affine;
    const removed: Node[] = [root];
    const result = absorbUp(affine.x, affine, MOVERS, build, removed);
    if (result instanceof Skip) return result;
    if (build.nodes.length >= removed.length && !hasScale(affine)) {
      const own = layerAt(root);
      if (own && !(own instanceof Skip)) {
        return new Skip("not-cheaper", "it already is the bias of its layer: MatMul has no input for one");
      }
    }
    return new Replacement(removed, [[root.output, result]], hasScale(affine));
  },
};
