import type { Graph } from "../../graph/graph.ts";
import type { Idiom } from "./idiom.ts";
import { AS_IS, type Pattern } from "./pattern.ts";
import { IDIOMS } from "./table.ts";

/** An idiom that may be in a graph. */
export interface Entry {
  /** Which one. */
  readonly idiom: Idiom;
  /** The form that ONNX Runtime recognises, as far as the operators of the graph make it. */
  readonly pattern: Pattern;
  /** Operators without which it cannot be there. */
  readonly needed: readonly string[];
  /** Most nodes from one of its nodes to its root. */
  readonly depth: number;
}

/** Operators without which a pattern cannot be there. */
export function neededBy(pattern: Pattern): Set<string> {
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

/** Operators that a pattern may end with. */
export function rootsOf(pattern: Pattern): Set<string> {
  if (pattern.kind === "node") return new Set([pattern.opType]);
  return new Set(pattern.kind === "either" ? pattern.patterns.flatMap((one) => [...rootsOf(one)]) : []);
}

/** What a graph may have: idioms all of whose operators are somewhere in it. */
export interface Possible {
  /** Their operators. */
  readonly opTypes: ReadonlySet<string>;
  /** The idioms, by the operators they may end with. */
  readonly byRoot: ReadonlyMap<string, readonly Entry[]>;
  /** Operators that are part of any of them. */
  readonly members: ReadonlySet<string>;
  /** How far from one of its nodes the root of an idiom may be. */
  readonly reach: number;
  /** What it may have with operators added, by their names. */
  readonly more: Map<string, Possible>;
}

const possible = new WeakMap<Graph, Possible>();

/** What a graph may have with some operators added. */
export function possibleIn(graph: Graph, added: ReadonlySet<string> = AS_IS.added): Possible {
  const known = possible.get(graph), isNew = known?.opTypes.size !== graph.opTypes.size;
  const now = isNew ? possibleOf(new Set(graph.opTypes)) : known;
  if (isNew) possible.set(graph, now);
  if (added.isSubsetOf(now.opTypes)) return now;
  const names = [...added].join(), more = now.more.get(names) ?? possibleOf(now.opTypes.union(added));
  now.more.set(names, more);
  return more;
}

/** The idioms that can be made of some operators. */
function possibleOf(opTypes: ReadonlySet<string>): Possible {
  const byRoot = new Map<string, Entry[]>(), members = new Set<string>();
  let reach = 0;
  for (const idiom of IDIOMS) {
    const pattern = within(idiom.recognised, opTypes);
    if (!pattern) continue;
    const entry = { idiom, pattern, needed: [...neededBy(pattern)], depth: depthOf(pattern) - 1 };
    for (const opType of rootsOf(pattern)) byRoot.set(opType, [...byRoot.get(opType) ?? [], entry]);
    for (const member of membersOf(pattern)) members.add(member);
    reach = Math.max(reach, entry.depth);
  }
  return { opTypes, byRoot, members, reach, more: new Map() };
}

/** What of a pattern can be made of some operators: the less there is, the fewer nodes are looked at. */
function within(pattern: Pattern, opTypes: ReadonlySet<string>): Pattern | undefined {
  if (pattern.kind === "either") {
    const patterns = pattern.patterns.flatMap((one) => within(one, opTypes) ?? []);
    return patterns.length > 0 ? { kind: "either", patterns } : undefined;
  }
  if (pattern.kind !== "node") return pattern;
  const inputs = opTypes.has(pattern.opType) ? pattern.inputs.flatMap((input) => within(input, opTypes) ?? []) : [];
  return inputs.length === pattern.inputs.length && opTypes.has(pattern.opType) ? { ...pattern, inputs } : undefined;
}
