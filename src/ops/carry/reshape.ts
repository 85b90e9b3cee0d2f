import { MOST_ENTRIES } from "../affine/elementwise.ts";
import type { Dim, Node, Shape } from "../../graph/graph.ts";
import type { AffineMap } from "../affine_map.ts";
import { permOf } from "../constant.ts";
import { product } from "../dims.ts";
import { isInferenceDropout } from "../dropout.ts";
import { Skip } from "../skip.ts";
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

/**
 * A map along an axis of shape `from`, seen in shape `to` of the same elements. The axis stays one axis, or is one of
 * several that become one (then each of its entries is repeated), or is split into axes of which one alone is longer
 * than 1.
 */
function reshaped(node: Node, from: Shape | undefined, to: Shape | undefined, affine: AffineMap): AffineMap | Skip {
  if (affine.axis === null) return affine;
  const apart = whyApart(node, from, to);
  if (!from || !to) return apart;
  const channels = affine.scale.length;
  const before = from.slice(0, affine.axis), after = from.slice(affine.axis + 1);
  // an axis with as much before it and after it in both shapes is the same axis
  const same = to.findIndex((dim, axis) =>
    dim === channels &&
    (equal(before, to.slice(0, axis)) || equal(after, to.slice(axis + 1)))
  );
  if (same >= 0) return { ...affine, axis: same };
  // [.., C, h, w] → [.., C·h·w]: entry f of the merged axis is channel f div (h·w) mod C
  const merged = to.findIndex((dim, axis) =>
    typeof dim === "number" && dim % channels === 0 && dim > channels &&
    merges(before, after, to.slice(0, axis), to.slice(axis + 1), dim / channels)
  );
  if (merged < 0) return apart;
  const length = to[merged] as number;
  if (length > MOST_ENTRIES) return apart;
  const tail = trailing(after, to.slice(merged + 1));
  if (tail === undefined) return apart;
  const expand = (values: Float64Array) =>
    Float64Array.from({ length }, (_, index) => values[Math.floor(index / tail) % channels]);
  return { axis: merged, scale: expand(affine.scale), shift: expand(affine.shift) };
}

function whyApart(node: Node, from: Shape | undefined, to: Shape | undefined): Skip {
  const isKnown = from && to && [...from, ...to].every((dim) => dim !== null);
  return isKnown
    ? new Skip("other-axis", `${node.label} makes several axes of its channels, or its channels of several axes`)
    : new Skip("unknown-shape", `${node.label} does not keep its channels apart, as far as shapes are known`);
}

function known(dims: readonly Dim[]): number | undefined {
  return dims.every((dim) => typeof dim === "number") ? (dims as number[]).reduce((a, b) => a * b, 1) : undefined;
}

/** Whether two runs of dimensions surely have the same number of elements. */
function equal(a: readonly Dim[], b: readonly Dim[]): boolean {
  const left = product(a);
  if (left !== null && left === product(b)) return true;
  const plain = (dims: readonly Dim[]) => dims.filter((dim) => dim !== 1);
  const [p, q] = [plain(a), plain(b)];
  return p.length === q.length && p.every((dim, at) => dim !== null && dim === q[at]);
}

/** How many elements of the axis' own tail were merged into it; undefined where that is not known. */
function trailing(after: readonly Dim[], rest: readonly Dim[]): number | undefined {
  const whole = known(after), left = known(rest);
  return whole !== undefined && left !== undefined && whole % left === 0 ? whole / left : undefined;
}

/** Whether the merged axis is made of the channel axis, `extra` entries for each, with the rest unchanged outside it. */
function merges(
  before: readonly Dim[],
  after: readonly Dim[],
  toBefore: readonly Dim[],
  toAfter: readonly Dim[],
  extra: number,
): boolean {
  const tail = trailing(after, toAfter);
  if (tail === undefined || extra % tail !== 0) return false;
  if (extra === tail) return equal(before, toBefore) || known(after) !== undefined;
  const names = [...before];
  const rest = toBefore.filter((dim) => typeof dim === "number" || !removeFirst(names, dim));
  const lead = known(names), left = known(rest);
  return lead !== undefined && left !== undefined && lead === left * (extra / tail);
}

/** Takes a dimension of this name out of a list. Returns whether there was one. */
function removeFirst(dims: Dim[], name: Dim): boolean {
  const at = name === null ? -1 : dims.indexOf(name);
  if (at >= 0) dims.splice(at, 1);
  return at >= 0;
}
