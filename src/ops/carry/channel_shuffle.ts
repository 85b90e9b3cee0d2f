import type { Dim, Node } from "../../graph/graph.ts";
import type { AffineMap } from "../affine_map.ts";
import { type Commuted, commuted } from "./carry.ts";

/** The three nodes of a channel shuffle: channel i·k + j of the input becomes channel j·g + i of the result. */
interface Shuffle {
  readonly first: Node;
  readonly last: Node;
  /** Number of groups g, and channels in each, k. */
  readonly groups: number;
  readonly each: number;
}

/** Reshape [N, C, …] → [N, g, k, …], Transpose of axes 1 and 2, Reshape → [N, C, …], used by nobody else in between. */
function shuffleOf(first: Node | undefined, transpose: Node | undefined, last: Node | undefined): Shuffle | undefined {
  if (!first?.is("Reshape") || !transpose?.is("Transpose") || !last?.is("Reshape")) return undefined;
  if (first.output.soleUser !== transpose || transpose.output.soleUser !== last) return undefined;
  const from = first.inputs[0]?.shape, apart = first.output.shape, to = last.output.shape;
  const perm = transpose.numbers("perm");
  if (!from || !apart || !to || apart.length !== from.length + 1 || to.length !== from.length) return undefined;
  if (!perm?.every((axis, at) => axis === (at === 1 ? 2 : at === 2 ? 1 : at))) return undefined;
  const [groups, each] = [apart[1], apart[2]], channels = from[1];
  if (typeof groups !== "number" || typeof each !== "number" || groups * each !== channels || to[1] !== channels) {
    return undefined;
  }
  const outside = [from[0], ...from.slice(2)];
  const isUnmoved = (dims: readonly Dim[]) =>
    same(outside.slice(0, 1), dims.slice(0, 1)) || same(outside.slice(1), dims.slice(1));
  return isUnmoved([apart[0], ...apart.slice(3)]) && isUnmoved([to[0], ...to.slice(2)])
    ? { first, last, groups, each }
    : undefined;
}

/** Whether dimensions are surely the same ones. */
function same(a: readonly Dim[], b: readonly Dim[]): boolean {
  return a.length === b.length && a.every((dim, axis) => dim !== null && dim === b[axis]);
}

function permuted(affine: AffineMap, { groups, each }: Shuffle, way: "up" | "down"): AffineMap {
  const of = (values: Float64Array) => {
    const out = new Float64Array(values.length);
    for (let i = 0; i < groups; i++) {
      for (let j = 0; j < each; j++) {
        const before = i * each + j, after = j * groups + i;
        if (way === "up") out[before] = values[after];
        else out[after] = values[before];
      }
    }
    return out;
  };
  return { axis: 1, scale: of(affine.scale), shift: of(affine.shift) };
}

/**
 * The channel shuffle of ShuffleNet as one step, seen from its last Reshape on the way up and from its first on the way down;
 * undefined where a Reshape is none.
 */
export const channelShuffle = {
  /** What the input of the first Reshape must get. */
  up(node: Node, affine: AffineMap): Commuted | undefined {
    const transpose = node.inputs[0]?.producer, shuffle = shuffleOf(transpose?.inputs[0]?.producer, transpose, node);
    if (!shuffle || affine.axis !== 1) return undefined;
    return commuted({ value: shuffle.first.inputs[0]!, affine: permuted(affine, shuffle, "up") });
  },
  /** What the output of the last Reshape gets. */
  down(node: Node, affine: AffineMap): Commuted | undefined {
    const transpose = node.output.soleUser, last = transpose?.output.soleUser;
    const shuffle = shuffleOf(node, transpose, last);
    if (!shuffle || affine.axis !== 1) return undefined;
    return commuted({ value: shuffle.last.output, affine: permuted(affine, shuffle, "down") });
  },
};
