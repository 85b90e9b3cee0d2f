import type { Node, Shape } from "../../graph/graph.ts";
import type { AffineMap } from "../affine_map.ts";
import { permOf } from "../constant.ts";
import { isInferenceDropout } from "../dropout.ts";
import { Skip } from "../skip.ts";
import { alongOne, axesWith, fitted } from "./axis_parts.ts";
import { type Carry, type Commuted, unary } from "./carry.ts";
import { regrouped } from "./regroup.ts";

const rowMajor: Carry = unary(
  "movement",
  (node, affine) => reshaped(node, node.output.shape, node.inputs[0]?.shape, affine),
  (node, affine) => reshaped(node, node.inputs[0]?.shape, node.output.shape, affine),
);

/** Reshape, Flatten, Squeeze, Unsqueeze: elements keep their row-major order, so a map goes along where its axis does, or is put together again. */
export const reshapeCarry: Carry = {
  kind: "movement",
  up: (node, output, affine) => orRegrouped(node, affine, "up", rowMajor.up(node, output, affine)),
  down: (node, input, affine) => orRegrouped(node, affine, "down", rowMajor.down(node, input, affine)),
};

function orRegrouped(node: Node, affine: AffineMap, way: "up" | "down", found: Commuted | Skip): Commuted | Skip {
  return found instanceof Skip ? regrouped(node, affine, way) ?? found : found;
}

/** Transpose: axis i of the result is axis perm[i] of the input. */
export const transposeCarry: Carry = unary(
  "movement",
  (node, affine) => moved(node, affine, (perm, axis) => perm[axis]),
  (node, affine) => moved(node, affine, (perm, axis) => perm.indexOf(axis)),
);

function moved(node: Node, affine: AffineMap, to: (perm: readonly number[], axis: number) => number): AffineMap | Skip {
  if (affine.axis === null) return affine;
  const perm = permOf(node, node.inputs[0]?.shape?.length);
  if (!perm) return new Skip("unknown-shape", `the rank of the input of ${node.label} is not known`);
  return { ...affine, axis: to(perm, affine.axis) };
}

/** Identity. */
export const identityCarry: Carry = unary("movement", (_node, affine) => affine);

/** Dropout does nothing in inference. */
export const dropoutCarry: Carry = unary(
  "movement",
  (node, affine) => isInferenceDropout(node) ? affine : new Skip("training-mode", `${node.label} is in training mode`),
);

/** A map along an axis of shape `from`, seen in shape `to` of the same elements. */
function reshaped(node: Node, from: Shape | undefined, to: Shape | undefined, affine: AffineMap): AffineMap | Skip {
  const { axis, scale: { length } } = affine;
  if (axis === null || length === 1) return { ...affine, axis: null };
  const axes = from && to && fitted(axesWith(from.with(axis, length), axis), to);
  return (axes && alongOne(axes, affine)) ?? whyApart(node, from, to);
}

function whyApart(node: Node, from: Shape | undefined, to: Shape | undefined): Skip {
  const isKnown = from && to && [...from, ...to].every((dim) => dim !== null);
  return isKnown
    ? new Skip("other-axis", `${node.label} makes several axes of its channels, or its channels of several axes`)
    : new Skip("unknown-shape", `${node.label} does not keep its channels apart, as far as shapes are known`);
}
