import type { Node } from "../graph/graph.ts";
import type { Skip } from "../ops/skip.ts";
import type { AffineMap } from "../ops/affine_map.ts";
import { POOL_CARRIERS } from "./carriers/pool_ops.ts";
import { SHAPE_CARRIERS } from "./carriers/shape_ops.ts";

/** An operator an affine map can be carried through: op(a·x + t) = a'·op(x) + t'. */
export interface Carrier {
  /** The map the first input must get so that the output gets `affine`, or why there is none. */
  up(node: Node, affine: AffineMap): AffineMap | Skip;
  /** The map the output gets when the first input gets `affine`, or why it gets none. */
  down(node: Node, affine: AffineMap): AffineMap | Skip;
}

/** Carriers by operator. */
export type Carriers = Readonly<Record<string, Carrier>>;

/** Operators that only move elements about; a map goes through them in both directions. */
export const MOVERS: Carriers = SHAPE_CARRIERS;

/** Those, and pools with one input and one output. */
export const MOVERS_AND_POOLS: Carriers = { ...SHAPE_CARRIERS, ...POOL_CARRIERS };

/** The carrier of a node among some; undefined where its operator is none of them. */
export function carrierOf(node: Node, carriers: Carriers): Carrier | undefined {
  return node.domain === "" && Object.hasOwn(carriers, node.opType) ? carriers[node.opType] : undefined;
}
