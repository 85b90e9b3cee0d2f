import type { Node, Value } from "../../graph/graph.ts";
import { type AffineMap, hasShift } from "../affine_map.ts";
import type { Builder } from "../builder.ts";
import { Skip } from "../skip.ts";

/** A value and the affine map it must get (upwards), or has got (downwards). */
export interface Transfer {
  /** An input of the node on the way up, an output on the way down. */
  readonly value: Value;
  /** The map. */
  readonly affine: AffineMap;
}

/** How an affine map commutes with a node. */
export interface Commuted {
  /** What the values on the other side get: any one of these alternatives will do. */
  readonly alternatives: readonly (readonly Transfer[])[];
  /** The node with other constants, applied to `input`; absent where it stays as it is. */
  readonly rebuild?: (input: Value, build: Builder) => Value;
}

/** How an affine map gets past an operator: op(s·x + t) = s'·op(x) + t'. */
export interface Carry {
  /**
   * What kind of operator is in between: one that only moves elements about, one that pools or interpolates positions, or
   * arithmetic on several values. The first kinds are tried before the last.
   */
  readonly kind: "movement" | "pooling" | "arithmetic";
  /** Whether a map that gets past it is the same on the other side, wherever the other inputs are constants. */
  readonly handsOn?: true;
  /** What the inputs must get so that `output` gets the map, and every other output nothing. */
  up(node: Node, output: Value, affine: AffineMap): Commuted | Skip;
  /** What the outputs get when `input` has got the map, and every other input nothing. */
  down(node: Node, input: Value, affine: AffineMap): Commuted | Skip;
}

/** The one alternative there is. */
export function commuted(...transfers: readonly Transfer[]): Commuted {
  return { alternatives: [transfers] };
}

/** The map on the other side of a node with one data input and one output, or why there is none. */
type Through = (node: Node, affine: AffineMap) => AffineMap | Skip;

/** An operator with one data input, its first, and one output. */
export function unary(kind: Carry["kind"], up: Through, down: Through = up): Carry {
  return {
    kind,
    up(node, output, affine) {
      const other = otherOutput(node);
      if (node.outputs[0] !== output || other) return hasOtherOutput(node, other);
      const before = up(node, affine);
      return before instanceof Skip ? before : commuted({ value: node.inputs[0]!, affine: before });
    },
    down(node, input, affine) {
      const other = otherOutput(node);
      if (node.inputs[0] !== input) return takesAsParameter(node);
      if (other) return hasOtherOutput(node, other);
      const after = down(node, affine);
      return after instanceof Skip ? after : commuted({ value: node.output, affine: after });
    },
  };
}

/** Where a node takes the value as something else than its data. */
export function takesAsParameter(node: Node): Skip {
  return new Skip("not-linear", `${node.label} takes it as a parameter`);
}

/** An output beside the first that something needs. */
function otherOutput(node: Node): Value | undefined {
  return node.outputs.slice(1).find((value) => value && (value.users.size > 0 || value.isOutput));
}

function hasOtherOutput(node: Node, other: Value | undefined): Skip {
  const name = (other ?? node.output).name;
  return new Skip("unsupported-form", `${node.label} has a second output, '${name}', which would change too`);
}

/** Why a map is more than a scale ≥ 0, all that gets past an operator that is linear on either side of zero. */
export function whyNotPositiveScale(node: Node, affine: AffineMap): Skip | undefined {
  if (hasShift(affine)) {
    return new Skip("shift-blocked", `it has a shift, which does not come through ${node.opType} (${node.label})`);
  }
  if (affine.scale.every((value) => value >= 0)) return undefined;
  return new Skip(
    "negative-scale",
    `it has a negative scale, which does not come through ${node.opType} (${node.label})`,
  );
}
