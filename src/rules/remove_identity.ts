import type { Node } from "../graph/graph.ts";
import { hasScale, hasShift } from "../ops/affine_map.ts";
import { opOf } from "../ops/table.ts";
import { affineMapOf, operatorsWith } from "../ops/views.ts";
import { Replacement, type Rule } from "../rewrite/rule.ts";

/** What changes nothing goes: whatever its entry says is its input to the bit, and an affine map with scale 1 and shift 0. */
export const removeIdentity: Rule = {
  name: "remove-identity",
  summary: "Identity, Dropout in inference, Cast, Reshape, Slice, Pad, … that change nothing: nothing",
  phase: "clean",
  roots: operatorsWith("isNoOp", "affine"),
  rewrite(root) {
    if (root.hasReferences) return undefined;
    const input = opOf(root)?.isNoOp?.(root) ?? unchanged(root);
    return input && input.type === root.output.type ? new Replacement([root], [[root.output, input]]) : undefined;
  },
};

/** The input of an affine map that neither scales nor shifts. */
function unchanged(root: Node): Node["inputs"][number] {
  const affine = affineMapOf(root);
  return !affine || hasScale(affine) || hasShift(affine) ? undefined : affine.x;
}
