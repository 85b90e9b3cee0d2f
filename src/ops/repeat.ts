import type { Node } from "../graph/graph.ts";
import { resizedAxes, scalesOf } from "./carry/interpolation.ts";

/**
 * How often a Resize or Upsample repeats every cell along each spatial axis, where that is all it does: nearest neighbours, the
 * same whole factor along all of them, and coordinates that round to the cell a result's cell lies in. Undefined otherwise.
 */
export function repeatOf(node: Node, rank: number): number | undefined {
  if (node.text("mode", "nearest") !== "nearest") return undefined;
  const factors = Array.from({ length: rank - 2 }, (_, axis) => factorOf(node, axis + 2, rank)), [first] = factors;
  const isWhole = first !== undefined && Number.isInteger(first) && first > 1;
  return isWhole && factors.every((factor) => factor === first) && isRepeat(node, first) ? first : undefined;
}

function factorOf(node: Node, axis: number, rank: number): number | undefined {
  const from = node.inputs[0]!.shape?.[axis], to = node.output.shape?.[axis];
  if (node.has(3)) return typeof from === "number" && typeof to === "number" && from > 1 ? to / from : undefined;
  return scalesOf(node)?.[resizedAxes(node, rank).indexOf(axis)];
}

/** The cell, for a place in it of a result that has `factor` cells for each: the same again in the next, one further on. */
const COORDINATES: Readonly<Record<string, (place: number, factor: number) => number>> = {
  asymmetric: (place, factor) => place / factor,
  half_pixel: (place, factor) => (place + 0.5) / factor - 0.5,
  half_pixel_symmetric: (place, factor) => (place + 0.5) / factor - 0.5,
  pytorch_half_pixel: (place, factor) => (place + 0.5) / factor - 0.5,
  tf_half_pixel_for_nn: (place, factor) => (place + 0.5) / factor,
};

const ROUNDINGS: Readonly<Record<string, (cell: number) => number>> = {
  round_prefer_floor: (cell) => Math.ceil(cell - 0.5),
  round_prefer_ceil: (cell) => Math.floor(cell + 0.5),
  floor: Math.floor,
  ceil: Math.ceil,
};

/** Larger factors are claims, or have no work to save. */
const MOST_REPEATED = 1 << 10;

function isRepeat(node: Node, factor: number): boolean {
  if (factor > MOST_REPEATED) return false;
  if (node.is("Upsample") || node.opset < 11) return true; // asymmetric, rounded down
  const coordinate = COORDINATES[node.text("coordinate_transformation_mode", "half_pixel")];
  const rounding = ROUNDINGS[node.text("nearest_mode", "round_prefer_floor")];
  if (!coordinate || !rounding) return false;
  return Array.from({ length: factor }, (_, place) => rounding(coordinate(place, factor))).every((cell) => cell === 0);
}
