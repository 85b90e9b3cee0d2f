import type { Node, Value } from "../graph/graph.ts";
import type { Builder } from "../ops/builder.ts";
import { Skip } from "../ops/skip.ts";
import { type AffineMap, composed } from "../ops/affine_map.ts";
import { affineOf } from "./affine_of.ts";
import { carrierOf, type Carriers } from "./carrier.ts";
import { LAYER_OPS, layerAt, type LinearLayer } from "./layer.ts";

/** An output of the graph as it is, and what gives the same after the map was absorbed. */
export type Absorbed = readonly [old: Value, now: Value];

/**
 * Lets everybody who takes `value`, which is `affine` of `now`, take `now` itself and absorb the map: linear layers
 * directly, carriers and further affine maps by handing it on to all of their users. Every user must agree, or none does.
 * Nodes that are rebuilt or go are added to `removed`.
 */
export function absorbDown(
  value: Value,
  affine: AffineMap,
  now: Value,
  carriers: Carriers,
  build: Builder,
  removed: Node[],
): Absorbed[] | Skip {
  if (value.isOutput) {
    return new Skip("graph-output", `'${value.name}' is a graph output, so it must stay as it is`, { isRemote: true });
  }
  if (value.users.size === 0) return new Skip("no-layer", `nothing takes '${value.name}'`, { isRemote: true });
  const outputs: Absorbed[] = [];
  for (const [user, count] of value.users) {
    if (user.graph !== value.graph) {
      return new Skip(
        "other-graph",
        `'${value.name}' is used by ${user.label} in a subgraph, where the map cannot be absorbed`,
      );
    }
    if (count > 1) return new Skip("other-user", `${user.label} takes '${value.name}' more than once`);
    const absorbed = absorbAt(user, value, affine, now, carriers, build, removed);
    if (absorbed instanceof Skip) return absorbed;
    outputs.push(...absorbed);
  }
  return outputs;
}

function absorbAt(
  user: Node,
  value: Value,
  affine: AffineMap,
  now: Value,
  carriers: Carriers,
  build: Builder,
  removed: Node[],
): Absorbed[] | Skip {
  if (user.is("Shape", "Size")) {
    removed.push(user);
    return [[user.output, build.like(user, [now])]];
  }
  if (user.is(...LAYER_OPS)) {
    const layer = withBias(user);
    if (layer instanceof Skip) return layer;
    if (layer.x !== value) {
      return new Skip("not-linear", `${user.label} takes '${value.name}', but not as what it is applied to`);
    }
    const result = layer.beforeAffine(affine, now, build);
    if (result instanceof Skip) return result;
    removed.push(...layer.nodes);
    return [[layer.nodes[layer.nodes.length - 1].output, result]];
  }
  const next = affineOf(user);
  if (next && !(next instanceof Skip) && next.x === value) {
    const both = composed(affine, next);
    if (!both) return new Skip("other-axis", `${user.label} goes along another axis`);
    removed.push(user);
    return absorbDown(user.output, both, now, carriers, build, removed);
  }
  const carrier = carrierOf(user, carriers);
  if (!carrier || user.inputs[0] !== value) {
    return new Skip("no-layer", `its result goes into ${user.opType} (${user.label}), which is no linear layer`, {
      isRemote: true,
    });
  }
  const after = carrier.down(user, affine);
  if (after instanceof Skip) return after;
  removed.push(user);
  return absorbDown(user.output, after, build.like(user, [now, ...user.inputs.slice(1)]), carriers, build, removed);
}

/** The layer of a node, the addition of a bias included where it is a MatMul with nothing else behind it. */
export function withBias(node: Node): LinearLayer | Skip {
  const [user] = node.output.users.keys();
  if (node.opType === "MatMul" && node.output.users.size === 1 && !node.output.isOutput && user.graph === node.graph) {
    const both = user.is("Add", "Sub") ? layerAt(user) : undefined;
    if (both && !(both instanceof Skip)) return both;
  }
  return layerAt(node)!;
}
