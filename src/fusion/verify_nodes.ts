import { ModelFormatError } from "../io/errors.ts";
import { allGraphs, type Graph, type Node } from "../graph/graph.ts";
import { ONNX_INPUTS } from "../ops/names.ts";

/**
 * Throws a {@link ModelFormatError} where a node of a known operator lacks an input that every version of it needs, or its
 * first output: no runtime runs it, and every rule takes them as given.
 */
export function verifyNodes(graphs: Iterable<Graph>, source: string): void {
  for (const { nodes } of allGraphs(graphs)) {
    for (const node of nodes) {
      const missing = missingOf(node);
      if (missing) throw new ModelFormatError(`${source}: not a valid ONNX model: ${node.label} has no ${missing}.`);
    }
  }
}

function missingOf({ opType, domain, inputs, outputs }: Node): string | undefined {
  if (domain !== "" || !Object.hasOwn(ONNX_INPUTS, opType)) return undefined;
  const [least, most] = ONNX_INPUTS[opType as keyof typeof ONNX_INPUTS];
  const needed = most === 0 ? Math.max(least, inputs.length) : least; // of any number of inputs, all are needed
  for (let index = 0; index < needed; index++) {
    if (!inputs[index]) return `input ${index}, which every ${opType} needs`;
  }
  return outputs[0] ? undefined : "output";
}
