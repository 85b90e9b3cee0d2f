import type { Node } from "../../graph/graph.ts";
import { isFloat } from "../../tensor/element_type.ts";
import { type AffineMap, hasShift } from "../affine_map.ts";
import { constantOf } from "../constant.ts";
import { Skip } from "../skip.ts";
import { type Carry, type Commuted, commuted, type Transfer } from "./carry.ts";
import { axisAt, mappedConstant, operandAxis } from "./sum.ts";

/**
 * Max and Min: s·max(x, y) + t = max(s·x + t, s·y + t) where s > 0. A constant operand takes the map itself, zero takes a scale as
 * it is.
 */
export const extremeCarry: Carry = {
  kind: "arithmetic",
  up: (node, _output, affine) => whyNot(node, affine) ?? pastConstant(node, affine, "up") ?? pastAll(node, affine),
  down: (node, _input, affine) =>
    whyNot(node, affine) ?? pastConstant(node, affine, "down") ??
      new Skip("unequal-channels", `the other operand of ${node.label} would need the same map`),
};

function whyNot(node: Node, { scale }: AffineMap): Skip | undefined {
  if (node.opset < 8) return new Skip("unsupported-form", `${node.label} broadcasts nothing before opset 8`);
  return scale.every((value) => value > 0) ? undefined : new Skip(
    "negative-scale",
    `it has a scale that is not above 0, which does not come through ${node.opType} (${node.label})`,
  );
}

function pastAll(node: Node, affine: AffineMap): Commuted | Skip {
  const operands = node.inputs.flatMap((value): Transfer[] => {
    const axis = operandAxis(value?.shape, node.output.shape, affine);
    return value && axis !== undefined ? [{ value, affine: { ...affine, axis } }] : [];
  });
  if (operands.length === node.inputs.length) return commuted(...operands);
  return new Skip("not-per-channel", `an operand of ${node.label} may be enlarged along that axis`);
}

function pastConstant(node: Node, affine: AffineMap, way: "up" | "down"): Commuted | Skip | undefined {
  const index = node.inputs.findIndex((value) => constantOf(value)), constant = constantOf(node.inputs[index]);
  const x = node.inputs[1 - index], shape = node.output.shape, from = way === "up" ? shape : x?.shape;
  if (!constant || !x || constantOf(x) || node.inputs.length !== 2 || !isFloat(constant.type)) return undefined;
  const axis = axisAt(affine, from, way === "up" ? x.shape : shape);
  if (!shape || axis === undefined) {
    return new Skip("not-per-channel", `an operand of ${node.label} may be enlarged along that axis`);
  }
  const value = way === "up" ? x : node.output, alternatives = [[{ value, affine: { ...affine, axis } }]];
  if (!hasShift(affine) && constant.bound() === 0) return { alternatives };
  const now = mappedConstant(
    constant,
    way === "up" ? affine : { ...affine, axis },
    shape.length,
    (k, s = 1, t = 0) => way === "up" ? s * k + t : (k - t) / s,
  );
  return now && {
    alternatives,
    rebuild(input, build) {
      const bound = build.initializer(node.inputs[index]!.name, now), given = way === "up" ? x : input;
      return build.like(node, index === 1 ? [given, bound] : [bound, given]);
    },
  };
}
