import type { Node } from "../../graph/graph.ts";

/**
 * Operators that ONNX Runtime has no kernel for and runs as the body of their ONNX function, with the nodes of that body at level
 * `all`. Seen in the graph it runs, which a test repeats.
 */
const EXPANDED: Readonly<Record<string, number>> = { GroupNormalization: 29 };

/** How many operators ONNX Runtime runs for a node that is part of no idiom. */
export function operatorsOf(node: Node): number {
  return node.domain === "" ? EXPANDED[node.opType] ?? 1 : 1;
}
