/**
 * Cells of an image dealt out to batches, and back (SpaceToBatch and BatchToSpace, as TensorFlow writes dilated convolutions), in
 * whatever operators that is written: the nodes are made to move the numbers of the cells, and what comes out is looked at.
 *
 * @module
 */
import type { Node, Value } from "../../graph/graph.ts";
import { sizeOf, type Tensor, valueTensor } from "../../tensor/tensor.ts";
import { constantOf, permOf } from "../constant.ts";
import { cutsOf } from "../slice_cuts.ts";
import { opOf } from "../table.ts";

/** How cells were moved. */
export interface Moved {
  /** The image. */
  readonly image: Value;
  /** The axes of [N, C, …] that those of the image are. */
  readonly layout: readonly number[];
  /** Cells before the first of the image (to batches), or before the first that stays (back). */
  readonly begin: readonly number[];
  /** Sizes of the image. */
  readonly sizes: readonly number[];
  /** The nodes that do it, in order, with functions of single elements between them. */
  readonly nodes: readonly Node[];
}

/** Operators that move elements. */
const MOVERS = ["Transpose", "Pad", "Reshape", "SpaceToDepth", "DepthToSpace", "Slice"];
/** Nodes of one chain, at most. */
export const MOST_NODES = 8;
/** Elements that are moved to see where they come to, at most. */
const MOST_ELEMENTS = 1 << 22;

/** Whether a node moves elements and does nothing else. */
export function isMover(node: Node): boolean {
  return node.is(...MOVERS) && !node.hasReferences;
}

/** What looking at several dimensions gives, where all of them give the same. */
export function common<T>(
  several: readonly number[][],
  look: (dims: readonly number[]) => T | undefined,
): T | undefined {
  let found: T | undefined;
  for (const dims of several) {
    const next = look(dims);
    if (!next || found && JSON.stringify(next) !== JSON.stringify(found)) return undefined;
    found = next;
  }
  return found;
}

/** [N, C, …], channels last, and batch and channels in each other's place, in which exporters deal cells out. */
export function layoutsOf(rank: number): number[][] {
  const spatial = Array.from({ length: rank - 2 }, (_, axis) => axis + 2);
  return [[0, 1, ...spatial], [0, ...spatial, 1], [1, 0, ...spatial]];
}

/** [N, C, …] of the shape of an image. */
export function canonical<D>(shape: readonly D[], layout: readonly number[]): D[] {
  return layout.map((_, axis) => shape[layout.indexOf(axis)]);
}

/** The shape of an image of [N, C, …]. */
export function stored<D>(dims: readonly D[], layout: readonly number[]): D[] {
  return layout.map((axis) => dims[axis]);
}

/**
 * Dimensions at which nodes are looked at. Few images and channels are enough where no shape is written down; where one is, all
 * channels, and as many images as there are: two and three where that is open. Nothing may cut these axes, then.
 */
export function dimsFor(
  nodes: readonly Node[],
  [n, channels, ...sizes]: readonly [n: unknown, channels: number, ...sizes: number[]],
  layout: readonly number[],
): number[][] {
  const isFree = !nodes.some((node) => node.is("Reshape")) && cutsOnly(nodes, layout.map((axis) => axis > 1));
  if (!isFree && typeof n !== "number" && !nodes.every(cutsKnown)) return [];
  const several = isFree
    ? [[2, Math.min(2, channels), ...sizes]]
    : typeof n === "number"
    ? [[n, channels, ...sizes]]
    : [[2, channels, ...sizes], [3, channels, ...sizes]];
  return several.every((dims) => sizeOf(dims) <= MOST_ELEMENTS) ? several : [];
}

/** Whether no Slice cuts another axis than these. */
function cutsOnly(nodes: readonly Node[], isSpatial: readonly boolean[]): boolean {
  let spatial = [...isSpatial];
  return nodes.every((node) => {
    const before = spatial;
    if (node.is("Transpose")) spatial = permOf(node, before.length).map((axis) => before[axis]);
    return !node.is("Slice") || cutsOf(node, before.length)?.every(({ axis }) => before[axis]) === true;
  });
}

/** Whether a node, if it is a Slice, cuts axes of known length only, so none that grows with the batch. */
function cutsKnown(node: Node): boolean {
  const shape = node.inputs[0]?.shape;
  if (!node.is("Slice")) return true;
  return shape !== undefined &&
    cutsOf(node, shape.length)?.every(({ axis }) => typeof shape[axis] === "number") === true;
}

/** Where the elements of a tensor come to: their numbers, from 1 on, 0 where none does. */
export function movedBy(nodes: readonly Node[], dims: readonly number[]): Tensor | undefined {
  if (dims.some((dim) => dim < 0)) return undefined; // what a hostile file makes follow
  const numbers = new Float64Array(sizeOf(dims)).map((_, at) => at + 1);
  let tensor: Tensor | undefined = valueTensor("float64", dims, numbers);
  for (const node of nodes) {
    const inputs = node.inputs.map((input, at) => at === 0 ? tensor : constantOf(input));
    if (node.inputs.some((input, at) => input && !inputs[at])) return undefined;
    tensor = opOf(node)?.evaluate?.(node, inputs)?.[0];
    if (!tensor || tensor.size > 2 * MOST_ELEMENTS) return undefined;
  }
  return tensor;
}

/** The element of an index [n, c, …] in a tensor of these dimensions. */
export function offsetsIn(dims: readonly number[], layout: readonly number[]): (index: readonly number[]) => number {
  return (index) => stored(index, layout).reduce((sum, at, axis) => sum * dims[axis] + at, 0);
}

/** The index of an element in a tensor of these dimensions. */
export function unravelled(offset: number, dims: readonly number[]): number[] {
  return dims.map((dim, axis) => Math.floor(offset / sizeOf(dims.slice(axis + 1))) % dim);
}

/** Whether something is true of every index of these dimensions, and the place of its element. */
export function everyIndex(dims: readonly number[], test: (index: readonly number[], at: number) => boolean): boolean {
  const index = dims.map(() => 0), size = sizeOf(dims);
  for (let at = 0; at < size; at++) {
    if (!test(index, at)) return false;
    for (let axis = dims.length - 1; axis >= 0 && ++index[axis] === dims[axis]; axis--) index[axis] = 0;
  }
  return true;
}
