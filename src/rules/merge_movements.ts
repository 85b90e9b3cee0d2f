import { operatorsWith, viewsOf } from "../ops/views.ts";
import { Replacement, type Rule } from "../rewrite/rule.ts";

/** Movements of elements one after another that fewer do alone, or a choice among entries that a Concat alone is. */
export const mergeMovements: Rule = {
  name: "merge-movements",
  summary:
    "Reshape after Reshape, Flatten, Squeeze or Unsqueeze, Transpose after Transpose: one; Squeeze after both: none; Reshape that takes apart what one before a Transpose joined: none; Where of single entries: Concat",
  phase: "clean",
  roots: operatorsWith("fewerMovements"),
  rewrite(root, build) {
    const fewer = viewsOf(root).fewerMovements?.(root, build);
    return fewer && new Replacement(fewer.nodes, [[root.output, fewer.result]]);
  },
};
