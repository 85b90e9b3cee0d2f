import type { Node } from "../graph/graph.ts";
import {
  type AffineMap,
  type ChannelAffine,
  composed,
  hasScale,
  hasShift,
  scaleOf,
  shiftBefore,
} from "../ops/affine_map.ts";
import { emitAffine } from "../ops/affine/emit_affine.ts";
import type { Builder } from "../ops/builder.ts";
import type { Carry } from "../ops/carry/carry.ts";
import { Skip } from "../ops/skip.ts";
import { affineMapOf, affineOf, operatorsWith } from "../ops/views.ts";
import type { Replacement, Rule } from "../rewrite/rule.ts";
import { isFar, onlyMapAfter } from "./far.ts";
import { Propagation, tooFar } from "./propagation.ts";

const PAST: readonly Carry["kind"][] = ["movement", "pooling"];

/**
 * W·(a·x + t) + b = (W·a)·x + (W·t + b), directly or through pools and operators that only move elements, into every layer
 * that takes the result. Where a convolution pads its input, a shift would show at the border: then it is left alone.
 */
export const fuseAffineIntoNextLayer: Rule = {
  name: "fuse-affine-into-next-layer",
  summary: "An affine map (BatchNormalization, Mul, Add, …) before linear layers: into their weights",
  phase: "absorb",
  roots: operatorsWith("affine"),
  rewrite(root, build) {
    const affine = affineOf(root);
    if (!affine || affine instanceof Skip) return affine;
    if (isFar(root.output, onlyMapAfter)) return tooFar();
    const propagation = new Propagation(build, { nodes: [root], result: root.output, now: affine.x, past: PAST });
    const against = propagation.down(root.output, affine, affine.x);
    if (against) return leavingShift(root, affine, build) ?? against;
    if (!propagation.whyNotSmaller()) return propagation.replacement();
    return new Skip("not-cheaper", "it would save nothing: its shift would become an addition behind the layer");
  },
};

/** Most nodes that are looked at together: exporters write few, and of thousands each would look at all that follow. */
const MOST_IN_CHAIN = 8;

/**
 * s·x + t = s·(x + t/s): where only the shift is in the way and several nodes make the map (Mul and Add, say), one addition
 * stays and the scale goes into the layers.
 */
function leavingShift(root: Node, affine: ChannelAffine, build: Builder): Replacement | undefined {
  let map: AffineMap = affine, { output } = root;
  const chain = [root];
  for (let next: Node | undefined; chain.length < MOST_IN_CHAIN && (next = output.soleUser); output = next.output) {
    const own = affineMapOf(next), both = own?.x === output ? composed(map, own) : undefined;
    if (!both) break;
    map = both;
    chain.unshift(next);
  }
  const before = hasShift(map) && hasScale(map) ? shiftBefore(map) : undefined;
  if (chain.length < 2 || !before) return undefined;
  build.reset();
  const sum = emitAffine(before, affine.x, chain, build);
  if (!sum) return undefined;
  const propagation = new Propagation(build, { nodes: chain, result: output, now: sum, past: PAST });
  return propagation.down(output, scaleOf(map), sum) ? undefined : propagation.replacement();
}
