import { LINE_LAYERS } from "../ops/blocked/lift.ts";
import { emitRegion, regionAround } from "../ops/blocked/region.ts";
import { gainOfRegion } from "../ops/blocked/region_gain.ts";
import { Skip } from "../ops/skip.ts";
import { Replacement, type Rule } from "../rewrite/rule.ts";

/**
 * f(x) = squeeze(f′(unsqueeze(x))): layers, norms, activations, sums and pools on lines [N, C, L] do the same on images [N, C, 1, L]
 * with kernels of height 1. The runtime has its blocked layout for images only. A whole chain is written so, with one unsqueeze
 * where it begins and one squeeze where it ends.
 */
export const writeLinesAsImages: Rule = {
  name: "write-lines-as-images",
  summary: "Chains of 1-D Conv with activations, norms, sums and pools: the same in 2-D, on images of height 1",
  phase: "lower",
  runtimes: ["onnxruntime-cpu"],
  roots: LINE_LAYERS,
  rewrite(root, build, { isGated }) {
    const region = regionAround(root);
    if (!region) return undefined;
    if (isGated && gainOfRegion(region) <= 0) {
      return new Skip(
        "not-cheaper",
        "in 2-D its chain would take as long: what its layers gain is lost at its borders",
      );
    }
    return new Replacement([...region.nodes.keys()], emitRegion(region, build));
  },
};
