import type { Dim, Node } from "../graph/graph.ts";
import { placed } from "../tensor/pick.ts";
import { valuesOf } from "../tensor/tensor.ts";
import { type AffineMap, hasShift } from "./affine_map.ts";
import { unary } from "./carry/carry.ts";
import { constantValues } from "./constant.ts";
import type { Op, Ops } from "./op.ts";
import { padsOf, zeroPadding } from "./padding.ts";
import { Skip } from "./skip.ts";

/** The place in an axis of this length that a padded place takes its element from; −1 for the constant. */
const MODES: Record<string, (at: number, length: number) => number> = {
  constant: (at, length) => at < 0 || at >= length ? -1 : at,
  edge: (at, length) => Math.min(Math.max(at, 0), length - 1),
  wrap: (at, length) => ((at % length) + length) % length,
  reflect(at, length) {
    if (length === 1) return 0;
    const period = 2 * (length - 1), place = ((at % period) + period) % period;
    return place < length ? place : period - place;
  },
};

const pad: Op = {
  inputs: [1, 4],
  infer(node, [{ type, shape }]) {
    const pads = shape && padsOf(node, shape.length);
    return [{
      type,
      shape: shape?.map((dim, axis): Dim => {
        if (!pads) return null;
        const before = pads.begin[axis], after = pads.end[axis];
        if (before === 0 && after === 0) return dim; // a named dimension keeps its name
        if (typeof before !== "number" || typeof after !== "number") return null;
        return before + after === 0 ? dim : typeof dim === "number" ? dim + before + after : null;
      }),
    }];
  },
  evaluate(node, [x, , value]) {
    const { dims } = x!, pads = padsOf(node, dims.length), of = MODES[node.text("mode", "constant")];
    const begin = pads?.begin as number[], end = pads?.end as number[];
    if (!pads || !of || [...begin, ...end].some((size) => size < 0) && of !== MODES.constant) return undefined;
    const fill = node.opset >= 11 ? value ? valuesOf(value)[0] : 0 : node.number("value", 0);
    const padded = dims.map((dim, axis) => dim + begin[axis] + end[axis]);
    if (padded.some((dim) => dim < 0)) return undefined; // it crops more than there is, which runtimes refuse
    return [placed(
      x!,
      padded,
      (index) =>
        index.reduce((sum, at, axis) => {
          const place = of(at - begin[axis], dims[axis]);
          return place < 0 || sum < 0 ? -1 : sum * dims[axis] + place;
        }, 0),
      fill,
    )];
  },
  isNoOp(node) {
    const x = node.inputs[0], pads = x?.shape && padsOf(node, x.shape.length);
    return pads && [...pads.begin, ...pads.end].every((size) => size === 0) ? x : undefined;
  },
};

/**
 * Cells of its own around the input keep any map along an axis that is not padded. Zeros keep a scale, an infinity a scale > 0 and
 * a shift.
 */
function past(node: Node, affine: AffineMap): AffineMap | Skip {
  const rank = node.inputs[0]?.shape?.length,
    pads = rank === undefined ? undefined : padsOf(node, rank),
    { axis } = affine;
  if (axis !== null && (pads?.begin[axis] !== 0 || pads.end[axis] !== 0)) {
    return new Skip("other-axis", `it goes along axis ${axis}, which ${node.label} pads, or may pad`);
  }
  if (node.text("mode", "constant") !== "constant") return affine;
  const fill = node.opset < 11 ? node.number("value", 0) : node.has(2) ? constantValues(node.inputs[2])?.[0] ?? NaN : 0;
  const stays = fill === 0
    ? !hasShift(affine)
    : Math.abs(fill) === Infinity && affine.scale.every((value) => value > 0);
  return stays
    ? affine
    : new Skip("shift-at-border", `${node.label} puts a constant around its input, which would change too`);
}

/** Padding by elements of its own. */
export const PAD_OPS = { Pad: { ...pad, padding: zeroPadding, carry: unary("arithmetic", past) } } satisfies Ops;
