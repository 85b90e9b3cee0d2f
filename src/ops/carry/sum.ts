import type { Shape } from "../../graph/graph.ts";
import { type AffineMap, hasScale, hasShift, scaleOf } from "../affine_map.ts";
import { Skip } from "../skip.ts";
import { type Carry, commuted, type Transfer } from "./carry.ts";

/** The axis of an operand that is axis `axis` of the broadcast result, if the operand is as long there. */
export function operandAxis(
  shape: Shape | undefined,
  result: Shape | undefined,
  { axis, scale }: AffineMap,
): number | null | undefined {
  if (axis === null) return null;
  if (!shape || !result) return undefined;
  const own = axis - (result.length - shape.length);
  return own >= 0 && shape[own] === scale.length ? own : undefined;
}

/** Add and Sub of two computed values: s·(x ± y) + t = (s·x + t) ± s·y. Both must take the scale, either the shift. */
export function sumCarry(sign: 1 | -1): Carry {
  return {
    kind: "arithmetic",
    up(node, output, affine) {
      const operands = node.inputs.map((value): Transfer | undefined => {
        const axis = operandAxis(value?.shape, output.shape, affine);
        return value && axis !== undefined ? { value, affine: { ...affine, axis } } : undefined;
      });
      const [a, b] = operands;
      if (!a || !b || node.opset < 7) {
        return new Skip("not-per-channel", `an operand of ${node.label} may be enlarged along that axis`);
      }
      if (!hasShift(affine)) return commuted(a, b);
      const only = (operand: Transfer): Transfer => ({ ...operand, affine: scaleOf(operand.affine) });
      const second = { ...b, affine: { ...b.affine, shift: b.affine.shift.map((value) => sign * value) } };
      return { alternatives: [[a, only(b)], [only(a), second]] };
    },
    down(node, input, affine) {
      const result = node.output.shape, { shape } = input;
      if (hasScale(affine)) {
        return new Skip("unequal-channels", `the other operand of ${node.label} would need the same scale`);
      }
      if (affine.axis !== null && (!result || !shape) || node.opset < 7) {
        return new Skip("unknown-shape", `the shapes of ${node.label} are not known`);
      }
      const isUniform = affine.axis === null || affine.shift.length === 1; // one entry may be repeated along its axis
      const axis = isUniform ? null : affine.axis! + result!.length - shape!.length;
      const factor = sign < 0 && node.inputs[1] === input ? -1 : 1;
      return commuted({
        value: node.output,
        affine: { ...affine, axis, shift: affine.shift.map((value) => factor * value) },
      });
    },
  };
}
