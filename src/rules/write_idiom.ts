import { writableIdiomAt, WRITTEN_ROOTS } from "../ops/idioms/find.ts";
import { Replacement, type Rule } from "../rewrite/rule.ts";

/**
 * A written-out GELU, LayerNormalization or RMS normalization becomes the operator of that name where the model's opset has it:
 * one node for every runtime. Where it has not, a form that ONNX Runtime runs node by node becomes one that it runs as one operator.
 */
export const writeIdiom: Rule = {
  name: "write-idiom",
  summary: "Written-out GELU, LayerNormalization, RMS normalization: one operator, or the form that the runtime knows",
  phase: "idiom",
  roots: WRITTEN_ROOTS,
  rewrite(root, build) {
    const found = writableIdiomAt(root);
    if (!found) return undefined;
    const { operator, write } = found.idiom, asOperator = operator !== undefined && root.opset >= operator.since;
    if (found.isRecognised && !asOperator) return undefined;
    const now = write?.(found, build, asOperator);
    return now && new Replacement(found.nodes, [[root.output, now]]);
  },
};
