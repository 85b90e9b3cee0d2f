import { ModelFormatError } from "../io/errors.ts";
import { allGraphs, type Graph, type Node, type Value } from "../graph/graph.ts";
import { opOf } from "../ops/table.ts";

/**
 * Throws a {@link ModelFormatError} where a node of a known operator lacks an input that every version of it needs, or has
 * no output: no runtime runs it, and every rule takes them as given.
 */
export function verifyNodes(graphs: Iterable<Graph>, source: string): void {
  for (const { nodes } of allGraphs(graphs)) {
    for (const node of nodes) {
      const missing = missingOf(node);
      if (missing) throw new ModelFormatError(`${source}: not a valid ONNX model: ${node.label} has no ${missing}.`);
    }
  }
}

function missingOf(node: Node): string | undefined {
  const { opType, domain, inputs, outputs } = node, op = opOf(node);
  if (!op) return undefined;
  const [least, most] = op.inputs;
  const needed = most === Infinity && least > 0 ? Math.max(least, inputs.length) : least; // of any number of inputs, all are needed
  for (let index = 0; index < needed; index++) {
    // operators of other domains have optional inputs in front of needed ones, too
    if (index >= inputs.length || domain === "" && !inputs[index]) {
      return `input ${index}, which every ${domain ? `${domain}.` : ""}${opType} needs`;
    }
  }
  return outputs.some((value) => value) ? undefined : "output";
}

/** Operators whose inputs are all of one type, in every version. */
const ONE_TYPE = new Set(
  [
    "Add",
    "Concat",
    "Conv",
    "ConvTranspose",
    "Div",
    "Gemm",
    "MatMul",
    "Max",
    "Mean",
    "Min",
    "Mul",
    "PRelu",
    "Sub",
    "Sum",
  ],
);

/**
 * Throws a {@link ModelFormatError} where a node of {@link ONE_TYPE} takes values of two: no runtime runs it, and numbers of one
 * type are none of the other.
 */
export function verifyTypes(graphs: Iterable<Graph>, source: string): void {
  for (const { nodes } of allGraphs(graphs)) {
    for (const node of nodes) {
      if (node.domain !== "" || !ONE_TYPE.has(node.opType)) continue;
      let first: Value | undefined, other: Value | undefined;
      for (const value of node.inputs) {
        if (value?.type === undefined) continue;
        first ??= value;
        if (value.type !== first.type) other ??= value;
      }
      if (!other) continue;
      throw new ModelFormatError(
        `${source}: not a valid ONNX model: ${node.label} takes '${first!.name}', which is ${
          first!.type
        }, and '${other.name}', ` +
          `which is ${other.type}.`,
      );
    }
  }
}
