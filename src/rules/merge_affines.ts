import type { Node, Value } from "../graph/graph.ts";
import { type AffineMap, composed } from "../ops/affine_map.ts";
import { emitAffine } from "../ops/affine/emit_affine.ts";
import { Skip } from "../ops/skip.ts";
import { affineOf, operatorsWith } from "../ops/views.ts";
import { Replacement, type Rule } from "../rewrite/rule.ts";
import type { ElementType } from "../tensor/element_type.ts";
import { soleUser } from "./propagation.ts";

/**
 * s₂·(s₁·x + t₁) + t₂ = (s₁·s₂)·x + (s₂·t₁ + t₂): a chain of affine maps along one axis becomes as few nodes as hold it. Where
 * one of them has parameters for any map (a BatchNormalization), it is this one with new ones.
 */
export const mergeAffines: Rule = {
  name: "merge-affines",
  summary: "Affine maps (BatchNormalization, Mul, Add, …) one after another: as few nodes as hold the same map",
  phase: "absorb",
  roots: operatorsWith("affine"),
  rewrite(root, build) {
    const chain = chainTo(root);
    if (!chain) return undefined;
    const { nodes, map, x, rebuild } = chain;
    const merged = rebuild ? rebuild(map, x, build) : emitAffine(map, x, chain, build);
    return merged && build.nodes.length < nodes.length ? new Replacement(nodes, [[root.output, merged]]) : undefined;
  },
};

/** Affine nodes that follow one another and are used by nothing else in between. */
interface Chain {
  /** The nodes, the last one first. */
  readonly nodes: readonly Node[];
  /** What they do together. */
  readonly map: AffineMap;
  /** What they are applied to. */
  readonly x: Value;
  /** Element type of x and of the result. */
  readonly type: ElementType;
  /** The same rank everywhere in the chain, where known. */
  readonly rank?: number;
  /** The first node that has parameters for any map. */
  readonly rebuild?: NonNullable<Exclude<ReturnType<typeof affineOf>, Skip | undefined>["rebuild"]>;
}

function chainTo(root: Node): Chain | undefined {
  const last = affineOf(root), { type } = root.output;
  if (!last || last instanceof Skip || type === undefined) return undefined;
  const nodes = [root];
  let { x, rebuild } = last, map: AffineMap = last;
  for (let node = x.producer; node && soleUser(x) === nodes.at(-1); node = x.producer) {
    const before = affineOf(node), both = before && !(before instanceof Skip) && composed(before, map);
    if (!both) break;
    nodes.push(node);
    map = both;
    x = before.x;
    rebuild = before.rebuild ?? rebuild;
  }
  return nodes.length > 1 && x.type === type ? { nodes, map, x, type, rank: last.rank, rebuild } : undefined;
}
