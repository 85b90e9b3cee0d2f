import { axesOf } from "../../ops/constant.ts";
import type { Node } from "../../graph/graph.ts";
import { isUnpadded, windowOf } from "../../ops/window.ts";
import { Skip } from "../../ops/skip.ts";
import { type AffineMap, hasShift } from "../../ops/affine_map.ts";
import type { Carrier } from "../carrier.ts";

/** Why a map does not go through a pool, or nothing. */
type Condition = (node: Node, affine: AffineMap) => Skip | undefined;

/** A pool over the spatial axes: batch and channel axes stay what they are. */
function spatialPool(forbids: Condition): Carrier {
  const through = (node: Node, affine: AffineMap): AffineMap | Skip =>
    affine.axis !== null && affine.axis > 1
      ? new Skip("other-axis", `it goes along axis ${affine.axis}, over which ${node.label} pools`)
      : forbids(node, affine) ?? affine;
  return { up: through, down: through };
}

/** A reduction over some axes: the others stay, and move to the left where reduced axes are dropped. */
function reduction(forbids: Condition): Carrier {
  return {
    up: (node, affine) => forbids(node, affine) ?? reducedAxis(node, affine, "up"),
    down: (node, affine) => forbids(node, affine) ?? reducedAxis(node, affine, "down"),
  };
}

function reducedAxis(node: Node, affine: AffineMap, way: "up" | "down"): AffineMap | Skip {
  if (affine.axis === null) return affine;
  const rank = node.inputs[0]?.shape?.length, axes = rank === undefined ? undefined : axesOf(node, rank);
  if (rank === undefined || !axes && node.has(1)) {
    return new Skip("unknown-shape", `which axes ${node.label} reduces is not known`);
  }
  const all = [...Array(rank).keys()];
  const reduced = new Set(axes?.length ? axes : node.number("noop_with_empty_axes", 0) !== 0 ? [] : all);
  const kept = node.number("keepdims", 1) !== 0 ? all : all.filter((axis) => !reduced.has(axis));
  const inside = way === "up" ? kept[affine.axis] : affine.axis;
  if (inside === undefined || reduced.has(inside)) {
    return new Skip("other-axis", `it goes along axis ${affine.axis}, over which ${node.label} reduces`);
  }
  return { ...affine, axis: way === "up" ? inside : kept.indexOf(inside) };
}

/** max(s·x + t) = s·max(x) + t where s ≥ 0. */
const ordered: Condition = (node, { scale }) =>
  scale.some((value) => value < 0)
    ? new Skip("negative-scale", `it has a negative scale, which turns the maximum of ${node.label} into a minimum`)
    : undefined;

/** MaxPool pads with −∞, which no shift changes, as long as every window holds at least one cell of the input. */
const maximum: Condition = (node, affine) => {
  const dilated = (node.numbers("dilations") ?? []).some((dilation) => dilation > 1);
  const window = windowOf(node, node.numbers("kernel_shape") ?? [], node.inputs[0]?.shape?.slice(2));
  if (dilated && !isUnpadded(window)) {
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
  const window = windowOf(node, node.numbers("kernel_shape") ?? [], node.inputs[0]?.shape?.slice(2));
  return isUnpadded(window) && !window.ceil ? undefined : new Skip(
    "shift-at-border",
    `${node.label} counts padded zeros (count_include_pad = 1), which a shift moved across it would have to turn into ` +
      `other values at the border`,
  );
};

const anything: Condition = () => undefined;

/** Pools that an affine map commutes with, with the conditions each has on scale, shift and padding. */
export const POOL_CARRIERS: Readonly<Record<string, Carrier>> = {
  MaxPool: spatialPool(maximum),
  AveragePool: spatialPool(average),
  GlobalMaxPool: spatialPool(ordered),
  GlobalAveragePool: spatialPool(anything),
  ReduceMax: reduction(ordered),
  ReduceMean: reduction(anything),
};
