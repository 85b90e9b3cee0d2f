import type { Node, Value } from "../graph/graph.ts";
import { constantOf } from "./constant.ts";
import { Skip } from "./skip.ts";
import { opOf } from "./table.ts";
import { linearOf } from "./views.ts";

/** Nodes that are looked through for what a weight is made of. */
const MOST_NODES = 64;

/**
 * Why a node that looks like a layer is none: its weight is computed of constants alone, and that is not worked out. Undefined
 * where it is a layer, or what it takes depends on the inputs of the model.
 */
export function whyUnevaluated(node: Node): Skip | undefined {
  if (!(linearOf(node) instanceof Skip)) return undefined;
  for (const value of node.inputs) {
    const first = value?.producer && !constantOf(value) ? firstUnevaluated(value) : undefined;
    if (!first) continue;
    const op = opOf(first), what = `a weight of ${node.label} is computed of constants by ${first.label}`;
    if (!op) {
      const domain = first.domain === "" ? "ai.onnx" : first.domain;
      return new Skip("unknown-operator", `${what}, and ${first.opType} of ${domain} is not known here`);
    }
    const why = op.evaluate ? "with these types, sizes or attributes" : "ahead of time";
    return new Skip("not-constant", `${what}, and ${first.opType} is not worked out ${why}`);
  }
}

/** The first node on the way to a value that takes constants alone; undefined where the value depends on an input. */
function firstUnevaluated(value: Value): Node | undefined {
  const waiting = [value], seen = new Set<Node>();
  let first: Node | undefined;
  for (let at = waiting.pop(); at; at = waiting.pop()) {
    const { producer } = at;
    if (constantOf(at) || producer && seen.has(producer)) continue;
    if (!producer || seen.size >= MOST_NODES || producer.subgraphs.length > 0) return undefined;
    seen.add(producer);
    const computed = producer.inputs.filter((input): input is Value => input !== undefined && !constantOf(input));
    if (computed.length === 0) first ??= producer;
    for (const input of computed) waiting.push(input); // more than a call takes arguments
  }
  return first;
}
