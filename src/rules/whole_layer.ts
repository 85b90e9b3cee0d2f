import type { Node } from "../graph/graph.ts";
import { type ChannelAffine, hasScale } from "../ops/affine_map.ts";
import { LinearMap } from "../ops/linear/linear_map.ts";
import { Skip } from "../ops/skip.ts";
import { affineMapOf, layerOf } from "../ops/views.ts";

/** The layer with the affine map behind it, where nothing else takes its result, and the map is one of these. */
export function withNext(layer: LinearMap, isTaken: (affine: ChannelAffine) => boolean = () => true): LinearMap {
  const { result } = layer, next = result.soleUser, affine = next && affineMapOf(next);
  if (!next || affine?.x !== result || !isTaken(affine)) return layer;
  const both = layer.after(affine, [next]);
  return both instanceof Skip ? layer : both;
}

/** The layer with the addition behind it that is its bias, where its operator has no input for one. */
export function withBias(layer: LinearMap): LinearMap {
  return layer.takesBias ? layer : withNext(layer, (affine) => !hasScale(affine));
}

/** The layer that a node is, or whose bias it adds. */
export function layerAt(node: Node): LinearMap | undefined {
  const own = layerOf(node);
  if (own) return own instanceof Skip ? undefined : own;
  const producer = affineMapOf(node)?.x.producer, layer = producer && layerOf(producer);
  const whole = layer instanceof LinearMap ? withBias(layer) : undefined;
  return whole?.result === node.output ? whole : undefined;
}
