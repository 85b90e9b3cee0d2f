import { channelsOf, emitPart, regionBehind } from "../ops/cut_region.ts";
import { partedLayer } from "../ops/linear/parted.ts";
import { Skip } from "../ops/skip.ts";
import { layerOf, operatorsWith } from "../ops/views.ts";
import { Replacement, type Rule } from "../rewrite/rule.ts";

/**
 * f(W·x + b) cut into parts = f(Wₚ·x + bₚ) for each part p of the rows of W, where f treats every channel by itself: one
 * layer per part instead of a copy of each, with what moves it around. Between the layer and the cut may stand a Reshape that makes
 * several axes of the channels, of which the first is cut: the query, key and value of an attention.
 */
export const partLayer: Rule = {
  name: "part-layer",
  summary:
    "Conv, MatMul or Gemm (and activation, Reshape, Transpose) whose result is cut into channels: one layer per part",
  phase: "lower",
  runtimes: ["onnxruntime-cpu"],
  roots: operatorsWith("linear"),
  rewrite(root, build, { isGated }) {
    const layer = layerOf(root);
    const region = layer && regionBehind(root, layer instanceof Skip ? CHANNELS : layer.output.axis);
    if (!layer || layer instanceof Skip || !region) return region && layer as Skip;
    const parted = partedLayer(layer);
    if (!parted || parted instanceof Skip) return parted;
    const slow = isGated ? parted.whyNotFaster(region.parts.map((part) => channelsOf(part, region.per))) : undefined;
    if (slow) return slow;
    const made = region.parts.map((part) => [part.value, emitPart(root, region, part, parted, build)] as const);
    return new Replacement([root, ...region.nodes.keys(), ...region.cuts], made);
  },
};

/** The axis of channels, where it is not known of a node that is no layer. */
const CHANNELS = 1;
