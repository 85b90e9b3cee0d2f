import { newAttribute } from "../graph/attribute.ts";
import type { Node, Value } from "../graph/graph.ts";
import { valueTensor } from "../tensor/tensor.ts";
import type { Builder } from "./builder.ts";
import { axesOf, axisOf, constantOf, constantValues } from "./constant.ts";
import type { Part } from "./cut.ts";

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

/** Gather of constant entries. */
export function gatheredEntries(node: Node): Taken | undefined {
  const [x, picks] = node.inputs, rank = x?.shape?.length, indices = constantValues(picks);
  if (rank === undefined || !indices || indices.length > MOST || constantOf(picks)!.dims.length > 1) return undefined;
  return { x: x!, axis: axisOf(node, rank, 0), indices, isDropped: constantOf(picks)!.dims.length === 0 };
}

/** Slice of one axis, step by step, whose entries do not depend on its length. */
export function slicedEntries(node: Node): Taken | undefined {
  const x = node.inputs[0], rank = x?.shape?.length, isOld = node.opset < 10;
  const list = (name: string, input: number) => isOld ? node.numbers(name) : constantValues(node.inputs[input]);
  const starts = list("starts", 1), ends = list("ends", 2), steps = node.has(4) ? constantValues(node.inputs[4]) : [1];
  if (rank === undefined || starts?.length !== 1 || ends?.length !== 1 || steps?.[0] !== 1) return undefined;
  const axes = isOld || node.has(3) ? axesOf(node, rank, 3) ?? (isOld ? [0] : undefined) : [0];
  if (!axes) return undefined;
  const [axis] = axes, [start] = starts, length = x!.shape![axis];
  const end = ends[0] >= 0 && start < 0 ? ends[0] >= 2 ** 31 - 1 ? 0 : NaN : ends[0] < 0 && start >= 0 ? NaN : ends[0];
  const fits = typeof length !== "number" ? end - start === 1 : start >= -length && end <= length;
  if (!(end > start) || end - start > MOST || !fits) return undefined;
  return { x: x!, axis, indices: Array.from({ length: end - start }, (_, at) => start + at), isDropped: false };
}

/** The axes that a Slice cuts. */
export function slicedAxes(node: Node, rank: number): readonly number[] | undefined {
  const isOld = node.opset < 10, given = isOld || node.has(3) ? axesOf(node, rank, 3) : undefined;
  return given ?? (isOld || !node.has(3) ? [...Array(rank).keys()] : undefined);
}

/** Entries of a value along an axis, which stays, as many as there are indices. */
export function takeEntries(x: Value, { axis, indices }: Pick<Taken, "axis" | "indices">, build: Builder): Value {
  const picks = build.initializer("indices", valueTensor("int64", [indices.length], Float64Array.from(indices)));
  return build.node("Gather", [x, picks], { attributes: [newAttribute("axis", axis)] });
}

/** A value without an axis along which it has one entry. */
export function dropAxis(x: Value, axis: number, names: { name?: string; output?: string }, build: Builder): Value {
  return emitAxis("Squeeze", x, axis, names, build);
}

/** Squeeze or Unsqueeze of one axis: an attribute before opset 13, an input from then on. */
export function emitAxis(
  opType: "Squeeze" | "Unsqueeze",
  x: Value,
  axis: number,
  names: { name?: string; output?: string },
  build: Builder,
): Value {
  const isOld = build.graph.opset < 13;
  if (isOld) return build.node(opType, [x], { ...names, attributes: [newAttribute("axes", [axis])] });
  const axes = build.initializer("axes", valueTensor("int64", [1], Float64Array.of(axis)));
  return build.node(opType, [x, axes], names);
}

/** The entry of one axis that a Gather of a single number takes; nothing where it takes several. */
export function gatheredEntry(node: Node, axis: number): Part[] | undefined {
  const taken = gatheredEntries(node), length = taken?.x.shape?.[axis];
  if (!taken?.isDropped || taken.axis !== axis || typeof length !== "number") return undefined;
  const [index] = taken.indices;
  return [{ value: node.output, start: index < 0 ? index + length : index, length: 1, isDropped: true }];
}
