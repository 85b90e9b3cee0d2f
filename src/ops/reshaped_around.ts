import type { Dim, Node, Shape } from "../graph/graph.ts";
import type { Builder } from "./builder.ts";
import { permOf } from "./constant.ts";
import { isPermutation, product } from "./dims.ts";
import { emitTranspose } from "./emit_movement.ts";
import { writtenShape } from "./entries.ts";
import { type FewerMovements, onlyBefore, RESHAPES } from "./fewer_movements.ts";

/**
 * Reshape that takes the axes of a Transpose of a Reshape apart, as attention is written (heads and batch as one axis, and two again):
 * a Transpose of the parts, behind a Reshape to these where that is not their shape already.
 */
export function reshapedAround(node: Node, build: Builder): FewerMovements | undefined {
  const turned = onlyBefore(node.inputs[0], node, "Transpose");
  const shaped = turned && onlyBefore(turned.inputs[0], turned, ...RESHAPES);
  const x = shaped?.inputs[0], from = x?.shape, rank = shaped?.output.shape?.length, to = node.output.shape;
  if (!turned || !shaped || !from || rank === undefined || !to) return undefined;
  const perm = permOf(turned, rank);
  if (!isPermutation(perm, rank)) return undefined;
  const parts = axisParts(perm.map((axis) => shaped.output.shape![axis]), to);
  if (!parts) return undefined;
  const sources = [...perm.keys()].sort((a, b) => perm[a] - perm[b]), order = sources.flatMap((at) => parts[at]);
  const apart = order.map((axis) => to[axis]), written = writtenShape(from, apart);
  const isShaped = from.length === apart.length && apart.every((dim, axis) => dim !== null && dim === from[axis]);
  if (!written) return undefined;
  const before = isShaped
    ? x!
    : build.node("Reshape", [x, build.integers("shape", written)], { name: shaped.name, output: shaped.output.name });
  const names = { name: turned.name, output: node.output.name };
  return {
    nodes: [shaped, turned, node],
    result: emitTranspose(before, to.map((_, axis) => order.indexOf(axis)), names, build),
  };
}

/** For each axis of one shape the axes of another that it is taken apart into, in order; undefined where it is not, or not surely. */
function axisParts(whole: Shape, parts: Shape): number[][] | undefined {
  let next = 0;
  const found = whole.map((dim): number[] | undefined => {
    const own: number[] = [];
    for (let size: Dim = 1; size !== dim || own.length === 0;) {
      const part: Dim | undefined = parts[next];
      if (dim === null || part === undefined || typeof part === "number" && part < 1) return undefined;
      own.push(next++);
      size = product([size, part]);
    }
    return own;
  });
  while (next < parts.length && parts[next] === 1) found.at(-1)?.push(next++);
  return next === parts.length && found.every((own) => own !== undefined) ? found as number[][] : undefined;
}
