import type { Dim, Node, Value } from "../graph/graph.ts";
import { elementCount, factorsOf } from "../ops/dims.ts";
import { assuming, type Known, knownAt } from "../ops/known_at.ts";
import { opOf } from "../ops/table.ts";
import { formatOf } from "../tensor/element_type.ts";
import type { Cost } from "./report.ts";

/**
 * What nodes cost together: multiply-accumulates and bytes moved for one item of a batch, and elements of their weights. A
 * value between two of the nodes is written once and read once.
 */
export function costOf(nodes: readonly Node[]): Cost {
  let macs: number | null = 0, bytes: number | null = 0, parameters = 0;
  for (const node of nodes) {
    macs = plus(macs, macsOf(node));
    for (const value of node.inputs) {
      if (!value) continue;
      bytes = plus(bytes, bytesOf(value));
      parameters += value.initializer?.size ?? 0;
    }
    for (const value of node.outputs) if (value) bytes = plus(bytes, bytesOf(value));
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

/**
 * What nodes would cost if every dimension that the model leaves open were `size` long (the first axis, the batch, 1), worked out
 * from what flows into them, or `from` the inputs of the model on. Nothing is changed.
 */
export function costAt(nodes: readonly Node[], size: number, from: "here" | "inputs" = "here"): Cost {
  const ordered = inOrder(nodes), inside = new Set(ordered);
  const outer = [...new Set(ordered.flatMap(({ inputs }) => inputs))].filter((value): value is Value =>
    value !== undefined && !value.initializer && !(value.producer && inside.has(value.producer))
  );
  const facts = from === "inputs" ? outer.map((value) => knownAt(value, size)) : knownHere(outer, size);
  return assuming(outer.map((value, at) => [value, facts[at]]), ordered, () => costOf(ordered));
}

/** Values as they would be if each open dimension were `size` long, equal names being equal lengths. */
function knownHere(values: readonly Value[], size: number): Partial<Known>[] {
  const open = new Map<string, number>();
  const sized = (dim: Dim, isBatch: boolean): Dim => {
    if (typeof dim === "number") return dim;
    if (dim === null) return isBatch ? 1 : size;
    const { count, name } = factorsOf(dim);
    if (!open.has(name)) open.set(name, isBatch ? 1 : size);
    return count * open.get(name)!;
  };
  const shapes = values.map(({ shape }) => shape?.map((dim, axis) => sized(dim, axis === 0)));
  return values.map(({ elements }, at) => {
    const isShape = (elements?.length ?? 0) > 2; // fewer are a part of one: which is not known
    return { shape: shapes[at], elements: elements?.map((dim, axis) => sized(dim, isShape && axis === 0)) };
  });
}

/** Nodes, each behind those whose results it takes. */
function inOrder(nodes: readonly Node[]): Node[] {
  const waiting = new Set(nodes), ordered: Node[] = [];
  const visit = (node: Node): void => {
    if (!waiting.delete(node)) return;
    for (const value of node.inputs) if (value?.producer) visit(value.producer);
    ordered.push(node);
  };
  for (const node of nodes) visit(node);
  return ordered;
}
