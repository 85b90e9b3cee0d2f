import type { Dim, Node, Shape, Value } from "../graph/graph.ts";
import type { Builder } from "./builder.ts";
import { axesOf, axisOf, permOf } from "./constant.ts";

/** Where entries along one axis of a node's result come from. */
export interface Entries {
  /** The axis of each input, null where an input stays as it is. */
  readonly axes: readonly (number | null)[];
  /** How many entries of the inputs each of the result's is made of; one where absent. */
  readonly per?: number;
  /** The node for `count` entries, where it is more than the same on other inputs. */
  emit?(inputs: readonly (Value | undefined)[], count: number, build: Builder): Value;
}

/**
 * How a node treats the entries along an axis of its first output, where it treats each by itself and all alike, so that some of
 * the result's are what it makes of the same of its inputs. Undefined where it does not, or where that is not known.
 */
export type EntriesOf = (node: Node, axis: number) => Entries | undefined;

function first(node: Node, axis: number | undefined): Entries | undefined {
  return axis === undefined || axis < 0 ? undefined : { axes: node.inputs.map((_, at) => at === 0 ? axis : null) };
}

/** One input of the shape of the result; the others are parameters of all. */
export const sameEntries: EntriesOf = first;

function isSame(a: Dim | undefined, b: Dim | undefined): boolean {
  return a !== null && a !== undefined && a === b;
}

/** Elementwise with numpy broadcasting: an input of length 1 there, or without that axis, is for all. */
export const broadcastEntries: EntriesOf = (node, axis) => {
  const to = node.outputs[0]?.shape;
  if (node.domain === "" && node.opset < 7) return undefined; // the second operand fits by an attribute
  const axes = to && node.inputs.map((value) => broadcastAxis(value?.shape, to, axis));
  return axes?.every((at) => at !== undefined) ? { axes } : undefined;
};

function broadcastAxis(from: Shape | undefined, to: Shape, axis: number): number | null | undefined {
  const at = from && axis - to.length + from.length;
  if (at === undefined || at < 0 || from![at] === 1) return at === undefined ? undefined : null;
  return isSame(from![at], to[axis]) ? at : undefined;
}

/** MatMul: rows of the first operand, columns of the second, batches of both. */
export const matrixEntries: EntriesOf = (node, axis) => {
  const [a, b] = node.inputs.map((value) => value?.shape), rank = node.outputs[0]?.shape?.length;
  if (!a || !b || rank === undefined || a.length < 2 || b.length < 2) return undefined;
  if (axis === rank - 1) return { axes: [null, b.length - 1] };
  return axis === rank - 2 ? { axes: [a.length - 2, null] } : broadcastEntries(node, axis);
};

/** Gemm: the same for matrices that may be turned around. */
export const gemmEntries: EntriesOf = (node, axis) => {
  const to = node.outputs[0]?.shape, isTurned = (name: string) => node.number(name, 0) !== 0;
  const added = node.has(2) ? to && broadcastAxis(node.inputs[2]?.shape, to, axis) : null;
  if (added === undefined || node.opset < 7) return undefined;
  return { axes: axis === 0 ? [isTurned("transA") ? 1 : 0, null, added] : [null, isTurned("transB") ? 0 : 1, added] };
};

/** What normalizes along the axes from one on; before operator set 13 a Softmax does so by default. */
export function entriesBefore(otherwise: number, onlyThatFrom = 0): EntriesOf {
  return (node, axis) => {
    const rank = node.inputs[0]?.shape?.length, hasMore = node.outputs.slice(1).some((value) => value?.users.size);
    if (rank === undefined || hasMore) return undefined;
    const isOne = onlyThatFrom > 0 && node.opset >= onlyThatFrom, at = axisOf(node, rank, isOne ? -1 : otherwise);
    return (isOne ? axis !== at : axis < at) ? first(node, axis) : undefined;
  };
}

/** A reduction along other axes that keeps them. */
export const reducedEntries: EntriesOf = (node, axis) => {
  const rank = node.inputs[0]?.shape?.length, axes = rank === undefined ? undefined : axesOf(node, rank);
  return axes?.length && !axes.includes(axis) && node.number("keepdims", 1) === 1 ? first(node, axis) : undefined;
};

/** Transpose. */
export const transposedEntries: EntriesOf = (node, axis) => {
  return first(node, permOf(node, node.inputs[0]?.shape?.length)?.[axis]);
};

/** Squeeze and Unsqueeze, whatever their axes: those of length 1 come and go. */
export const squeezedEntries: EntriesOf = (node, axis) => {
  const from = node.inputs[0]?.shape, to = node.outputs[0]?.shape;
  if (!from || !to || to[axis] === 1) return undefined;
  const long = (shape: Shape) => [...shape.keys()].filter((at) => shape[at] !== 1);
  const [before, after] = [long(from), long(to)], at = before[after.indexOf(axis)];
  return before.length === after.length && isSame(from[at], to[axis]) ? first(node, at) : undefined;
};

/**
 * Reshape that keeps an axis whole, as much lying in front of it before and after, or the first axis of those that it makes of one:
 * an entry of that is several of the input's. The new shape is written down anew.
 */
export const reshapedEntries: EntriesOf = (node, axis) => {
  const from = node.inputs[0]?.shape, to = node.outputs[0]?.shape;
  if (!from || !to) return undefined;
  const at = [...from.keys()].find((at) =>
    isSame(from[at], to[axis]) && (isSamePart(from.slice(0, at), to.slice(0, axis)) ||
      isSamePart(from.slice(at + 1), to.slice(axis + 1)))
  );
  const cut = at === undefined ? factoredAxis(from, to, axis) : undefined, source = at ?? cut?.at;
  const written = writtenShape(from, to, axis);
  if (source === undefined || !written) return undefined;
  return {
    axes: [source, null],
    ...cut && { per: cut.per },
    emit(inputs, count, build) {
      const shape = build.integers("shape", written.with(axis, count));
      return build.node("Reshape", [inputs[0], shape], { name: node.name, output: node.output.name });
    },
  };
};

/** The axis that is cut into several of which this is the first, and how many of its entries there are for each of this. */
function factoredAxis(from: Shape, to: Shape, axis: number): { at: number; per: number } | undefined {
  for (const [at, whole] of from.entries()) {
    const outer = to[axis];
    if (typeof whole !== "number" || typeof outer !== "number" || !(outer > 0) || whole % outer !== 0) continue;
    if (!isSamePart(from.slice(0, at), to.slice(0, axis))) continue;
    if (isSamePart([whole / outer, ...from.slice(at + 1)], to.slice(axis + 1))) return { at, per: whole / outer };
  }
}

/**
 * What a Reshape is told to make one shape of another; undefined where sizes that are not known do not allow it. A dimension that
 * is no number is left to the runtime: 0 copies the one at the same place, −1 is what is left. `open` is an axis whose size is
 * filled in later.
 */
export function writtenShape(from: Shape, to: Shape, open?: number): number[] | undefined {
  const named = to.flatMap((dim, index) => typeof dim === "number" || index === open ? [] : [index]);
  const written = to.map((dim, index) =>
    typeof dim === "number" ? dim : isSame(from[index], dim) ? 0 : named.length === 1 ? -1 : NaN
  );
  const isKnown = written.every((dim, index) => index === open || !Number.isNaN(dim) && to[index] !== 0);
  return isKnown ? written : undefined;
}

/** Whether two parts of shapes surely hold equally much. */
function isSamePart(a: readonly Dim[], b: readonly Dim[]): boolean {
  const [left, right] = [a, b].map((dims) => ({
    size: dims.reduce<number>((product, dim) => typeof dim === "number" ? product * dim : product, 1),
    names: dims.filter((dim) => typeof dim !== "number"),
  }));
  return left.size === right.size && !left.names.includes(null) && left.names.join() === right.names.join();
}

/** What joins or cuts along other axes; `ofAll` where all inputs have the axis, not the first alone. */
export function entriesBeside(
  touched: (node: Node, rank: number) => readonly number[] | undefined,
  { ofAll = false }: { ofAll?: boolean } = {},
): EntriesOf {
  return (node, axis) => {
    const rank = node.inputs[0]?.shape?.length, axes = rank === undefined ? undefined : touched(node, rank);
    if (!axes || axes.includes(axis)) return undefined;
    return ofAll ? { axes: node.inputs.map(() => axis) } : first(node, axis);
  };
}
