import { constantValues } from "../ops/constant.ts";
import { Skip } from "../ops/skip.ts";
import { Replacement, type Rule } from "../rewrite/rule.ts";
import { hasScale, hasShift } from "../ops/affine_map.ts";
import { affineOf, operatorsWith } from "../ops/views.ts";
import { isInferenceDropout } from "../ops/carry/reshape.ts";

/** What changes nothing goes: Identity, Dropout in inference, Pad by nothing, an affine map with scale 1 and shift 0. */
export const removeIdentity: Rule = {
  name: "remove-identity",
  summary: "Identity, Dropout in inference, Pad by nothing, affine maps with scale 1 and shift 0: nothing",
  phase: "clean",
  roots: ["Identity", "Dropout", "Pad", ...operatorsWith("affine")],
  rewrite(root) {
    const gone = () => new Replacement([root], [[root.output, root.inputs[0]!]]);
    if (root.opType === "Identity") return gone();
    if (root.opType === "Dropout") {
      return isInferenceDropout(root)
        ? gone()
        : new Skip("training-mode", "it is in training mode, or its mask is used");
    }
    if (root.opType === "Pad") {
      const pads = root.has(1) ? constantValues(root.inputs[1]) : root.numbers("pads") ?? root.numbers("paddings");
      return pads?.every((pad) => pad === 0) && !root.hasReferences ? gone() : undefined;
    }
    const affine = affineOf(root);
    if (!affine || affine instanceof Skip || hasScale(affine) || hasShift(affine)) return undefined;
    return affine.x.type === root.output.type ? new Replacement([root], [[root.output, affine.x]]) : undefined;
  },
};
