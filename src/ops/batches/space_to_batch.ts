import type { Dim, Node, Value } from "../../graph/graph.ts";
import { type Tensor, valuesOf } from "../../tensor/tensor.ts";
import { quotient } from "../dims.ts";
import {
  canonical,
  common,
  dimsFor,
  everyIndex,
  isMover,
  layoutsOf,
  MOST_NODES,
  type Moved,
  movedBy,
  offsetsIn,
  stored,
  unravelled,
} from "./moved_cells.ts";

/** Cells moved to batches, with the sizes of blocks, in each of which every cell goes to another batch. */
export interface SpaceToBatch extends Moved {
  /** Cells of a block along each axis. */
  readonly blocks: readonly number[];
}

/** Whether a node takes what another one moved: most do not, and need no closer look. */
export function takesMoved({ inputs }: Node): boolean {
  return inputs.some((value) => value?.producer && isMover(value.producer));
}

/** The image whose cells, with zeros around it, a value has in batches: batch (i·width + j)·N + n has cell (i, j) of each block. */
export function spaceToBatch(value: Value, channels: number): SpaceToBatch | undefined {
  const nodes: Node[] = [];
  for (let node = value.producer; node && isMover(node) && nodes.length < MOST_NODES; node = node.inputs[0]?.producer) {
    nodes.unshift(node);
  }
  for (let first = 0; first < nodes.length; first++) {
    const chain = nodes.slice(first), image = chain[0].inputs[0]!, rank = image.shape?.length ?? 0;
    for (const layout of rank === 3 || rank === 4 ? layoutsOf(rank) : []) {
      const [n, own, ...sizes] = canonical(image.shape!, layout);
      // where their number is open, a Slice might cut channels
      if (typeof own === "number" ? own !== channels : chain.some((node) => node.is("Slice"))) continue;
      if (!sizes.every((size) => typeof size === "number") || !isMore(value.shape?.[0], n)) continue;
      const found = common(dimsFor(chain, [n, channels, ...sizes], layout), (dims) => {
        const moved = movedBy(chain, stored(dims, layout));
        return moved && blocksOf(moved, dims, layout);
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

/** The blocks by whose cells elements were moved to batches; undefined where they were moved otherwise. */
function blocksOf(
  moved: Tensor,
  dims: readonly number[],
  layout: readonly number[],
): Pick<SpaceToBatch, "blocks" | "begin"> | undefined {
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

/** Blocks of more cells are none that anybody writes. */
const MOST_AREA = 1 << 16;

/** The sizes that blocks of two axes may have. */
function pairsOf(area: number): number[][] {
  if (area > MOST_AREA) return [];
  return Array.from({ length: area }, (_, at) => [at + 1, area / (at + 1)]).filter(([, other]) =>
    Number.isInteger(other)
  );
}
