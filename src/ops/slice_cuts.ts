import type { Dim, Node } from "../graph/graph.ts";
import { fromStart } from "./dims.ts";
import { valueElements } from "./shape_elements.ts";

/** One axis' part of a Slice; null where the model computes a number of it. */
export interface Cut {
  /** The axis, from the left. */
  readonly axis: number;
  /** Where it begins; negative ones count from the end. */
  readonly start: Dim;
  /** Where it ends, which is left out; negative ones count from the end. */
  readonly end: Dim;
  /** From one entry to the next; negative ones go back. */
  readonly step: Dim;
}

/** What a Slice cuts, one entry per axis; undefined where even the axes are not known. */
export function cutsOf(node: Node, rank: number): Cut[] | undefined {
  const isOld = node.opset < 10;
  const list = (name: string, index: number): readonly Dim[] | undefined => {
    if (isOld) return node.numbers(name);
    return valueElements(node.inputs[index]);
  };
  const starts = list("starts", 1), ends = list("ends", 2);
  if (!starts || !ends) return undefined;
  const axes = isOld || node.has(3) ? list("axes", 3) ?? (isOld ? [...starts.keys()] : undefined) : [...starts.keys()];
  const steps = !isOld && node.has(4) ? list("steps", 4) : starts.map(() => 1);
  if (!axes?.every((axis) => typeof axis === "number") || !steps) return undefined;
  return (axes as number[]).map((axis, at) => ({
    axis: fromStart(axis, rank),
    start: starts[at],
    end: ends[at],
    step: steps[at],
  }));
}

/** Going back, ONNX Runtime takes these two for the begin, and ONNX for the entry behind the last one. */
const ENDS = [2 ** 31 - 1, 2 ** 63];

/** The first entry that a cut takes of an axis of some length, and how many; undefined where a number of the cut is not known. */
export function reachOf(
  { start, end, step }: Cut,
  length: number,
): { readonly first: number; readonly count: number; readonly step: number } | undefined {
  if (typeof start !== "number" || typeof end !== "number" || typeof step !== "number" || step === 0) return undefined;
  if (step < 0 && ENDS.includes(end)) return undefined;
  const least = step > 0 ? 0 : -1, most = step > 0 ? length : length - 1;
  const clamp = (at: number, low: number) => Math.min(Math.max(fromStart(at, length), low), most);
  const first = clamp(start, 0), last = clamp(end, least);
  return { first, count: Math.max(0, Math.ceil((last - first) / step)), step };
}
