import { madeOfSequence, SEQUENCE_ROOTS, sequencePartsAt, writeParts } from "../ops/sequence_parts.ts";
import { Replacement, type Rule } from "../rewrite/rule.ts";

/** A sequence of parts that is only taken apart again, or put together, is its parts, which maps get past. */
export const writePartsRule: Rule = {
  name: "write-parts",
  summary: "SplitToSequence with SequenceAt: Split, or Slice; SequenceConstruct with ConcatFromSequence: Concat",
  phase: "clean",
  roots: SEQUENCE_ROOTS,
  rewrite(root, build) {
    const made = root.hasReferences ? undefined : madeOfSequence(root, build);
    if (made) return new Replacement(made.nodes, [[root.output, made.value]]);
    const found = sequencePartsAt(root);
    if (!found) return undefined;
    const values = writeParts(found, build);
    return new Replacement(found.nodes, found.parts.map(([part], at) => [part, values[at]] as const));
  },
};
