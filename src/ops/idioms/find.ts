import type { Node, Value } from "../../graph/graph.ts";
import type { Idiom } from "./idiom.ts";
import { AS_IS, type GraphView, type Match, matchAt } from "./pattern.ts";
import { neededBy, possibleIn, rootsOf } from "./possible.ts";
import { IDIOMS } from "./table.ts";

/** An idiom found in a graph. */
export interface Found extends Match {
  /** Which one. */
  readonly idiom: Idiom;
  /** Whether it is written as ONNX Runtime recognises it. */
  readonly isRecognised: boolean;
}

/** A value inside an idiom is used at most this often. */
const MOST_USERS = 4;

/** Idioms of this depth are looked for only where all their operators are near: that takes less than to match them. */
const DEEP = 3;

/** Whether a node may be part of a recognised idiom, by the operators of its graph and those that are added. */
export function mayBePart({ graph, opType, domain }: Node, added?: ReadonlySet<string>): boolean {
  return domain === "" && possibleIn(graph, added).members.has(opType);
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
    const users: Node[] = [];
    for (const user of view.users(output)) if (users.push(user) > MOST_USERS) break;
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
  let next = best && root.output.soleUser;
  for (let step = 0; next && step < NEXT; step++, next = next.output.soleUser) {
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
