import { Replacement, type Rule, Skip } from "../rewrite/rule.ts";
import { hasScale, hasShift } from "./affine.ts";
import { AFFINE_OPS, affineOf } from "./affine_of.ts";
import { isInferenceDropout } from "./carriers/shape_ops.ts";

/** What changes nothing goes: Identity, Dropout in inference, an affine map with scale 1 and shift 0. */
export const removeIdentity: Rule = {
  name: "remove-identity",
  summary: "Identity, Dropout in inference, and affine maps with scale 1 and shift 0: nothing",
  roots: ["Identity", "Dropout", ...AFFINE_OPS],
  rewrite(root) {
    const gone = () => new Replacement([root], [[root.output, root.inputs[0]!]]);
    if (root.opType === "Identity") return gone();
    if (root.opType === "Dropout") {
      return isInferenceDropout(root) ? gone() : new Skip("it is in training mode, or its mask is used");
    }
    const affine = affineOf(root);
    if (!affine || affine instanceof Skip || hasScale(affine) || hasShift(affine)) return undefined;
    return affine.x.type === root.output.type ? new Replacement([root], [[root.output, affine.x]]) : undefined;
  },
};
