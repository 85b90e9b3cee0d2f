import type { Node, Value } from "../../graph/graph.ts";
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

/** Most nodes between a node of an idiom and its root. */
const FARTHEST = 9;
/** A value inside an idiom is used at most this often. */
const MOST_USERS = 4;

const byRoot = new Map<string, { idiom: Idiom; pattern: Pattern }[]>();
for (const idiom of IDIOMS) {
  for (const opType of rootsOf(idiom.recognised)) {
    const pattern = idiom.recognised;
    byRoot.set(opType, [...byRoot.get(opType) ?? [], { idiom, pattern }]);
  }
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
  let best: Found | undefined;
  for (const root of rootsNear(node, view)) {
    for (const { idiom, pattern } of byRoot.get(root.opType) ?? []) {
      const match = matchAt(root, pattern, view);
      if (match?.nodes.includes(node) && match.nodes.length > (best?.nodes.length ?? 0)) {
        best = { ...match, idiom, isRecognised: true };
      }
    }
  }
  return best;
}

/** The nodes downstream of a node, itself first, that may be the root of an idiom around it. */
function* rootsNear(start: Node, view: GraphView): Generator<Node> {
  const seen = new Set([start]), queue: [Node, number][] = [[start, 0]];
  for (const [node, distance] of queue) {
    if (node.domain === "" && byRoot.has(node.opType)) yield node;
    if (distance === FARTHEST) continue;
    for (const output of node.outputs) {
      const users = output && !isOutput(output, view) ? [...view.users(output)] : [];
      if (users.length > MOST_USERS) continue;
      for (const user of users) {
        if (seen.has(user)) continue;
        seen.add(user);
        queue.push([user, distance + 1]);
      }
    }
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
