import type { Node, Value } from "../graph/graph.ts";
import { elementCount } from "../ops/dims.ts";
import { opOf } from "../ops/table.ts";
import type { Cost } from "../rewrite/report.ts";
import { formatOf } from "../tensor/element_type.ts";

/**
 * What nodes cost together: multiply-accumulates and bytes moved for one item of a batch, and elements of their weights. A
 * value between two of the nodes is written once and read once.
 */
export function costOf(nodes: readonly Node[]): Cost {
  let macs: number | null = 0, bytes: number | null = 0, parameters = 0;
  for (const node of nodes) {
    macs = plus(macs, macsOf(node));
    for (const value of [...node.inputs, ...node.outputs]) if (value) bytes = plus(bytes, bytesOf(value));
    for (const value of node.inputs) parameters += value?.initializer?.size ?? 0;
  }
  return { nodes: nodes.length, macs, parameters, bytes };
}

function plus(a: number | null, b: number | null): number | null {
  return a === null || b === null ? null : a + b;
}

function bytesOf({ initializer, shape, type }: Value): number | null {
  const known = initializer?.type ?? type;
  if (known === undefined || known === "string" || known === "opaque") return null;
  const elements = initializer?.size ?? elementCount(shape);
  return elements === null ? null : elements * formatOf(known).bytes;
}

/** Multiply-accumulates of a node for one item of a dynamic batch; 0 for what does none, null where shapes are missing. */
function macsOf(node: Node): number | null {
  const work = opOf(node)?.work;
  return work ? work(node).macs : 0;
}
