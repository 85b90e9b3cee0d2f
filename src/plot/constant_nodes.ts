import type { AppliedRule } from "./fusion_summary.ts";
import type { GraphShape } from "./graph_layout.ts";
import { label } from "./fusion_groups.ts";

/**
 * The graph without the nodes that only make weights, such as Constant and what is computed of constants alone: like
 * other weights they are no part of a picture. Rewrites of such nodes alone are emptied, so that the others keep their
 * places.
 */
export function withoutConstants(
  graph: GraphShape,
  applied: readonly AppliedRule[],
): { graph: GraphShape; applied: AppliedRule[] } {
  const names = (ports: GraphShape["inputs"]) =>
    (ports ?? []).map((port) => typeof port === "string" ? port : port.name);
  const inputs = new Set(names(graph.inputs)), outputs = new Set(names(graph.outputs));
  const live = new Set(inputs), hidden = new Set<string>();
  const nodes = graph.nodes.filter((node) => {
    const read = node.inputs.filter((name) => name !== "");
    const isConstant = node.opType === "Constant" ||
      (inputs.size > 0 && read.length > 0 && !read.some((name) => live.has(name)));
    if (isConstant && !node.outputs.some((name) => outputs.has(name))) {
      hidden.add(label(node));
      return false;
    }
    for (const name of node.outputs) live.add(name);
    return true;
  });
  return {
    graph: { ...graph, inputs: graph.inputs, outputs: graph.outputs, nodes },
    applied: applied.map((each) => each.nodes.every((node) => hidden.has(node)) ? { ...each, nodes: [] } : each),
  };
}
