import type { Node, Value } from "../../graph/graph.ts";
import { MOST_ENTRIES } from "../affine/elementwise.ts";
import type { AffineMap } from "../affine_map.ts";
import { fromStart } from "../dims.ts";
import { Skip } from "../skip.ts";
import { type Carry, commuted } from "./carry.ts";
import { placedMap } from "./entries_map.ts";

/** Entries `start` to `start + length` of a map. */
function part({ axis, scale, shift }: AffineMap, start: number, length: number): AffineMap {
  return { axis, scale: scale.slice(start, start + length), shift: shift.slice(start, start + length) };
}

/** Where each part begins along an axis, how long it is, and the length of the whole. */
interface Layout {
  readonly axis: number;
  readonly parts: readonly { readonly start: number; readonly length: number }[];
  readonly whole: number;
}

function layoutOf(parts: readonly (Value | undefined)[], axis: number | undefined): Layout | undefined {
  if (axis === undefined) return undefined;
  const found: { start: number; length: number }[] = [];
  let whole = 0;
  for (const value of parts) {
    const length = value?.shape?.[axis];
    if (typeof length !== "number") return undefined;
    found.push({ start: whole, length });
    whole += length;
  }
  return { axis, parts: found, whole };
}

/** Parts that a map is carried past: with each of thousands all the others would be looked at. */
const MOST_PARTS = 512;

function tooManyParts(node: Node): Skip {
  return new Skip("too-far", `${node.label} has more than ${MOST_PARTS} parts`);
}

/** The axis along which a node joins or splits; undefined where its rank is not known. */
function joinedAxis(node: Node, otherwise: number): number | undefined {
  const rank = (node.inputs[0] ?? node.outputs[0])?.shape?.length, axis = node.number("axis", otherwise);
  return axis >= 0 ? axis : rank === undefined ? undefined : fromStart(axis, rank);
}

function unknownSizes(node: Node): Skip {
  return new Skip("unknown-shape", `the sizes of the parts of ${node.label} are not known`);
}

/** From the whole to its parts: each takes its own entries of the map, or all take the same along another axis. */
function toParts(node: Node, parts: readonly Value[], axis: number | undefined, affine: AffineMap) {
  if (parts.length > MOST_PARTS) return tooManyParts(node);
  if (affine.axis === null || axis !== undefined && affine.axis !== axis) {
    return commuted(...parts.map((value) => ({ value, affine })));
  }
  const layout = layoutOf(parts, axis);
  if (!layout || layout.whole !== affine.scale.length) return unknownSizes(node);
  return commuted(
    ...parts.map((value, index) => ({
      value,
      affine: part(affine, layout.parts[index].start, layout.parts[index].length),
    })),
  );
}

/** From one part to the whole: the others get nothing. */
function toWhole(
  node: Node,
  { parts, from, to, axis }: {
    parts: readonly (Value | undefined)[];
    from: Value;
    to: Value;
    axis: number | undefined;
  },
  affine: AffineMap,
) {
  if (parts.length > MOST_PARTS) return tooManyParts(node);
  if (affine.axis !== null && affine.axis !== axis) {
    return new Skip(
      "other-axis",
      `it goes along axis ${affine.axis}, and ${node.label} has other parts along axis ${axis ?? "unknown"}`,
    );
  }
  const layout = layoutOf(parts, axis);
  if (!layout || layout.whole > MOST_ENTRIES) return unknownSizes(node);
  const { start, length } = layout.parts[parts.indexOf(from)];
  const indices = Array.from({ length }, (_, at) => start + at);
  const map = placedMap(node, affine, { axis: layout.axis, indices, length: layout.whole });
  return map instanceof Skip ? map : commuted({ value: to, affine: map });
}

/** Concat: several values become parts of one. */
export const concatCarry: Carry = {
  kind: "arithmetic",
  up: (node, _output, affine) => toParts(node, node.inputs as readonly Value[], joinedAxis(node, 1), affine),
  down: (node, input, affine) =>
    toWhole(node, { parts: node.inputs, from: input, to: node.output, axis: joinedAxis(node, 1) }, affine),
};

/** Split: the other way round. */
export const splitCarry: Carry = {
  kind: "arithmetic",
  up: (node, output, affine) =>
    toWhole(node, { parts: node.outputs, from: output, to: node.inputs[0]!, axis: joinedAxis(node, 0) }, affine),
  down(node, _input, affine) {
    const outputs = node.outputs.filter((value) => value !== undefined);
    const isWhole = outputs.length === node.outputs.length, axis = joinedAxis(node, 0);
    return !isWhole && affine.axis === axis ? unknownSizes(node) : toParts(node, outputs, axis, affine);
  },
};
