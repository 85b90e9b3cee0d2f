import { newAttribute } from "../graph/attribute.ts";
import type { Node, Value } from "../graph/graph.ts";
import type { Builder } from "./builder.ts";
import { axesOf, axisOf, constantOf, constantValues } from "./constant.ts";
import type { Part } from "./cut.ts";
import { fromStart } from "./dims.ts";
import { emitAxis } from "./emit_movement.ts";
import { cutsOf } from "./slice_cuts.ts";

/** Entries of one axis that a node takes, whatever the others are. */
export interface Taken {
  /** What they are taken of. */
  readonly x: Value;
  /** The axis, from the left. */
  readonly axis: number;
  /** Which ones; negative ones count from the end. */
  readonly indices: readonly number[];
  /** Whether the axis itself goes. */
  readonly isDropped: boolean;
}

/** More entries than this are no selection that is worth moving. */
const MOST = 64;

/** Gather of constant entries, of no more than `most`. */
export function gatheredEntries(node: Node, most: number = MOST): Taken | undefined {
  const [x, picks] = node.inputs, rank = x?.shape?.length, indices = constantValues(picks);
  if (rank === undefined || !indices || indices.length > most || constantOf(picks)!.dims.length > 1) return undefined;
  return { x: x!, axis: axisOf(node, rank, 0), indices, isDropped: constantOf(picks)!.dims.length === 0 };
}

/** Slice of one axis, step by step, whose entries do not depend on its length. */
export function slicedEntries(node: Node): Taken | undefined {
  const x = node.inputs[0], shape = x?.shape, cuts = shape && cutsOf(node, shape.length), [cut] = cuts ?? [];
  if (!x || cuts?.length !== 1 || cut.step !== 1) return undefined;
  const { axis, start, end: given } = cut, length = shape![axis];
  if (typeof start !== "number" || typeof given !== "number") return undefined;
  const end = given >= 0 && start < 0 ? given >= 2 ** 31 - 1 ? 0 : NaN : given < 0 && start >= 0 ? NaN : given;
  const fits = typeof length !== "number" ? end - start === 1 : start >= -length && end <= length;
  if (!(end > start) || end - start > MOST || !fits) return undefined;
  return { x, axis, indices: Array.from({ length: end - start }, (_, at) => start + at), isDropped: false };
}

/** The axes that a Slice cuts. */
export function slicedAxes(node: Node, rank: number): readonly number[] | undefined {
  const isOld = node.opset < 10, given = isOld || node.has(3) ? axesOf(node, rank, 3) : undefined;
  return given ?? (isOld || !node.has(3) ? [...Array(rank).keys()] : undefined);
}

/** Entries of a value along an axis, which stays, as many as there are indices. */
export function takeEntries(x: Value, { axis, indices }: Pick<Taken, "axis" | "indices">, build: Builder): Value {
  const picks = build.integers("indices", indices);
  return build.node("Gather", [x, picks], { attributes: [newAttribute("axis", axis)] });
}

/** A value without an axis along which it has one entry. */
export function dropAxis(x: Value, axis: number, names: { name?: string; output?: string }, build: Builder): Value {
  return emitAxis("Squeeze", x, axis, names, build);
}

/** The entry of one axis that a Gather of a single number takes; nothing where it takes several. */
export function gatheredEntry(node: Node, axis: number): Part[] | undefined {
  const taken = gatheredEntries(node), length = taken?.x.shape?.[axis];
  if (!taken?.isDropped || taken.axis !== axis || typeof length !== "number") return undefined;
  const [index] = taken.indices;
  return [{ value: node.output, start: fromStart(index, length), length: 1, isDropped: true }];
}
