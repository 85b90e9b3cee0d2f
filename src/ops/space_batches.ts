/**
 * Cells of an image dealt out to batches, and back (SpaceToBatch and BatchToSpace, as TensorFlow writes dilated convolutions), in
 * whatever operators that is written: the nodes are made to move the numbers of the cells, and what comes out is looked at.
 *
 * @module
 */
import type { Dim, Node, Value } from "../graph/graph.ts";
import { sizeOf, type Tensor, valuesOf, valueTensor } from "../tensor/tensor.ts";
import { constantOf } from "./constant.ts";
import { quotient } from "./dims.ts";
import { sameEntries } from "./entries.ts";
import { cutsOf } from "./slice.ts";
import { opOf } from "./table.ts";

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

/** The same with the sizes of blocks, in each of which every cell goes to another batch. */
export interface Dealt extends Moved {
  /** Cells of a block along each axis. */
  readonly blocks: readonly number[];
}

/** Operators that move elements. */
const MOVERS = ["Transpose", "Pad", "Reshape", "SpaceToDepth", "DepthToSpace", "Slice"];
/** Nodes of one chain, at most. */
const MOST = 8;
/** Elements that are moved to see where they come to, at most. */
const MOST_ELEMENTS = 1 << 22;

/** The image whose cells, with zeros around it, a value has in batches: batch (i·width + j)·N + n has cell (i, j) of each block. */
export function dealtTo(value: Value, channels: number): Dealt | undefined {
  const nodes: Node[] = [];
  for (let node = value.producer; node && isMover(node) && nodes.length < MOST; node = node.inputs[0]?.producer) {
    nodes.unshift(node);
  }
  for (let first = 0; first < nodes.length; first++) {
    const chain = nodes.slice(first), image = chain[0].inputs[0]!, rank = image.shape?.length ?? 0;
    for (const layout of rank === 3 || rank === 4 ? layoutsOf(rank) : []) {
      const [n, own, ...sizes] = canonical(image.shape!, layout);
      // where their number is open, a Slice might cut channels
      if (typeof own === "number" ? own !== channels : chain.some((node) => node.is("Slice"))) continue;
      if (!sizes.every((size) => typeof size === "number") || !isMore(value.shape?.[0], n)) continue;
      const found = common(dimsFor(chain, n, channels, sizes, layout), (dims) => {
        const moved = movedBy(chain, stored(dims, layout));
        return moved && dealt(moved, dims, layout);
      });
      if (found) return { image, layout, sizes, nodes: chain, ...found };
    }
  }
  return undefined;
}

/** Whether there may be several times as many batches as images. */
function isMore(batches: Dim | undefined, images: Dim): boolean {
  if (batches === undefined || batches === null || images === null) return true;
  if (typeof batches !== typeof images) return false; // a multiple of a number is one, and of a name a name
  if (typeof batches === "number") return batches > Number(images) && batches % Number(images) === 0;
  return quotient(batches, images) !== 1;
}

/** The image that batches become again, cells at its borders left out; undefined where they become something else. */
export function gatheredFrom(value: Value, blocks: readonly number[]): Moved | undefined {
  const nodes: Node[] = [];
  for (let at = value; nodes.length < MOST && at.users.size === 1 && !at.isOutput;) {
    const [[node, count]] = at.users;
    if (!isMover(node) && !isFunction(node) || count > 1 || node.inputs[0] !== at || node.graph !== value.graph) break;
    nodes.push(node);
    at = node.output;
  }
  const [batches, channels, ...cells] = value.shape ?? [],
    area = sizeOf(blocks),
    plain = layoutsOf(cells.length + 2)[0];
  if (!cells.every((size) => typeof size === "number") || typeof channels !== "number") return undefined;
  for (let length = nodes.length; length > 0; length--) {
    const chain = nodes.slice(0, length), movers = chain.filter(isMover), last = chain[length - 1];
    if (!isMover(last)) continue;
    const n = typeof batches === "number" ? batches / area : batches;
    for (const layout of layoutsOf(plain.length)) {
      const found = common(dimsFor(movers, n, channels, cells, plain), ([few, ...rest]) => {
        const dims = [few * area, ...rest], moved = Number.isInteger(few) ? movedBy(movers, dims) : undefined;
        return moved && gathered(moved, dims, blocks, layout);
      });
      if (found) return { image: last.output, layout, nodes: chain, ...found };
    }
  }
  return undefined;
}

/** What looking at several dimensions gives, where all of them give the same. */
function common<T>(several: readonly number[][], look: (dims: readonly number[]) => T | undefined): T | undefined {
  let found: T | undefined;
  for (const dims of several) {
    const next = look(dims);
    if (!next || found && JSON.stringify(next) !== JSON.stringify(found)) return undefined;
    found = next;
  }
  return found;
}

function isMover(node: Node): boolean {
  return node.is(...MOVERS) && !node.hasReferences;
}

/** Whether a node is a function of single elements of its first input. */
export function isFunction(node: Node): boolean {
  return opOf(node)?.entries === sameEntries && node.outputs.length === 1 && !node.hasReferences;
}

/** [N, C, …], channels last, and batch and channels in each other's place, in which exporters deal cells out. */
function layoutsOf(rank: number): number[][] {
  const spatial = Array.from({ length: rank - 2 }, (_, axis) => axis + 2);
  return [[0, 1, ...spatial], [0, ...spatial, 1], [1, 0, ...spatial]];
}

/** [N, C, …] of the shape of an image. */
function canonical<D>(shape: readonly D[], layout: readonly number[]): D[] {
  return layout.map((_, axis) => shape[layout.indexOf(axis)]);
}

/** The shape of an image of [N, C, …]. */
function stored<D>(dims: readonly D[], layout: readonly number[]): D[] {
  return layout.map((axis) => dims[axis]);
}

/**
 * Dimensions at which nodes are looked at. Few images and channels are enough where no shape is written down; where one is, all
 * channels, and as many images as there are: two and three where that is open. Nothing may cut these axes, then.
 */
function dimsFor(
  nodes: readonly Node[],
  n: unknown,
  channels: number,
  sizes: readonly number[],
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
    const reversed = [...spatial.keys()].reverse(), before = spatial;
    if (node.is("Transpose")) spatial = (node.numbers("perm") ?? reversed).map((axis) => before[axis]);
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
function movedBy(nodes: readonly Node[], dims: readonly number[]): Tensor | undefined {
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

function dealt(
  moved: Tensor,
  dims: readonly number[],
  layout: readonly number[],
): Pick<Dealt, "blocks" | "begin"> | undefined {
  const [n, channels] = dims, [batches, ...rest] = moved.dims, area = batches / n;
  if (moved.dims.length !== dims.length || rest[0] !== channels || !Number.isInteger(area) || area < 2) {
    return undefined;
  }
  const values = valuesOf(moved), offset = offsetsIn(stored(dims, layout), layout), first = values.indexOf(1);
  if (first < 0) return undefined;
  for (const blocks of dims.length === 3 ? [[area]] : pairsOf(area)) {
    const [q, c, ...cell] = unravelled(first, moved.dims), place = unravelled(q / n, blocks);
    if (q % n !== 0 || c !== 0) return undefined;
    const begin = cell.map((at, axis) => at * blocks[axis] + place[axis]);
    const isRight = everyIndex(moved.dims, ([q, c, ...cell], at) => {
      const place = unravelled(Math.floor(q / n), blocks);
      const spot = cell.map((at, axis) => at * blocks[axis] + place[axis] - begin[axis]);
      const isInside = spot.every((at, axis) => at >= 0 && at < dims[axis + 2]);
      return values[at] === (isInside ? 1 + offset([q % n, c, ...spot]) : 0);
    });
    if (isRight) return { blocks, begin };
  }
  return undefined;
}

function gathered(
  moved: Tensor,
  dims: readonly number[],
  blocks: readonly number[],
  layout: readonly number[],
): Pick<Moved, "begin" | "sizes"> | undefined {
  const n = dims[0] / sizeOf(blocks), [images, channels, ...sizes] = canonical(moved.dims, layout);
  if (moved.dims.length !== dims.length || images !== n || channels !== dims[1]) return undefined;
  const values = valuesOf(moved),
    from = offsetsIn(moved.dims, layout),
    to = offsetsIn(dims, layout.map((_, axis) => axis));
  const [q, c, ...cell] = unravelled(values[0] - 1, dims), place = unravelled(q / n, blocks);
  if (values[0] === 0 || q % n !== 0 || c !== 0) return undefined;
  const begin = cell.map((at, axis) => at * blocks[axis] + place[axis]);
  const isRight = everyIndex([images, channels, ...sizes], ([image, channel, ...spot]) => {
    const at = spot.map((value, axis) => value + begin[axis]);
    const cell = at.map((value, axis) => Math.floor(value / blocks[axis]));
    if (cell.some((value, axis) => value >= dims[axis + 2])) return false;
    const batch = at.reduce((sum, value, axis) => sum * blocks[axis] + value % blocks[axis], 0) * n + image;
    return values[from([image, channel, ...spot])] === 1 + to([batch, channel, ...cell]);
  });
  return isRight ? { begin, sizes } : undefined;
}

/** The element of an index [n, c, …] in a tensor of these dimensions. */
function offsetsIn(dims: readonly number[], layout: readonly number[]): (index: readonly number[]) => number {
  return (index) => stored(index, layout).reduce((sum, at, axis) => sum * dims[axis] + at, 0);
}

function unravelled(offset: number, dims: readonly number[]): number[] {
  return dims.map((dim, axis) => Math.floor(offset / sizeOf(dims.slice(axis + 1))) % dim);
}

/** Blocks of more cells are none that anybody writes. */
const MOST_AREA = 1 << 16;

function everyIndex(dims: readonly number[], test: (index: readonly number[], at: number) => boolean): boolean {
  const index = dims.map(() => 0), size = sizeOf(dims);
  for (let at = 0; at < size; at++) {
    if (!test(index, at)) return false;
    for (let axis = dims.length - 1; axis >= 0 && ++index[axis] === dims[axis]; axis--) index[axis] = 0;
  }
  return true;
}

function pairsOf(area: number): number[][] {
  if (area > MOST_AREA) return [];
  return Array.from({ length: area }, (_, at) => [at + 1, area / (at + 1)]).filter(([, other]) =>
    Number.isInteger(other)
  );
}
