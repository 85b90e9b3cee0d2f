import type { Node } from "../graph/graph.ts";
import { Skip } from "../ops/skip.ts";
import { costAt, costOf } from "../rewrite/cost.ts";

/** Multiply-accumulates below which a better kernel does not make up for what a call of it takes (`deno task bench:calibrate`). */
const LEAST_MACS = 1e5;
/** Length that open dimensions are taken to have. */
const USUAL = 56;

/** Why a node has too little arithmetic for a better kernel to show; undefined where it has enough, or that cannot be known. */
export function whyLittleWork(node: Node): Skip | undefined {
  const macs = costOf([node]).macs ?? costAt([node], USUAL).macs ?? LEAST_MACS;
  return macs >= LEAST_MACS
    ? undefined
    : new Skip("not-cheaper", `it is so small (${macs} multiply-accumulates) that the better kernel gains nothing`);
}
