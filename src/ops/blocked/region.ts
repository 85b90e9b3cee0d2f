import type { Graph, Node, Value } from "../../graph/graph.ts";
import type { Builder } from "../builder.ts";
import { idiomOf } from "../idioms/find.ts";
import { emitImages, emitLines, type Lifted, liftedOf } from "./lift.ts";

/** Nodes on lines that are written on images together. */
export interface Region {
  /** The nodes, with how each is written. */
  readonly nodes: ReadonlyMap<Node, Lifted>;
  /** Values that come into it. */
  readonly entries: ReadonlySet<Value>;
  /** Values of it that others need. */
  readonly exits: readonly Value[];
}

/** The regions of a graph by the nodes around them, as long as it does not change: of a long chain every layer asks for the same. */
const known = new WeakMap<Graph, { changes: number; regions: Map<Node, Region | undefined> }>();

/**
 * Every node around `start` that can be written on images, reached over values in between. What the runtime runs as one operator is
 * in it as a whole or not at all, and nothing but layers stands where it begins.
 */
export function regionAround(start: Node): Region | undefined {
  const { graph } = start, { changes } = graph;
  let now = known.get(graph);
  if (now?.changes !== changes) known.set(graph, now = { changes, regions: new Map() });
  if (!now.regions.has(start)) {
    const around = new Map<Node, Lifted>(), region = regionOf(start, around);
    for (const node of [start, ...around.keys()]) now.regions.set(node, region);
  }
  return now.regions.get(start);
}

function regionOf(start: Node, around: Map<Node, Lifted>): Region | undefined {
  const waiting = [start];
  while (waiting.length > 0) {
    const node = waiting.pop()!, lifted = around.has(node) ? undefined : whole(node, start);
    if (!lifted) continue;
    around.set(node, lifted);
    for (const at of lifted.data) if (node.inputs[at]?.producer) waiting.push(node.inputs[at].producer);
    for (const user of node.output.users.keys()) waiting.push(user); // more than a call takes arguments
  }
  if (!around.has(start)) return undefined;
  const nodes = new Map(around);
  const isInside = (value: Value | undefined) => value?.producer !== undefined && nodes.has(value.producer);
  const first = [...nodes.keys()];
  while (first.length > 0) {
    const node = first.pop()!, lifted = nodes.get(node);
    if (!lifted || lifted.kernel || lifted.data.some((at) => isInside(node.inputs[at]))) continue;
    nodes.delete(node);
    for (const user of node.output.users.keys()) first.push(user);
  }
  const entries = new Set<Value>();
  for (const [node, { data }] of nodes) {
    for (const at of data) if (!isInside(node.inputs[at])) entries.add(node.inputs[at]!);
  }
  const exits = [...nodes.keys()].map(({ output }) => output)
    .filter((value) => value.isOutput || [...value.users.keys()].some((user) => !nodes.has(user)));
  return { nodes, entries, exits };
}

/** How a node is written, where it and all that is one operator with it can be. */
function whole(node: Node, { graph }: Node): Lifted | undefined {
  const lifted = node.graph === graph ? liftedOf(node) : undefined;
  if (!lifted) return undefined;
  return (idiomOf(node)?.nodes ?? []).every((member) => member === node || liftedOf(member)) ? lifted : undefined;
}

/** Writes a region on images. Returns its exits with what takes their place. */
export function emitRegion({ nodes, exits }: Region, build: Builder): [old: Value, now: Value][] {
  const images = new Map<Value, Value>();
  const imageOf = (value: Value): Value => {
    const known = images.get(value), { producer } = value;
    if (known) return known;
    const lifted = producer && nodes.get(producer);
    const made = lifted
      ? lifted.emit(producer.inputs.map((input, at) => lifted.data.includes(at) ? imageOf(input!) : input), build)
      : emitImages(value, build);
    images.set(value, made);
    return made;
  };
  return exits.map((value) => [value, emitLines(imageOf(value), value, build)]);
}
