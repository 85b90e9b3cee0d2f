import { newAttribute } from "../graph/attribute.ts";
import type { Value } from "../graph/graph.ts";
import type { Builder } from "./builder.ts";

/** What a new node and its output are called; made up where absent. */
interface Names {
  readonly name?: string;
  readonly output?: string;
}

/** Squeeze or Unsqueeze of one axis: an attribute before opset 13, an input from then on. */
export function emitAxis(
  opType: "Squeeze" | "Unsqueeze",
  x: Value,
  axis: number,
  names: Names,
  build: Builder,
): Value {
  if (build.graph.opset < 13) return build.node(opType, [x], { ...names, attributes: [newAttribute("axes", [axis])] });
  return build.node(opType, [x, build.integers("axes", [axis])], names);
}

/** Transpose; nothing where every axis stays at its place. */
export function emitTranspose(x: Value, perm: readonly number[], names: Names, build: Builder): Value {
  if (perm.every((from, axis) => from === axis)) return x;
  return build.node("Transpose", [x], { ...names, attributes: [newAttribute("perm", perm)] });
}
