import type { Node } from "../../graph/graph.ts";
import { type AffineMap, hasScale, hasShift, scaleOf } from "../affine_map.ts";
import { Skip } from "../skip.ts";
import { type Carry, type Commuted, commuted, type Transfer } from "./carry.ts";
import { onEach, pastConstant } from "./operands.ts";

/**
 * Add and Sub of a value and a constant that is no affine map of it (a position embedding, a full-size bias):
 * s·(x + K) + t = s·x + (s·K + t), and (s·x + t) + K = s·(x + (t + K)/s). The constant takes what the value does not.
 */
function constantCarry(node: Node, sign: 1 | -1, affine: AffineMap, way: "up" | "down"): Commuted | Skip | undefined {
  const past = pastConstant(node, affine, way);
  if (!past || past instanceof Skip) return past;
  if (way === "down" && affine.scale.some((value) => value === 0)) {
    return new Skip(
      "invalid-parameter",
      "its scale is 0 in a channel, by which the constant behind it would be divided",
    );
  }
  const { value, axis, index } = past, by = sign < 0 && index === 1 ? -1 : 1;
  // of K − x the shift of x counts the other way
  const turn = way === "down" && sign < 0 && index === 0 ? -1 : by;
  const rebuild = past.rebuilt((k, s = 1, t = 0) => way === "up" ? s * k + by * t : (k + turn * t) / s);
  return rebuild && { alternatives: [[{ value, affine: { ...scaleOf(affine), axis } }]], rebuild };
}

/** The map with its shift taken away where the sign is −1. */
function signed(affine: AffineMap, sign: 1 | -1): AffineMap {
  return { ...affine, shift: affine.shift.map((value) => sign * value) };
}

function tooOld(node: Node): Skip {
  return new Skip("unsupported-form", `${node.label} is from an operator set in which it broadcasts otherwise`);
}

/** Operands of a sum that are tried for a shift, at most. */
const MOST_TRIED = 8;

/** Add, Sub and Sum of computed values: s·(x ± y) + t = (s·x + t) ± s·y. All must take the scale, any one the shift. Before opset `since` they broadcast otherwise. */
export function sumCarry(sign: 1 | -1, since = 7): Carry {
  return {
    kind: "arithmetic",
    up(node, _output, affine) {
      if (node.opset < since) return tooOld(node);
      const constant = constantCarry(node, sign, affine, "up");
      if (constant) return constant;
      const all = onEach(node, affine);
      if (all instanceof Skip) return all;
      if (!hasShift(affine)) return commuted(...all);
      const alternatives = all.slice(0, MOST_TRIED).map((_, at) =>
        all.map(({ value, affine }, index): Transfer => ({
          value,
          affine: index === at ? signed(affine, at === 0 ? 1 : sign) : scaleOf(affine),
        }))
      );
      return { alternatives };
    },
    down(node, input, affine) {
      if (node.opset < since) return tooOld(node);
      const constant = constantCarry(node, sign, affine, "down");
      if (constant) return constant;
      const result = node.output.shape, { shape } = input;
      if (hasScale(affine)) {
        return new Skip("unequal-channels", `the other operand of ${node.label} would need the same scale`);
      }
      if (affine.axis !== null && (!result || !shape)) {
        return new Skip("unknown-shape", `the shapes of ${node.label} are not known`);
      }
      const isUniform = affine.axis === null || affine.shift.length === 1; // one entry may be repeated along its axis
      const axis = isUniform ? null : affine.axis! + result!.length - shape!.length;
      const own = node.inputs[1] === input ? sign : 1;
      return commuted({ value: node.output, affine: signed({ ...affine, axis }, own) });
    },
  };
}
