import { opOf, OPS } from "../ops/table.ts";
import { Replacement, type Rule } from "../rewrite/rule.ts";

/**
 * Two movements of elements one after the other that one of them does alone: the second, straight from the first's input. And
 * three that two do, or a choice among entries that a Concat alone is.
 */
export const mergeMovements: Rule = {
  name: "merge-movements",
  summary:
    "Reshape after Reshape, Flatten, Squeeze or Unsqueeze, Transpose after Transpose: one; Squeeze after both: none; Where of single entries: Concat",
  phase: "clean",
  roots: Object.keys(OPS[""]).filter((op) => OPS[""][op].withoutPrevious || OPS[""][op].fewerMovements),
  rewrite(root, build) {
    const fewer = root.hasReferences ? undefined : opOf(root)?.fewerMovements?.(root, build);
    if (fewer) return new Replacement([...fewer.nodes], [[root.output, fewer.result]]);
    const previous = root.inputs[0]?.producer;
    if (!previous || previous.graph !== root.graph || previous.outputs[0] !== root.inputs[0]) return undefined;
    if (root.hasReferences || previous.hasReferences || previous.output.users.size > 1 || previous.output.isOutput) {
      return undefined;
    }
    const alone = opOf(root)?.withoutPrevious?.(root, previous);
    if (!alone) return undefined;
    const result = build.like(root, alone.inputs, alone.attributes);
    return new Replacement([previous, root], [[root.output, result]]);
  },
};
