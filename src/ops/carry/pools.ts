import type { Node } from "../../graph/graph.ts";
import { type AffineMap, hasShift } from "../affine_map.ts";
import { reducedAxes } from "../constant.ts";
import { elementCount } from "../dims.ts";
import { Skip } from "../skip.ts";
import { isUnpadded, type Window, windowOf } from "../window.ts";
import { type Carry, unary } from "./carry.ts";

/** Why a map does not go through a pool, or nothing. */
type Condition = (node: Node, affine: AffineMap) => Skip | undefined;

/** A pool over the spatial axes: batch and channel axes stay what they are. */
function spatialPool(forbids: Condition): Carry {
  return unary(
    "pooling",
    (node, affine) =>
      affine.axis !== null && affine.axis > 1
        ? new Skip("other-axis", `it goes along axis ${affine.axis}, over which ${node.label} pools`)
        : forbids(node, affine) ?? affine,
  );
}

/** A reduction over some axes: the others stay, and move to the left where reduced axes are dropped. */
function reduction(forbids: Condition): Carry {
  return unary(
    "pooling",
    (node, affine) => forbids(node, affine) ?? reducedAxis(node, affine, "up"),
    (node, affine) => forbids(node, affine) ?? reducedAxis(node, affine, "down"),
  );
}

function reducedAxis(node: Node, affine: AffineMap, way: "up" | "down"): AffineMap | Skip {
  if (affine.axis === null) return affine;
  const rank = node.inputs[0]?.shape?.length, reduced = rank === undefined ? undefined : reducedAxes(node, rank);
  if (!reduced) return new Skip("unknown-shape", `which axes ${node.label} reduces is not known`);
  const all = [...Array(rank).keys()];
  const left = node.number("keepdims", 1) === 1 ? all : all.filter((axis) => !reduced.has(axis));
  const inside = way === "up" ? left[affine.axis] : affine.axis;
  if (inside === undefined || reduced.has(inside)) {
    return new Skip("other-axis", `it goes along axis ${affine.axis}, over which ${node.label} reduces`);
  }
  return { ...affine, axis: way === "up" ? inside : left.indexOf(inside) };
}

function poolWindow(node: Node): Window {
  return windowOf(node, node.numbers("kernel_shape") ?? [], node.inputs[0]?.shape?.slice(2));
}

/** max(s·x + t) = s·max(x) + t where s ≥ 0, and min alike. */
const ordered: Condition = (node, { scale }) => {
  if (!scale.some((value) => value < 0)) return undefined;
  const [chosen, other] = node.is("ReduceMin") ? ["minimum", "maximum"] : ["maximum", "minimum"];
  return new Skip(
    "negative-scale",
    `it has a negative scale, which turns the ${chosen} of ${node.label} into a ${other}`,
  );
};

/** A maximum pads with −∞, which no shift changes, as long as every window holds at least one cell of the input. */
const maximum: Condition = (node, affine) => {
  const isDilated = (node.numbers("dilations") ?? []).some((dilation) => dilation > 1);
  if (isDilated && !isUnpadded(poolWindow(node))) {
    return new Skip(
      "other-geometry",
      `${node.label} is dilated and padded, so that a window may see nothing but padding`,
    );
  }
  return ordered(node, affine);
};

/** The average of s·x + t is s·average + t where the weights of a window sum to one: where no padded cell is counted. */
const average: Condition = (node, affine) => {
  if (!hasShift(affine) || node.number("count_include_pad", 0) === 0) return undefined;
  const window = poolWindow(node);
  return isUnpadded(window) && !window.ceil ? undefined : new Skip(
    "shift-at-border",
    `${node.label} counts padded zeros (count_include_pad = 1), which a shift moved across it would have to turn into ` +
      `other values at the border`,
  );
};

/** Σ(s·x + t) = s·Σx + n·t over n entries. */
function totalled(node: Node, affine: AffineMap, way: "up" | "down"): AffineMap | Skip {
  const shape = node.inputs[0]?.shape, reduced = shape && reducedAxes(node, shape.length);
  const count = reduced ? elementCount([1, ...shape.filter((_, axis) => reduced.has(axis))]) : null;
  if (hasShift(affine) && !count) {
    return new Skip(
      "shift-blocked",
      `it has a shift, which ${node.label} adds up as often as it has entries: it is open how often`,
    );
  }
  const times = way === "up" ? 1 / (count ?? 1) : count ?? 1;
  return reducedAxis(node, { ...affine, shift: affine.shift.map((value) => value * times) }, way);
}

const anything: Condition = () => undefined;

/** MaxPool. */
export const maxPoolCarry: Carry = spatialPool(maximum);
/** AveragePool. */
export const averagePoolCarry: Carry = spatialPool(average);
/** GlobalMaxPool. */
export const globalMaxCarry: Carry = spatialPool(ordered);
/** GlobalAveragePool. */
export const globalAverageCarry: Carry = spatialPool(anything);
/** ReduceMax and ReduceMin. */
export const reduceExtremeCarry: Carry = reduction(ordered);
/** ReduceSum. */
export const reduceSumCarry: Carry = unary(
  "pooling",
  (node, affine) => totalled(node, affine, "up"),
  (node, affine) => totalled(node, affine, "down"),
);
/** ReduceMean. */
export const reduceMeanCarry: Carry = reduction(anything);
