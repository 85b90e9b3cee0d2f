import { hasScale } from "../ops/affine_map.ts";
import { Skip } from "../ops/skip.ts";
import { affineOf, operatorsWith } from "../ops/views.ts";
import type { Rule } from "../rewrite/rule.ts";
import { Propagation } from "./propagation.ts";

/**
 * a·(W·x + b) + t = (a·W)·x + (a·b + t), directly or through operators that only move elements. Always exact; the article's
 * Conv + BatchNorm is one case of it.
 */
export const fuseAffineIntoLayer: Rule = {
  name: "fuse-affine-into-layer",
  summary:
    "An affine map (BatchNormalization, Mul, Add, …) after a linear layer, a normalization or a table: into its weights",
  phase: "absorb",
  roots: operatorsWith("affine"),
  rewrite(root, build) {
    const affine = affineOf(root);
    if (!affine || affine instanceof Skip) return affine;
    const propagation = new Propagation(build, {
      nodes: [root],
      result: root.output,
      now: affine.x,
      past: ["movement"],
    });
    const against = propagation.up(affine.x, affine);
    if (against) return against;
    if (!hasScale(affine) && propagation.whyNotSmaller()) {
      return new Skip("not-cheaper", "it already is the bias of its layer, which has no input for one");
    }
    return propagation.replacement();
  },
};
