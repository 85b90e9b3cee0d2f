import type { Node } from "../graph/graph.ts";
import { LinearMap } from "../ops/linear/linear_map.ts";
import { Skip } from "../ops/skip.ts";
import { whyUnevaluated } from "../ops/unevaluated.ts";
import { layerOf, linearOf, operatorsWith } from "../ops/views.ts";
import { Replacement, type Rule } from "../rewrite/rule.ts";
import { branchesAt, isDiagonal, type Refusals, shapesOf } from "./branches.ts";
import { composedPastMovements } from "./layers_apart.ts";
import { whyMoreWork } from "./more_work.ts";

/**
 * V·(W·x + a) + b = (V·W)·x + (V·a + b) for two layers, one after the other, where that holds at the borders too and takes no
 * more multiply-accumulates and weights. A bottleneck (wide → narrow → wide) and a depthwise convolution before a pointwise
 * one are cheaper apart, and stay.
 */
export const composeLayers: Rule = {
  name: "compose-layers",
  summary:
    "Conv after Conv or SpaceToDepth (Focus), Conv and ConvTranspose, MatMul after MatMul or Conv, past Transpose and Reshape: one layer, where it is no more work",
  phase: "compose",
  roots: operatorsWith("linear"),
  rewrite(root, build) {
    const own = layerOf(root) ?? factorOf(root);
    if (!own) return whyUnevaluated(root);
    const refused: Refusals = new Map(), reasons: Skip[] = [];
    for (const map of branchesAt(root, refused, undefined, true).values()) {
      if (isDiagonal(map)) continue;
      if (map.parts.layers < 2 && !isBehindMovement(map, own) && !isScaled(map)) {
        const moreWork = map.nodes.length > 1 ? whyMoreWork(map) : undefined;
        if (moreWork) reasons.push(moreWork);
        continue;
      }
      const shapes = shapesOf(map);
      if (!shapes) continue;
      const emitted = whyMoreWork(map) ?? map.emit(build);
      if (!(emitted instanceof Skip)) {
        return new Replacement([...map.nodes].reverse(), [[root.output, emitted], ...shapes]);
      }
      reasons.push(emitted);
    }
    const apart = own instanceof LinearMap && !own.holdsFactor ? composedPastMovements(root, own, build) : undefined;
    if (apart instanceof Replacement) return apart;
    if (apart) reasons.push(apart);
    const before = own instanceof LinearMap ? own.x.producer : undefined;
    if (reasons.length === 0 && before && layerOf(before)) reasons.push(...refused.values());
    return reasons[0] ?? whyUnevaluated(root);
  },
};

/** Whether a map is a layer behind something linear without arithmetic of its own: cells put side by side in channels. */
function isBehindMovement({ nodes, parts: { layers, work } }: LinearMap, own: LinearMap | Skip): boolean {
  return layers === 1 && nodes.length > 1 && own instanceof LinearMap && work.macs === own.parts.work.macs;
}

/** A product with several axes at once, which is no layer, but goes into one that has them. */
function factorOf(node: Node): LinearMap | undefined {
  const map = linearOf(node);
  return map instanceof LinearMap && map.holdsFactor ? map : undefined;
}

/** Whether a map is a layer and a product with several axes at once. */
function isScaled({ parts: { layers }, nodes, holdsFactor }: LinearMap): boolean {
  return holdsFactor && layers === 1 && nodes.length > 1;
}
