import { HARD_SIGMOID_ROOTS, hardSigmoidAt, writeHardSigmoid } from "../ops/idioms/hard_sigmoid.ts";
import { Replacement, type Rule } from "../rewrite/rule.ts";

/**
 * clip(a·x + b, l, h)·c + d with range [0, 1] = HardSigmoid(x; a·c, b·c + d), and x·HardSigmoid(x; 1/6, 1/2) = HardSwish(x):
 * activations that ONNX Runtime stores with the convolution before them.
 */
export const writeHardSigmoidRule: Rule = {
  name: "write-hard-sigmoid",
  summary: "Clip between affine maps with the range [0, 1]: HardSigmoid; times its input: HardSwish",
  phase: "idiom",
  roots: HARD_SIGMOID_ROOTS,
  rewrite(root, build) {
    const found = hardSigmoidAt(root);
    if (!found) return undefined;
    return new Replacement(found.nodes, [[found.result, writeHardSigmoid(found, build)]]);
  },
};
