import type { Node, Value } from "../graph/graph.ts";
import { type ChannelAffine, hasScale, hasShift, scaleOf, shiftOf } from "../ops/affine_map.ts";
import { Skip } from "../ops/skip.ts";
import { affineOf, carryOf, operatorsWith } from "../ops/views.ts";
import type { Rule } from "../rewrite/rule.ts";
import { Propagation } from "./propagation.ts";

/** One way to bring a map to layers; why it does not lead there. */
type Way = (propagation: Propagation, affine: ChannelAffine, result: Value) => Skip | undefined;

const up: Way = (propagation, affine) => propagation.up(affine.x, affine);
const down: Way = (propagation, affine, result) => propagation.down(result, affine, affine.x);

/** s·x + t: the scale to the layers before it, the shift to those after it. */
const scaleUp: Way = (propagation, affine, result) =>
  propagation.up(affine.x, scaleOf(affine)) ?? propagation.down(result, shiftOf(affine, "after")!, affine.x);

/** s·(x + t/s): the shift to the layers before it, the scale to those after it. */
const scaleDown: Way = (propagation, affine, result) => {
  const shift = shiftOf(affine, "before");
  if (!shift) return new Skip("invalid-parameter", "its scale is 0 in a channel that it shifts");
  return propagation.up(affine.x, shift) ?? propagation.down(result, scaleOf(affine), affine.x);
};

/**
 * An affine map is carried past what it commutes with (joins and parts of channels, sums of branches, a channel shuffle, Relu
 * and its like where the scale is positive, clips with other bounds, interpolations, pools) to the layers before it, or to
 * those after it, which absorb it; its scale one way and its shift the other where only that leads to layers.
 */
export const carryAffineToLayers: Rule = {
  name: "carry-affine-to-layers",
  summary:
    "An affine map near what it commutes with (Concat, Split, Add, Relu, Clip, Resize, …): into the layers beyond",
  phase: "absorb",
  roots: operatorsWith("affine"),
  rewrite(root, build) {
    const affine = affineOf(root);
    if (!affine || affine instanceof Skip) return undefined;
    let reason: Skip | undefined;
    for (const way of waysFor(root, affine)) {
      build.reset();
      const propagation = new Propagation(build, { nodes: [root], result: root.output, now: affine.x });
      const against = way(propagation, affine, root.output) ?? propagation.whyNotSmaller();
      if (!against) return propagation.replacement();
      reason ??= against;
    }
    return reason;
  },
};

/** The ways that begin at an operator it commutes with, both parts together first. */
function waysFor(root: Node, affine: ChannelAffine): Way[] {
  const { producer } = affine.x, isBehind = producer !== undefined && carryOf(producer) !== undefined;
  const isBefore = [...root.output.users.keys()].some((user) => carryOf(user) !== undefined);
  const ways = [...isBehind ? [up] : [], ...isBefore ? [down] : []];
  return ways.length > 0 && hasScale(affine) && hasShift(affine) ? [...ways, scaleUp, scaleDown] : ways;
}
