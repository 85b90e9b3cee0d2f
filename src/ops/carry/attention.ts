import type { Node } from "../../graph/graph.ts";
import { type AffineMap, hasShift } from "../affine_map.ts";
import { Skip } from "../skip.ts";
import { type Carry, type Commuted, commuted, unary } from "./carry.ts";

/** RotaryEmbedding: pairs of features turn, whose common scale stays. */
export const rotaryCarry: Carry = unary("arithmetic", (node, affine) => {
  const rank = node.inputs[0]?.shape?.length;
  if (hasShift(affine)) return new Skip("shift-blocked", `it has a shift, which ${node.label} would turn`);
  if (affine.axis === null || rank !== undefined && affine.axis < rank - 1) return affine;
  return new Skip("other-axis", `it goes along axis ${affine.axis}, whose entries ${node.label} mixes`);
});

/** Index of the values among the inputs of an Attention. */
const VALUES = 2;

/** Attention: each row of the result is a mean of rows of the values, whose weights sum to 1. */
export const attentionCarry: Carry = {
  kind: "arithmetic",
  up: (node, _output, affine) => pastValues(node, affine, "up"),
  down: (node, input, affine) =>
    node.inputs.indexOf(input) === VALUES
      ? pastValues(node, affine, "down")
      : new Skip("not-linear", `${node.label} takes it into a softmax`),
};

function pastValues(node: Node, affine: AffineMap, way: "up" | "down"): Commuted | Skip {
  const values = node.inputs[VALUES], [from, to] = way === "up" ? [node.outputs[0], values] : [values, node.outputs[0]];
  if (!from || !to || node.has(4) || node.has(5) || node.outputs.slice(1).some((value) => value)) {
    return new Skip("unsupported-form", `${node.label} takes or gives values of other steps, too`);
  }
  if (hasShift(affine) && way === "down") {
    return new Skip("shift-blocked", `it has a shift, which stays before ${node.label} as a bias of its values`);
  }
  if (hasShift(affine) && node.has(3)) {
    return new Skip("shift-blocked", `it has a shift, and the mask of ${node.label} may leave out all values of a row`);
  }
  const { axis, scale: { length } } = affine, rank = to.shape?.length;
  const isKept = axis === null || rank === from.shape?.length && axis !== rank! - 2 &&
      from.shape?.[axis] === length && to.shape?.[axis] === length;
  if (isKept) return commuted({ value: to, affine });
  return new Skip("other-axis", `it goes along axis ${axis}, which is another one of the values of ${node.label}`);
}
