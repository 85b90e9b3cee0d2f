import type { Graph, Node, Value } from "../../graph/graph.ts";
import { biasGelu, gelu, quickGelu, tanhGelu } from "./gelu.ts";
import type { Idiom } from "./idiom.ts";
import { convActivation, convSumActivation, matMulBias, scaledMatMul } from "./layer_and_next.ts";
import { layerNormalization, rmsNormalization, skipLayerNormalization } from "./normalisation.ts";
import { AS_IS, type GraphView, type Match, matchAt, type Pattern } from "./pattern.ts";

/** Every idiom, the larger ones first. */
const IDIOMS: readonly Idiom[] = [
  skipLayerNormalization,
  layerNormalization,
  rmsNormalization,
  biasGelu,
  gelu,
  tanhGelu,
  quickGelu,
  convSumActivation,
  convActivation,
  scaledMatMul,
  matMulBias,
];

/** A value inside an idiom is used at most this often. */
const MOST_USERS = 4;

/** An idiom by the operators it may end with. */
interface Entry {
  readonly idiom: Idiom;
  readonly pattern: Pattern;
  /** Operators without which it cannot be there. */
  readonly needed: readonly string[];
  /** Most nodes from one of its nodes to its root. */
  readonly depth: number;
}

const byRoot = new Map<string, Entry[]>();
for (const idiom of IDIOMS) {
  for (const opType of rootsOf(idiom.recognised)) {
    const pattern = idiom.recognised;
    const entry = { idiom, pattern, needed: [...neededBy(pattern)], depth: depthOf(pattern) - 1 };
    byRoot.set(opType, [...byRoot.get(opType) ?? [], entry]);
  }
}

function neededBy(pattern: Pattern): Set<string> {
  if (pattern.kind === "either") {
    const [first, ...rest] = pattern.patterns.map(neededBy);
    return rest.reduce((all, next) => all.intersection(next), first);
  }
  if (pattern.kind !== "node") return new Set();
  return new Set([pattern.opType, ...pattern.inputs.flatMap((input) => [...neededBy(input)])]);
}

/** Nodes of the longest way through a pattern. */
function depthOf(pattern: Pattern): number {
  if (pattern.kind === "either") return Math.max(...pattern.patterns.map(depthOf));
  return pattern.kind === "node" ? 1 + Math.max(0, ...pattern.inputs.map(depthOf)) : 0;
}

function rootsOf(pattern: Pattern): Set<string> {
  if (pattern.kind === "node") return new Set([pattern.opType]);
  return new Set(pattern.kind === "either" ? pattern.patterns.flatMap((one) => [...rootsOf(one)]) : []);
}

/** Operators that an idiom that can be written anew may end with. */
export const WRITTEN_ROOTS: readonly string[] = [
  ...new Set(
    IDIOMS.filter(({ write }) => write).flatMap(({ recognised, others }) => [
      ...rootsOf(recognised),
      ...others ? rootsOf(others) : [],
    ]),
  ),
];

/** An idiom found in a graph. */
export interface Found extends Match {
  /** Which one. */
  readonly idiom: Idiom;
  /** Whether it is written as ONNX Runtime recognises it. */
  readonly isRecognised: boolean;
}

/** The recognised idiom with the most nodes that a node is part of; undefined where it is part of none. */
export function idiomOf(node: Node, view: GraphView = AS_IS): Found | undefined {
  const reach = reachIn(node.graph);
  const behind = nodesFrom([node], (at) => usersOf(at, view), reach);
  const roots = behind.filter(({ domain, opType }) => domain === "" && byRoot.has(opType));
  if (roots.length === 0) return undefined;
  let near: Set<string> | undefined, best: Found | undefined;
  for (const root of roots) {
    for (const { idiom, pattern, needed } of byRoot.get(root.opType)!) {
      near ??= operatorsBefore(behind, view, reach);
      if (!needed.every((opType) => near!.has(opType))) continue;
      const match = matchAt(root, pattern, view);
      if (match?.nodes.includes(node) && match.nodes.length > (best?.nodes.length ?? 0)) {
        best = { ...match, idiom, isRecognised: true };
      }
    }
  }
  return best;
}

const reaches = new WeakMap<Graph, { nodes: number; opTypes: Set<string>; reach: number }>();

/** How far from a node the root of an idiom may be, for the idioms that a graph's operators allow; −1 where there can be none. */
function reachIn(graph: Graph): number {
  let known = reaches.get(graph);
  if (known?.nodes === graph.nodes.length) return known.reach;
  const opTypes = known?.opTypes ?? new Set<string>(), { size } = opTypes;
  for (let at = known?.nodes ?? 0; at < graph.nodes.length; at++) opTypes.add(graph.nodes[at].opType);
  const possible = known && opTypes.size === size
    ? [{ depth: known.reach }]
    : [...byRoot.values()].flat().filter(({ needed }) => needed.every((opType) => opTypes.has(opType)));
  known = { nodes: graph.nodes.length, opTypes, reach: Math.max(-1, ...possible.map(({ depth }) => depth)) };
  reaches.set(graph, known);
  return known.reach;
}

/** Operators of some nodes and of those shortly before them. */
function operatorsBefore(nodes: readonly Node[], view: GraphView, steps: number): Set<string> {
  const upstream = ({ inputs }: Node) => inputs.flatMap((value) => value && view.producer(value) || []);
  return new Set(nodesFrom(nodes, upstream, steps).map(({ opType }) => opType));
}

/** Nodes and those that are reached from them in some steps; none where no step makes sense. */
function nodesFrom(starts: readonly Node[], next: (node: Node) => readonly Node[], steps: number): Node[] {
  if (steps < 0) return [];
  const seen = new Set(starts);
  let edge = starts;
  for (let step = 0; step < steps && edge.length > 0; step++) {
    edge = edge.flatMap(next).filter((node) => !seen.has(node) && seen.add(node));
  }
  return [...seen];
}

/** The nodes that take a result, where it may be a value inside an idiom. */
function usersOf({ outputs }: Node, view: GraphView): readonly Node[] {
  return outputs.flatMap((output) => {
    const users = output && !isOutput(output, view) ? [...view.users(output)] : [];
    return users.length > MOST_USERS ? [] : users;
  });
}

function isOutput(value: Value, view: GraphView): boolean {
  return value.isOutput || view.resolve(value).isOutput;
}

/** Nodes from the root of an idiom to that of a larger one around it, at most. */
const NEXT = 2;

/**
 * The largest idiom with a node as its root that can be written anew, recognised as it is or not; undefined also where a larger
 * one goes on behind the node.
 */
export function writableIdiomAt(root: Node): Found | undefined {
  const best = largestAt(root);
  let next = best && soleUser(root.output);
  for (let step = 0; next && step < NEXT; step++, next = soleUser(next.output)) {
    if (largestAt(next)?.nodes.includes(root)) return undefined;
  }
  return best;
}

function largestAt(root: Node): Found | undefined {
  let best: Found | undefined;
  for (const idiom of IDIOMS) {
    if (!idiom.write) continue;
    for (const pattern of [idiom.recognised, ...idiom.others ? [idiom.others] : []]) {
      const match = matchAt(root, pattern);
      if (match && match.nodes.length > (best?.nodes.length ?? 0)) {
        best = { ...match, idiom, isRecognised: pattern === idiom.recognised };
      }
    }
  }
  return best;
}

function soleUser(value: Value): Node | undefined {
  const [user] = value.users.keys();
  return value.users.size === 1 && !value.isOutput && user.graph === value.graph ? user : undefined;
}
