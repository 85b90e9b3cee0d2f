import { alternativeOf, REPLACEABLE } from "../ops/blocked/alternative.ts";
import { Replacement, type Rule } from "../rewrite/rule.ts";

/**
 * max(a, x) = clip(x; a, ∞), min(b, max(a, x)) = clip(x; a, b) for a ≤ b, and the mean over height and width = the global average
 * pool: the runtime does the ones on the right on the blocks that a convolution makes, the first of them as it stores its result.
 */
export const writeOnBlocks: Rule = {
  name: "write-on-blocks",
  summary: "Max, Min and ReduceMean of an image behind a Conv: Clip, Relu and GlobalAveragePool",
  phase: "lower",
  runtimes: ["onnxruntime-cpu"],
  roots: REPLACEABLE,
  rewrite(root, build) {
    const found = alternativeOf(root);
    return found && new Replacement(found.nodes, [[root.output, found.emit(build)]]);
  },
};
