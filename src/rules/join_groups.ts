import { inWholeBlocks } from "../ops/blocked/groups.ts";
import { Convolution } from "../ops/linear/convolution.ts";
import { Skip } from "../ops/skip.ts";
import { linearOf, operatorsWith } from "../ops/views.ts";
import { Replacement, type Rule } from "../rewrite/rule.ts";

/**
 * A convolution in many small groups is one in fewer, larger groups whose weights are zeros between channels of different old
 * groups: more arithmetic and a larger file, but groups of whole blocks of channels, which the runtime's blocked layout has. x must
 * be finite. Whether it pays depends on the machine.
 */
export const joinGroups: Rule = {
  name: "join-groups",
  summary: "Conv in groups smaller than the runtime's blocks: larger groups with zeros",
  phase: "lower",
  runtimes: ["onnxruntime-cpu"],
  isForMeasuring: true,
  roots: operatorsWith("linear"),
  rewrite(root, build) {
    const layer = linearOf(root);
    if (!(layer instanceof Convolution) || !layer.isLayer) return undefined;
    const joined = inWholeBlocks(layer);
    if (!joined || joined instanceof Skip) return joined;
    const now = joined.emit(build);
    return now instanceof Skip ? now : new Replacement([root], [[root.output, now]]);
  },
};
