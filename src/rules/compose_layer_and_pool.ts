import { LinearMap } from "../ops/linear/linear_map.ts";
import { Skip } from "../ops/skip.ts";
import { linearOf, operatorsWith } from "../ops/views.ts";
import { Replacement, type Rule } from "../rewrite/rule.ts";
import { branchesAt, isDiagonal, type Refusals } from "./branches.ts";

/** Share of the multiply-accumulates that may be left: the weight grows, and the additions of the pool alone are not worth it. */
const MOST_WORK = 0.75;
/** Input channels per group below which a convolution is bound by memory, not by arithmetic. */
const FEWEST_CHANNELS = 8;

/**
 * mean(W·x + b) over windows that are all full = W'·x + b with the kernel summed over the shifts of the window: a k×k
 * convolution and the unpadded 2×2 average pool behind it are one (k + 1)×(k + 1) convolution at stride 2, with 16 instead of
 * 36 multiply-accumulates per channel where k is 3.
 */
export const composeLayerAndPool: Rule = {
  name: "compose-layer-and-pool",
  summary: "Conv → AveragePool without padding: one strided Conv, where that is less work",
  phase: "compose",
  roots: operatorsWith("linear"),
  rewrite(root, build) {
    const pool = linearOf(root);
    if (!pool || pool instanceof Skip || pool.isLayer) return undefined;
    const refused: Refusals = new Map();
    for (const map of branchesAt(root, refused, 2).values()) {
      if (isDiagonal(map) || map.parts.layers !== 1 || map.nodes.length !== 2) continue;
      const layer = linearOf(map.nodes[0]);
      if (!(layer instanceof LinearMap) || layer.isPointwise) continue;
      if (layer.cost.macs < FEWEST_CHANNELS * layer.output.channels * positionsOf(layer)) continue;
      if (map.cost.macs > MOST_WORK * map.parts.work.macs) continue;
      const emitted = map.emit(build);
      return emitted instanceof Skip ? emitted : new Replacement([...map.nodes].reverse(), [[root.output, emitted]]);
    }
    return [...refused.values()].find(({ code }) => code === "shift-at-border");
  },
};

/** Places of the kernel. */
function positionsOf({ parts: { weight } }: LinearMap): number {
  return weight.dims.slice(2).reduce((a, b) => a * b, 1);
}
