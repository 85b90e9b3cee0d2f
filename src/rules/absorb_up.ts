import type { Node, Value } from "../graph/graph.ts";
import type { Builder } from "../ops/builder.ts";
import { Skip } from "../ops/skip.ts";
import type { AffineMap } from "../ops/affine_map.ts";
import { carrierOf, type Carriers } from "./carrier.ts";
import { layerOf } from "./layer.ts";

/**
 * The value with an affine map applied to it, the map absorbed by the linear layer that made the value, if need be through
 * carriers in between. Nodes that are rebuilt on the way are added to `removed`.
 */
export function absorbUp(
  value: Value,
  affine: AffineMap,
  carriers: Carriers,
  build: Builder,
  removed: Node[],
): Value | Skip {
  if (value.graph !== build.graph) {
    return new Skip("other-graph", `its input '${value.name}' is computed outside the subgraph it is in`);
  }
  const layer = layerOf(value);
  if (layer instanceof Skip) return layer;
  if (layer) {
    removed.push(...layer.nodes);
    const result = layer.afterAffine(affine, build);
    if (!(result instanceof Skip)) build.sameShape.set(value, result);
    return result;
  }
  const node = value.producer;
  if (!node) return new Skip("no-layer", `it is applied to '${value.name}', which no node makes`, { isRemote: true });
  const carrier = carrierOf(node, carriers);
  if (!carrier || node.outputs[0] !== value) {
    return new Skip("no-layer", `its input comes from ${node.opType} (${node.label}), which is no linear layer`, {
      isRemote: true,
    });
  }
  const before = carrier.up(node, affine);
  if (before instanceof Skip) return before;
  removed.push(node);
  const input = absorbUp(node.inputs[0]!, before, carriers, build, removed);
  if (input instanceof Skip) return input;
  const result = build.like(node, [input, ...node.inputs.slice(1)]);
  build.sameShape.set(value, result);
  return result;
}
