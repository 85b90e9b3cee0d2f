import type { Dim, Node } from "../graph/graph.ts";
import { sliced } from "../tensor/pick.ts";
import { splitCarry } from "./carry/parts.ts";
import { sliceCarry } from "./carry/select.ts";
import { axisOf, constantValues } from "./constant.ts";
import type { Part } from "./cut.ts";
import { total } from "./dims.ts";
import { entriesBeside } from "./entries.ts";
import type { Op, Ops } from "./op.ts";
import { type Cut, cutsOf, reachOf } from "./slice_cuts.ts";
import { slicedAxes, slicedEntries } from "./taken.ts";

/** How long an axis of some length is once it is cut. */
function cutLength(length: Dim, cut: Cut): Dim {
  const { start, end, step } = cut;
  const isWhole = step === 1 && start === 0 && typeof end === "number" && end >= 2 ** 31 - 1;
  if (isWhole || step === -1 && start === -1 && typeof end === "number" && end < -(2 ** 31) + 2) return length;
  if (step === 1 && start === 0 && end !== null && end === length) return length;
  return typeof length === "number" ? reachOf(cut, length)?.count ?? null : null;
}

const slice: Op = {
  inputs: [1, 5],
  moves: [0],
  infer(node, [{ type, shape }]) {
    const cuts = shape && cutsOf(node, shape.length);
    if (!cuts) return [{ type, shape: shape?.map(() => null) }];
    const dims = [...shape!];
    for (const cut of cuts) if (cut.axis in dims) dims[cut.axis] = cutLength(dims[cut.axis], cut);
    return [{ type, shape: dims }];
  },
  evaluate(node, [x]) {
    const { dims } = x!, cuts = cutsOf(node, dims.length);
    const starts = dims.map(() => 0), steps = dims.map(() => 1), counts = [...dims];
    for (const cut of cuts ?? []) {
      const { axis } = cut, reach = axis in dims ? reachOf(cut, dims[axis]) : undefined;
      if (!reach) return undefined;
      const { first, count, step } = reach;
      [starts[axis], steps[axis], counts[axis]] = [first, count > 1 ? step : 1, count]; // one entry: its step may be any number
    }
    return cuts && [sliced(x!, starts, steps, counts)];
  },
  isNoOp(node) {
    const x = node.inputs[0], shape = x?.shape, cuts = shape && cutsOf(node, shape.length);
    return cuts?.every((cut) =>
        cut.step === 1 && shape![cut.axis] !== null && cutLength(shape![cut.axis], cut) === shape![cut.axis]
      )
      ? x
      : undefined;
  },
};

/** Lengths of the parts of a Split; null where they are not known. */
function partsOf(node: Node, length: Dim): Dim[] {
  const given = node.opset >= 13 || node.has(1) ? constantValues(node.inputs[1]) : node.numbers("split");
  if (given) return [...given];
  const count = node.outputs.length;
  if (node.has(1) || typeof length !== "number") {
    return node.outputs.map(() => count === 1 && !node.has(1) ? length : null);
  }
  const part = Math.ceil(length / count);
  return node.outputs.map((_, at) => Math.max(0, Math.min(part, length - at * part)));
}

const split: Op = {
  inputs: [1, 2],
  moves: [0],
  infer(node, [{ type, shape }]) {
    if (!shape) return node.outputs.map(() => ({ type }));
    const axis = axisOf(node, shape.length, 0), parts = partsOf(node, shape[axis] ?? null);
    return node.outputs.map((_, index) => ({ type, shape: shape.with(axis, parts[index] ?? null) }));
  },
  evaluate(node, [x]) {
    const { dims } = x!, axis = axisOf(node, dims.length, 0), parts = partsOf(node, dims[axis]);
    if (parts.length !== node.outputs.length || total(parts) !== dims[axis]) return undefined;
    let start = 0;
    return (parts as number[]).map((part) => {
      const result = sliced(x!, dims.map((_, at) => at === axis ? start : 0), dims.map(() => 1), dims.with(axis, part));
      start += part;
      return result;
    });
  },
  isNoOp: (node) => node.outputs.length === 1 && !node.has(1) && !node.numbers("split") ? node.inputs[0] : undefined,
};

/** What a Split makes along an axis, in order. */
function splitInto(node: Node, axis: number): Part[] | undefined {
  const shape = node.inputs[0]?.shape;
  if (!shape || axisOf(node, shape.length, 0) !== axis) return undefined;
  const lengths = partsOf(node, shape[axis]), isKnown = lengths.every((length) => typeof length === "number");
  if (!isKnown || total(lengths) !== shape[axis] || lengths.length !== node.outputs.length) return undefined;
  let start = 0;
  return (lengths as number[]).flatMap((length, at) => {
    const value = node.outputs[at], part = value && { value, start, length };
    start += length;
    return part ?? [];
  });
}

/** What a Slice takes along one axis, step by step. */
function slicedFrom(node: Node, axis: number): Part[] | undefined {
  const shape = node.inputs[0]?.shape, cuts = shape && cutsOf(node, shape.length), [cut] = cuts ?? [];
  const length = shape?.[axis];
  if (cuts?.length !== 1 || cut.axis !== axis || cut.step !== 1 || typeof length !== "number") return undefined;
  const reach = reachOf(cut, length);
  return reach && [{ value: node.output, start: reach.first, length: reach.count }];
}

/** Operators that cut out. */
export const SLICE_OPS = {
  Slice: { ...slice, carry: sliceCarry, taken: slicedEntries, cut: slicedFrom, entries: entriesBeside(slicedAxes) },
  Split: { ...split, cut: splitInto, carry: splitCarry },
} satisfies Ops;
