import type { Node, Value } from "../graph/graph.ts";
import { type AffineMap, type ChannelAffine, composed } from "../ops/affine_map.ts";
import { affineMapOf } from "../ops/views.ts";

/** Affine nodes that follow one another and are used by nothing else in between. */
export interface AffineChain {
  /** The nodes, the last one first. */
  readonly nodes: readonly Node[];
  /** What they do together. */
  readonly map: AffineMap;
  /** What they are applied to. */
  readonly x: Value;
  /** The first node that has parameters for any map, with other ones. */
  readonly rebuild?: ChannelAffine["rebuild"];
}

/** The affine nodes that make a value, as many as go along one axis; undefined where there is none. */
export function affineChainTo(value: Value): AffineChain | undefined {
  const nodes: Node[] = [];
  let map: AffineMap | undefined, x = value, rebuild: AffineChain["rebuild"];
  for (let node = x.producer; node && (nodes.length === 0 || x.soleUser === nodes.at(-1)); node = x.producer) {
    const affine = affineMapOf(node);
    if (!affine) break;
    const both: AffineMap | undefined = map ? composed(affine, map) : affine;
    if (!both) break;
    nodes.push(node);
    map = both;
    x = affine.x;
    rebuild = affine.rebuild ?? rebuild;
  }
  return map && { nodes, map, x, rebuild };
}
