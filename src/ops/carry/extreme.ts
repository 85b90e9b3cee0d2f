import type { Node } from "../../graph/graph.ts";
import { type AffineMap, hasShift } from "../affine_map.ts";
import { Skip } from "../skip.ts";
import { type Carry, type Commuted, commuted } from "./carry.ts";
import { onEach, pastConstant } from "./operands.ts";

/**
 * Max and Min: s·max(x, y) + t = max(s·x + t, s·y + t) where s > 0. A constant operand takes the map itself, zero takes a scale as
 * it is.
 */
export const extremeCarry: Carry = {
  kind: "arithmetic",
  up: (node, _output, affine) => whyNot(node, affine) ?? bounded(node, affine, "up") ?? pastAll(node, affine),
  down: (node, _input, affine) =>
    whyNot(node, affine) ?? bounded(node, affine, "down") ??
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
  const operands = onEach(node, affine);
  return operands instanceof Skip ? operands : commuted(...operands);
}

function bounded(node: Node, affine: AffineMap, way: "up" | "down"): Commuted | Skip | undefined {
  const past = pastConstant(node, affine, way);
  if (!past || past instanceof Skip) return past;
  const alternatives = [[{ value: past.value, affine: { ...affine, axis: past.axis } }]];
  if (!hasShift(affine) && past.constant.bound() === 0) return { alternatives };
  const rebuild = past.rebuilt((k, s = 1, t = 0) => way === "up" ? s * k + t : (k - t) / s);
  return rebuild && { alternatives, rebuild };
}
