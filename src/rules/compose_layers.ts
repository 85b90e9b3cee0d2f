import { Skip } from "../ops/skip.ts";
import { Replacement, type Rule } from "../rewrite/rule.ts";
import { branchesAt, isDiagonal, linearMapAt, type Refusals } from "./linear/branches.ts";
import { whyDearer } from "./linear/gain.ts";
import { isLayer, type Layered } from "./linear/linear_map.ts";
import { composedTransposed } from "./linear/transposed_convolution.ts";

/**
 * V·(W·x + a) + b = (V·W)·x + (V·a + b) for two convolutions or two matrix products, one after the other, where that holds at
 * the borders too and takes no more multiply-accumulates and weights. A bottleneck (wide → narrow → wide) and a
 * depthwise convolution before a pointwise one are cheaper apart, and stay.
 */
export const composeLayers: Rule = {
  name: "compose-layers",
  summary:
    "Conv after Conv, Conv and ConvTranspose, Gemm or MatMul after Gemm or MatMul: one layer, where that is no more work",
  phase: "compose",
  roots: ["Conv", "ConvTranspose", "Gemm", "MatMul"],
  rewrite(root, build) {
    const refused: Refusals = new Map(), reasons: Skip[] = [], maps: Layered[] = [];
    const transposed = composedTransposed(root);
    if (transposed instanceof Skip) reasons.push(transposed);
    else if (transposed) maps.push(transposed);
    for (const branch of branchesAt(root, refused).values()) {
      if (!isDiagonal(branch) && branch.nodes.filter(isLayer).length > 1) maps.push(branch);
    }
    for (const map of maps) {
      const against = whyDearer(map);
      if (!against) {
        return new Replacement([...map.nodes].reverse(), [[root.output, map.emit(build)]], true, !map.isSure);
      }
      reasons.push(against);
    }
    const before = root.inputs[0]?.producer;
    if (maps.length === 0 && before && isLayer(before) && !(linearMapAt(root) instanceof Skip)) {
      reasons.push(...refused.values());
    }
    return reasons[0];
  },
};
