import type { Node, Value } from "../graph/graph.ts";
import { type ChannelAffine, hasScale, hasShift, scaleOf, shiftBefore, shiftOf } from "../ops/affine_map.ts";
import { Skip } from "../ops/skip.ts";
import { affineMapOf, carryOf, operatorsWith } from "../ops/views.ts";
import type { Rule } from "../rewrite/rule.ts";
import { isFar, onlyAfter, onlyBefore } from "./far.ts";
import { Propagation, tooFar } from "./propagation.ts";

/** One way to bring a map to layers, or to another map; why it does not lead there. */
type Way = (propagation: Propagation, affine: ChannelAffine, result: Value) => Skip | undefined;

const up: Way = (propagation, affine) => propagation.up(affine.x, affine);
const down: Way = (propagation, affine, result) => propagation.down(result, affine, affine.x);

/** To an affine map before it, or to layers and such maps. */
const intoMaps: Way = (propagation, affine) => propagation.up(affine.x, affine);

/** s·x + t: the scale to the layers before it, the shift to those after it. */
const scaleUp: Way = (propagation, affine, result) =>
  propagation.up(affine.x, scaleOf(affine)) ?? propagation.down(result, shiftOf(affine), affine.x);

/** s·(x + t/s): the shift to the layers before it, the scale to those after it. */
const scaleDown: Way = (propagation, affine, result) => {
  const shift = shiftBefore(affine);
  if (!shift) return new Skip("invalid-parameter", "its scale is 0 in a channel that it shifts");
  return propagation.up(affine.x, shift) ?? propagation.down(result, scaleOf(affine), affine.x);
};

/**
 * An affine map is carried past what it commutes with (joins and parts of channels, sums of branches, a channel shuffle, Relu
 * and its like where the scale is positive, clips with other bounds, interpolations, pools) to the layers before it, or to
 * those after it, which absorb it; its scale one way and its shift the other where only that leads to layers. Where nothing does,
 * it ends in another affine map before it.
 */
export const carryAffineToLayers: Rule = {
  name: "carry-affine-to-layers",
  summary:
    "An affine map near what it commutes with (Concat, Split, Add, Relu, Clip, Resize, …): into the layers beyond, or the affine map before",
  phase: "absorb",
  roots: operatorsWith("affine"),
  rewrite(root, build) {
    const affine = affineMapOf(root);
    if (!affine) return undefined;
    const [ways, far] = waysFor(root, affine);
    let reason = ways.length === 0 ? far : undefined;
    for (const way of ways) {
      build.reset();
      const start = { nodes: [root], result: root.output, now: affine.x };
      const propagation = new Propagation(build, way === intoMaps ? { ...start, endsInMaps: true } : start);
      const against = way(propagation, affine, root.output) ?? propagation.whyNotSmaller();
      if (!against) return propagation.replacement();
      reason ??= against;
    }
    return reason;
  },
};

/** The ways that begin at an operator it commutes with, both parts together first; and why those that are left out lead nowhere. */
function waysFor(root: Node, affine: ChannelAffine): [ways: Way[], far: Skip | undefined] {
  const { producer } = affine.x, isBehind = producer !== undefined && carryOf(producer) !== undefined;
  const isBefore = [...root.output.users.keys()].some((user) => carryOf(user) !== undefined);
  if (!isBehind && !isBefore) return [[], undefined];
  const isOpenUp = !isFar(affine.x, onlyBefore), isOpenDown = !isFar(root.output, onlyAfter);
  const ways = [...isBehind && isOpenUp ? [up] : [], ...isBefore && isOpenDown ? [down] : []];
  if (isOpenUp && isOpenDown && hasScale(affine) && hasShift(affine)) ways.push(scaleUp, scaleDown);
  if (isBehind && isOpenUp) ways.push(intoMaps);
  return [ways, isOpenUp && isOpenDown ? undefined : tooFar()];
}
