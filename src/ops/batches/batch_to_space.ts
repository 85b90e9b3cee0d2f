import type { Node, Value } from "../../graph/graph.ts";
import { sizeOf, type Tensor, valuesOf } from "../../tensor/tensor.ts";
import { isElementwise } from "../views.ts";
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
  unravelled,
} from "./moved_cells.ts";

/** The image that batches become again, cells at its borders left out; undefined where they become something else. */
export function batchToSpace(value: Value, blocks: readonly number[]): Moved | undefined {
  const nodes: Node[] = [];
  for (let at = value, node = at.soleUser; node && nodes.length < MOST_NODES; node = at.soleUser) {
    if (!isMover(node) && !isElementwise(node) || node.inputs[0] !== at) break;
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
      const found = common(dimsFor(movers, [n, channels, ...cells], plain), ([few, ...rest]) => {
        const dims = [few * area, ...rest], moved = Number.isInteger(few) ? movedBy(movers, dims) : undefined;
        return moved && placesOf(moved, dims, blocks, layout);
      });
      if (found) return { image: last.output, layout, nodes: chain, ...found };
    }
  }
  return undefined;
}

/** Where the cells of blocks that stay begin, and how many there are; undefined where they were moved otherwise. */
function placesOf(
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
