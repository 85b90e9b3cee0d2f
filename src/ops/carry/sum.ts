import type { Node, Shape } from "../../graph/graph.ts";
import { isFloat } from "../../tensor/element_type.ts";
import { broadcasted } from "../../tensor/elementwise.ts";
import { type Tensor, valueTensor } from "../../tensor/tensor.ts";
import { type AffineMap, hasScale, hasShift, scaleOf } from "../affine_map.ts";
import { constantOf } from "../constant.ts";
import { Skip } from "../skip.ts";
import { type Carry, type Commuted, commuted, type Transfer } from "./carry.ts";

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

/** s·K + t, or (K + t)/s, of a constant that varies along several axes, in the shape it broadcasts to. */
export function mappedConstant(
  constant: Tensor,
  { axis, scale, shift }: AffineMap,
  rank: number,
  f: Combine,
): Tensor | undefined {
  const along = (values: Float64Array) =>
    valueTensor(
      "float64",
      axis === null ? [] : [values.length, ...new Array<number>(rank - 1 - axis).fill(1)],
      values,
    );
  return broadcasted([constant, along(scale), along(shift)], f, constant.type);
}

type Combine = (k: number, s?: number, t?: number) => number;

/**
 * Add and Sub of a value and a constant that is no affine map of it (a position embedding, a full-size bias):
 * s·(x + K) + t = s·x + (s·K + t), and (s·x + t) + K = s·(x + (t + K)/s). The constant takes what the value does not.
 */
function constantCarry(node: Node, sign: 1 | -1, affine: AffineMap, way: "up" | "down"): Commuted | Skip | undefined {
  const index = node.inputs.findIndex((value) => constantOf(value)), constant = constantOf(node.inputs[index]);
  const x = node.inputs[1 - index], shape = node.output.shape, from = way === "up" ? shape : x?.shape;
  if (!constant || !x || node.inputs.length !== 2 || !isFloat(constant.type)) return undefined;
  if (constantOf(x)) return undefined;
  const to = way === "up" ? x.shape : shape, other = axisAt(affine, from, to);
  if (!shape || other === undefined) {
    return new Skip("not-per-channel", `an operand of ${node.label} may be enlarged along that axis`);
  }
  if (way === "down" && affine.scale.some((value) => value === 0)) {
    return new Skip(
      "invalid-parameter",
      "its scale is 0 in a channel, by which the constant behind it would be divided",
    );
  }
  const out = way === "up" ? affine : { ...affine, axis: other }, by = sign < 0 && index === 1 ? -1 : 1;
  // of K − x the shift of x counts the other way
  const turn = way === "down" && sign < 0 && index === 0 ? -1 : by;
  const now = mappedConstant(
    constant,
    out,
    shape.length,
    (k, s = 1, t = 0) => way === "up" ? s * k + by * t : (k + turn * t) / s,
  );
  if (!now) return undefined;
  return {
    alternatives: [[{ value: way === "up" ? x : node.output, affine: { ...scaleOf(affine), axis: other } }]],
    rebuild(input, build) {
      const value = way === "up" ? x : input, added = build.initializer(node.inputs[index]!.name, now);
      return build.like(node, index === 1 ? [value, added] : [added, value]);
    },
  };
}

/** The axis of a map in another shape, right-aligned, as long there; null where it goes along none. */
export function axisAt(
  { axis, scale }: AffineMap,
  from: Shape | undefined,
  to: Shape | undefined,
): number | null | undefined {
  if (axis === null) return null;
  if (!from || !to) return undefined;
  const other = axis + to.length - from.length;
  return other >= 0 && to[other] === scale.length && from[axis] === scale.length ? other : undefined;
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
    up(node, output, affine) {
      if (node.opset < since) return tooOld(node);
      const constant = constantCarry(node, sign, affine, "up");
      if (constant) return constant;
      const operands = node.inputs.map((value): Transfer | undefined => {
        const axis = operandAxis(value?.shape, output.shape, affine);
        return value && axis !== undefined ? { value, affine: { ...affine, axis } } : undefined;
      });
      const all = operands.filter((operand) => operand !== undefined);
      if (all.length < operands.length) {
        return new Skip("not-per-channel", `an operand of ${node.label} may be enlarged along that axis`);
      }
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
