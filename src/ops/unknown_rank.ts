import type { Node, Value } from "../graph/graph.ts";
import { Skip } from "./skip.ts";

/** Nodes of operators that have no entry, which inference came to. */
const unknown = new WeakSet<Node>();

/** Takes note of a node of which nothing is known. Returns what is: nothing. */
export function noteUnknown(node: Node): readonly [] {
  unknown.add(node);
  return [];
}

/** Furthest that is looked back for what hides a rank. */
const FURTHEST = 1000;

/** Says that the rank of a value is not known, and what hides it: an operator without an entry, or an input without a shape. */
export function unknownRank(value: Value): Skip {
  const { node, input } = hiddenBy(value), rank = `the rank of its input '${value.name}' is not known`;
  if (node) {
    const name = node.domain ? `${node.domain}.${node.opType}` : node.opType;
    return new Skip("unknown-operator", `${rank}: ${name} (${node.label}) is an operator that is not known`);
  }
  return new Skip("unknown-shape", input ? `${rank}: the model does not say the shape of '${input.name}'` : rank);
}

/** The first thing on the way back from a value that says nothing of its shape. */
function hiddenBy(from: Value): { node?: Node; input?: Value } {
  let value: Value | undefined = from;
  for (let step = 0; value && step < FURTHEST; step++) {
    const { producer }: Value = value;
    if (!producer) return { input: value };
    if (unknown.has(producer)) return { node: producer };
    value = producer.inputs.find((input) => input && input.shape === undefined);
  }
  return {};
}
