import type { Node } from "../../graph/graph.ts";
import { type AffineMap, hasShift } from "../affine_map.ts";
import { whyWhole } from "../quantised.ts";
import { Skip } from "../skip.ts";
import { type Carry, commuted, type Transfer } from "./carry.ts";
import { mayEnlarge, operandAxis } from "./operands.ts";

/**
 * Mul of two computed values, s·(x·y) = (s·x)·y: a scale gets past it into either operand, and comes out of it. Div: only its
 * numerator.
 */
export function gateCarry(operands: readonly number[]): Carry {
  return {
    kind: "arithmetic",
    up(node, output, affine) {
      if (hasShift(affine)) return shiftBlocked(node);
      const alternatives = operands.flatMap((index): Transfer[][] => {
        const value = node.inputs[index], axis = operandAxis(value?.shape, output.shape, affine);
        return value && axis !== undefined ? [[{ value, affine: { ...affine, axis } }]] : [];
      });
      if (alternatives.length > 0 && node.opset >= 7) return { alternatives };
      return mayEnlarge(node);
    },
    down(node, input, affine) {
      if (hasShift(affine)) return shiftBlocked(node);
      const index = node.inputs.indexOf(input), map = outside(affine, input.shape?.length, node.output.shape?.length);
      if (!operands.includes(index)) {
        return new Skip("not-linear", `${node.label} divides by it`);
      }
      if (!map || node.opset < 7) return new Skip("unknown-shape", `the shapes of ${node.label} are not known`);
      return commuted({ value: node.output, affine: map });
    },
  };
}

/** The map of an operand as one of the broadcast result. */
function outside(affine: AffineMap, rank: number | undefined, resultRank: number | undefined): AffineMap | undefined {
  if (affine.axis === null || affine.scale.length === 1) return { ...affine, axis: null }; // it may be repeated
  if (rank === undefined || resultRank === undefined) return undefined;
  return { ...affine, axis: affine.axis + resultRank - rank };
}

function shiftBlocked(node: Node): Skip {
  return whyWhole(node) ??
    new Skip("shift-blocked", `it has a shift, which the other operand of ${node.label} would multiply`);
}
