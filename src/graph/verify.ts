import { ModelFormatError } from "../io/errors.ts";
import { isInOrder, sorted } from "./export.ts";
import { allGraphs, type Graph, type Node } from "./graph.ts";

/**
 * Throws a {@link ModelFormatError} where an input or an initializer has no name, a name has two makers, or nodes take values from
 * one another in a circle: no runtime runs such a model, and no analysis of it ends.
 */
export function verify(graphs: Iterable<Graph>, source: string): void {
  for (const graph of allGraphs(graphs)) {
    isNamed(graph, source);
    for (const node of graph.nodes) makesItsOutputs(node, source);
    hasAnOrder(graph, source);
  }
}

/** No name stands for an input that is left out: nobody could take such a value. */
function isNamed({ inputs, initializers, isFunction }: Graph, source: string): void {
  if (isFunction) return;
  const what = inputs.some(({ name }) => name === "")
    ? "input"
    : initializers.some(({ name }) => name === "")
    ? "initializer"
    : undefined;
  if (what) throw new ModelFormatError(`${source}: not a valid ONNX model: an ${what} of a graph has no name.`);
}

function makesItsOutputs(node: Node, source: string): void {
  for (const value of node.outputs) {
    if (!value) continue;
    const other = value.producer !== node
      ? value.producer!.label
      : value.initializer
      ? "an initializer"
      : value.isInput
      ? "an input"
      : undefined;
    if (other) {
      throw new ModelFormatError(
        `${source}: not a valid ONNX model: the value '${value.name}' is made by ${node.label} and by ${other}; ` +
          `each name must have one maker.`,
      );
    }
  }
}

function hasAnOrder(graph: Graph, source: string): void {
  if (isInOrder(graph.nodes, graph)) return;
  const done = new Set<Node>();
  for (const node of sorted(graph)) {
    const early = node.inputs.find((value) => value?.producer?.graph === graph && !done.has(value.producer));
    if (early) {
      throw new ModelFormatError(
        `${source}: not a valid ONNX model: ${node.label} takes '${early.name}', which is made of its own result.`,
      );
    }
    done.add(node);
  }
}
