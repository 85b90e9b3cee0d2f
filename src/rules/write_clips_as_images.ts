import { emitFactored, FACTORED, factoredOf } from "../ops/blocked/factored.ts";
import { Skip } from "../ops/skip.ts";
import { Replacement, type Rule } from "../rewrite/rule.ts";

/**
 * A convolution of clips [N, C, T, H, W] along time alone is one of images [N, C, T, H·W] with a kernel of width 1; one that looks at
 * a frame at a time is one of images [N·T, C, H, W]. The runtime has its blocked layout for images only.
 */
export const writeClipsAsImages: Rule = {
  name: "write-clips-as-images",
  summary: "Conv of k×1×1 or 1×k×k on clips: a 2-D Conv on images",
  phase: "lower",
  runtimes: ["onnxruntime-cpu"],
  roots: FACTORED,
  rewrite(root, build, { isGated }) {
    const found = factoredOf(root, { isGated });
    if (!found || found instanceof Skip) return found;
    const now = emitFactored(found, build);
    return now instanceof Skip ? now : new Replacement(found.nodes, [[found.nodes[0].output, now]]);
  },
};
