import { averagedFirst } from "../ops/linear/averaged_first.ts";
import { LinearMap } from "../ops/linear/linear_map.ts";
import { linearOf, operatorsWith } from "../ops/views.ts";
import { Replacement, type Rule } from "../rewrite/rule.ts";
import { branchesAt, isDiagonal, type Refusals } from "./branches.ts";

/** Share of the multiply-accumulates that may be left: the average itself is bound by memory. */
const MOST_WORK = 0.75;

/**
 * mean(W ∗ x + b) over windows that are all full = W ∗ mean(x) + b: a k×k convolution and the unpadded 2×2 average pool behind it
 * are a 2×2 average of every position and the same convolution at stride 2, with a quarter of its multiply-accumulates and not
 * one weight more.
 */
export const takeAverageFirst: Rule = {
  name: "take-average-first",
  summary: "k×k Conv → AveragePool without padding: the average first, then the Conv at the pool's stride",
  phase: "reorder",
  roots: operatorsWith("positions"),
  rewrite(root, build) {
    const pool = linearOf(root);
    if (!(pool instanceof LinearMap) || pool.isLayer) return undefined;
    const refused: Refusals = new Map();
    for (const map of branchesAt(root, refused, 2).values()) {
      if (isDiagonal(map) || map.parts.layers !== 1 || map.nodes.length !== 2) continue;
      const layer = linearOf(map.nodes[0]);
      if (!(layer instanceof LinearMap) || layer.isPointwise) continue;
      const found = averagedFirst(layer, pool);
      if (!found || found.work.after > MOST_WORK * found.work.before) continue;
      return new Replacement([...map.nodes].reverse(), [[root.output, found.emit(build)]]);
    }
    return [...refused.values()].find(({ code }) => code === "shift-at-border");
  },
};
