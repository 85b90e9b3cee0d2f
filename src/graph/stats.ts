import { allGraphs, type Graph } from "./graph.ts";

/** The size of a model in numbers. */
export interface ModelStats {
  /** Nodes, those of subgraphs and function bodies included. */
  nodes: number;
  /** Nodes by operator; other domains carry theirs in front: `com.microsoft.Gelu`. */
  ops: Record<string, number>;
  /** Elements of all initializers and Constant nodes. */
  parameters: number;
  /** Size of the model as a file, external data included. */
  bytes: number;
}

/** Counts nodes and parameters of graphs; the size in bytes is the caller's, who knows the file. */
export function statsOf(graphs: Iterable<Graph>, bytes: number): ModelStats {
  const ops: Record<string, number> = {};
  let nodes = 0, parameters = 0;
  const count = (op: string, times = 1) => {
    if (times > 0) ops[op] = (ops[op] ?? 0) + times;
    nodes += times;
  };
  for (const graph of allGraphs(graphs)) {
    const { initializers } = graph;
    for (const { initializer } of initializers) parameters += initializer!.size;
    if (!graph.listsInitializers) count("Constant", initializers.length);
    for (const node of graph.nodes) {
      const op = node.operator;
      count(op);
      if (op === "Constant") { for (const { tensor } of node.attributes.values()) parameters += tensor?.size ?? 0; }
    }
  }
  return { nodes, ops, parameters, bytes };
}
