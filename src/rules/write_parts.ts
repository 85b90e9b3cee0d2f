import { SEQUENCE_ROOTS, sequencePartsAt, writeParts } from "../ops/sequence_parts.ts";
import { Replacement, type Rule } from "../rewrite/rule.ts";

/** A sequence of parts that is only taken apart again is its parts, which maps get past. */
export const writePartsRule: Rule = {
  name: "write-parts",
  summary: "SplitToSequence with SequenceAt, as PyTorch's exporter writes them: Split, or Slice",
  phase: "clean",
  roots: SEQUENCE_ROOTS,
  rewrite(root, build) {
    const found = sequencePartsAt(root);
    if (!found) return undefined;
    const values = writeParts(found, build);
    return new Replacement(found.nodes, found.parts.map(([part], at) => [part, values[at]] as const));
  },
};
