import type { Node, Shape } from "../../graph/graph.ts";
import type { AffineMap } from "../affine_map.ts";
import { Skip } from "../skip.ts";
import { type Carry, unary } from "./carry.ts";

/** Expand and Tile: every entry of an axis that is as long before and after stays what it is, axes counted from the right. */
export const repeatCarry: Carry = unary(
  "movement",
  (node, affine) => repeated(node, affine, node.output.shape, node.inputs[0]?.shape),
  (node, affine) => repeated(node, affine, node.inputs[0]?.shape, node.output.shape),
);

function repeated(node: Node, affine: AffineMap, from: Shape | undefined, to: Shape | undefined): AffineMap | Skip {
  const { axis, scale: { length } } = affine;
  if (axis === null || length === 1) return { ...affine, axis: null }; // one entry may be repeated along its axis
  const other = from && to ? axis + to.length - from.length : -1;
  if (to?.[other] === length && from?.[axis] === length) return { ...affine, axis: other };
  return new Skip("other-axis", `it goes along an axis that ${node.label} repeats, or may repeat`);
}
