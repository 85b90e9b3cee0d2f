import type { Graph, Node, Value } from "../../graph/graph.ts";
import { attentionScores } from "./attention.ts";
import { biasGelu, gelu, quickGelu, tanhGelu } from "./gelu.ts";
import type { Idiom } from "./idiom.ts";
import { convActivation, convSumActivation, matMulBias, scaledMatMul } from "./layer_and_next.ts";
import { layerNormalization, rmsNormalization, skipLayerNormalization } from "./normalisation.ts";
import { AS_IS, type GraphView, type Match, matchAt, type Pattern } from "./pattern.ts";

/**
 * Every idiom, the larger ones first. A Softmax with a scale and a group norm by InstanceNormalization are none: ONNX Runtime runs
 * them node by node, so that their parts may go.
 */
const IDIOMS: readonly Idiom[] = [
  skipLayerNormalization,
  layerNormalization,
  rmsNormalization,
  biasGelu,
  gelu,
  tanhGelu,
  quickGelu,
  attentionScores,
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

/** Operators that a pattern has anywhere. */
function membersOf(pattern: Pattern): readonly string[] {
  if (pattern.kind === "either") return pattern.patterns.flatMap(membersOf);
  return pattern.kind === "node" ? [pattern.opType, ...pattern.inputs.flatMap(membersOf)] : [];
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

/** An idiom found in a graph. */
export interface Found extends Match {
  /** Which one. */
  readonly idiom: Idiom;
  /** Whether it is written as ONNX Runtime recognises it. */
  readonly isRecognised: boolean;
}

/** The recognised idiom with the most nodes that a node is part of; undefined where it is part of none. */
export function idiomOf(node: Node, view: GraphView = AS_IS): Found | undefined {
  const { byRoot, members, reach } = possibleIn(node.graph, view.added);
  if (!members.has(node.opType) || node.domain !== "") return undefined;
  const behind = nodesFrom([node], (at, into) => addUsers(at, view, into), reach);
  let near: Set<string> | undefined, best: Found | undefined;
  for (const root of behind) {
    const entries = root.domain === "" ? byRoot.get(root.opType) : undefined;
    for (const { idiom, pattern, needed, depth } of entries ?? []) {
      if (depth >= DEEP && !needed.every((opType) => (near ??= operatorsBefore(behind, view, reach)).has(opType))) {
        continue;
      }
      const match = matchAt(root, pattern, view);
      if (match?.nodes.includes(node) && match.nodes.length > (best?.nodes.length ?? 0)) {
        best = { ...match, idiom, isRecognised: true };
      }
    }
  }
  return best;
}

/** Idioms of this depth are looked for only where all their operators are near: that takes less than to match them. */
const DEEP = 3;

/** What a graph may have: idioms all of whose operators are somewhere in it. */
interface Possible {
  /** Nodes of the graph that were looked at. */
  readonly nodes: number;
  /** Their operators. */
  readonly opTypes: ReadonlySet<string>;
  /** The idioms, by the operators they may end with. */
  readonly byRoot: ReadonlyMap<string, readonly Entry[]>;
  /** Operators that are part of any of them. */
  readonly members: ReadonlySet<string>;
  /** How far from one of its nodes the root of an idiom may be. */
  readonly reach: number;
}

const possible = new WeakMap<Graph, Possible>();

/** What a graph may have with some operators added. */
function possibleIn(graph: Graph, added: ReadonlySet<string> = AS_IS.added): Possible {
  const now = possibleNow(graph);
  if (added.isSubsetOf(now.opTypes)) return now;
  const opTypes = now.opTypes.union(added);
  return { ...now, opTypes, ...idiomsOf(opTypes) };
}

function possibleNow(graph: Graph): Possible {
  const known = possible.get(graph), { nodes } = graph;
  if (known?.nodes === nodes.length) return known;
  const opTypes = new Set(known?.opTypes), size = known?.opTypes.size;
  for (let at = known?.nodes ?? 0; at < nodes.length; at++) opTypes.add(nodes[at].opType);
  const now = known && opTypes.size === size
    ? { ...known, nodes: nodes.length }
    : { nodes: nodes.length, opTypes, ...idiomsOf(opTypes) };
  possible.set(graph, now);
  return now;
}

/** The idioms that can be made of some operators. */
function idiomsOf(opTypes: ReadonlySet<string>): Pick<Possible, "byRoot" | "members" | "reach"> {
  const kept = new Map<string, Entry[]>(), members = new Set<string>();
  let reach = 0;
  for (const [opType, entries] of byRoot) {
    const those = entries.filter(({ needed }) => needed.every((needed) => opTypes.has(needed)));
    if (those.length === 0) continue;
    kept.set(opType, those);
    for (const { pattern, depth } of those) {
      for (const member of membersOf(pattern)) members.add(member);
      reach = Math.max(reach, depth);
    }
  }
  return { byRoot: kept, members, reach };
}

/** Operators of some nodes and of those shortly before them. */
function operatorsBefore(nodes: readonly Node[], view: GraphView, steps: number): Set<string> {
  const addProducers = ({ inputs }: Node, into: (node: Node) => void) => {
    for (const value of inputs) {
      const producer = value && view.producer(value);
      if (producer) into(producer);
    }
  };
  return new Set(nodesFrom(nodes, addProducers, steps).map(({ opType }) => opType));
}

/** Nodes and those that are reached from them in some steps. */
function nodesFrom(
  starts: readonly Node[],
  addNext: (node: Node, into: (node: Node) => void) => void,
  steps: number,
): Node[] {
  const found = [...starts], seen = new Set(starts);
  const into = (node: Node) => {
    if (seen.has(node)) return;
    seen.add(node);
    found.push(node);
  };
  for (let step = 0, from = 0; step < steps && from < found.length; step++) {
    const { length } = found;
    for (; from < length; from++) addNext(found[from], into);
  }
  return found;
}

/** Adds the nodes that take a result, where it may be a value inside an idiom. */
function addUsers({ outputs }: Node, view: GraphView, into: (node: Node) => void): void {
  for (const output of outputs) {
    if (!output || isOutput(output, view)) continue;
    const users = [...view.users(output)];
    if (users.length <= MOST_USERS) users.forEach(into);
  }
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

/** Every form of the idioms that can be written anew. */
const WRITTEN_FORMS = IDIOMS.filter(({ write }) => write).flatMap((idiom) =>
  [idiom.recognised, ...idiom.others ? [idiom.others] : []].map((pattern) => ({
    idiom,
    pattern,
    isRecognised: pattern === idiom.recognised,
    roots: rootsOf(pattern),
    needed: [...neededBy(pattern)],
  }))
);

/** Operators that an idiom that can be written anew may end with. */
export const WRITTEN_ROOTS: readonly string[] = [...new Set(WRITTEN_FORMS.flatMap(({ roots }) => [...roots]))];

function largestAt(root: Node): Found | undefined {
  const { opTypes } = possibleIn(root.graph);
  let best: Found | undefined;
  for (const { idiom, pattern, isRecognised, roots, needed } of WRITTEN_FORMS) {
    if (!roots.has(root.opType) || !needed.every((opType) => opTypes.has(opType))) continue;
    const match = matchAt(root, pattern);
    if (match && match.nodes.length > (best?.nodes.length ?? 0)) best = { ...match, idiom, isRecognised };
  }
  return best;
}

function soleUser(value: Value): Node | undefined {
  const [user] = value.users.keys();
  return value.users.size === 1 && !value.isOutput && user.graph === value.graph ? user : undefined;
}
