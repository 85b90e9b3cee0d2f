import type { Node, Value } from "../graph/graph.ts";
import { cutsOf } from "./slice_cuts.ts";

/** Operators that may do nothing but take cells away at the ends of axes. */
export const TRIMS: readonly string[] = ["Slice"];

/** Ends longer than this are none. */
const ALL = 2 ** 31 - 1;

/** Cells of lines, images or clips that are taken away, at both ends of each axis behind the channels. */
export interface Trim {
  /** What they are taken away from. */
  readonly x: Value;
  /** How many at the begin of each axis. */
  readonly begin: readonly number[];
  /** How many at the end. */
  readonly end: readonly number[];
}

/** What a node takes away, where it does nothing else and leaves something. */
export function trimOf(node: Node): Trim | undefined {
  const [x] = node.inputs, shape = x?.shape;
  if (!node.is(...TRIMS) || !x || !shape || shape.length < 3 || node.hasReferences) return undefined;
  const [begin, end] = [0, 1].map(() => new Array<number>(shape.length).fill(0));
  for (const { axis, start, end: last, step } of cutsOf(node, shape.length) ?? [{ axis: 0, step: 0 }]) {
    if (step !== 1 || typeof start !== "number" || typeof last !== "number") return undefined;
    const length = shape[axis], known = typeof length === "number" ? length : NaN;
    begin[axis] = start >= 0 ? start : Math.max(0, known + start);
    end[axis] = last < 0 ? -last : last >= ALL ? 0 : Math.max(0, known - last);
    if (Number.isNaN(begin[axis] + end[axis]) || begin[axis] + end[axis] >= known) return undefined;
  }
  const isTrimmed = (axis: number) => begin[axis] > 0 || end[axis] > 0;
  return isTrimmed(0) || isTrimmed(1) ? undefined : { x, begin: begin.slice(2), end: end.slice(2) };
}
