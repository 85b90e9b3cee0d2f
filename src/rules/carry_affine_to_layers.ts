import type { Node, Value } from "../graph/graph.ts";
import type { Builder } from "../ops/builder.ts";
import { Skip } from "../ops/skip.ts";
import { Replacement, type Rule } from "../rewrite/rule.ts";
import { withBias } from "./absorb_down.ts";
import { type AffineMap, composed, hasScale, hasShift } from "../ops/affine_map.ts";
import { AFFINE_OPS, affineOf } from "./affine_of.ts";
import type { Passage } from "./carriers/junction.ts";
import { junctionOf } from "./carriers/junctions.ts";
import { LAYER_OPS, layerOf } from "./layer.ts";

/** Most nodes an affine map is carried past: further away it is left, so that rewriting takes linear time. */
const FARTHEST = 64;

/**
 * An affine map is carried past what it commutes with (Concat, Split, sums of branches, a channel shuffle, Relu and its like
 * where the scale is positive, Clip with other bounds, Resize, DepthToSpace, pools) to the layers before it, or to those
 * after it, which absorb it. Nothing is moved unless all of it is absorbed.
 */
export const carryAffineToLayers: Rule = {
  name: "carry-affine-to-layers",
  summary:
    "An affine map behind or before Concat, Split, Add, Relu, Clip, Resize, DepthToSpace, …: into the layers beyond",
  phase: "absorb",
  roots: AFFINE_OPS,
  rewrite(root, build) {
    const affine = affineOf(root);
    if (!affine || affine instanceof Skip || affine.x.type !== root.output.type) return undefined;
    const reasons: Skip[] = [];
    const producer = affine.x.producer;
    if (producer && junctionOf(producer)) {
      const carried = new Carry(root, affine.x, build);
      const against = carried.up(affine.x, affine) ?? carried.whyNotSmaller();
      if (!against) return carried.replacement();
      reasons.push(against);
    }
    build.reset();
    const carried = new Carry(root, affine.x, build);
    if (![...root.output.users.keys()].some((user) => junctionOf(user))) return reasons[0];
    const against = carried.down(root.output, affine, affine.x) ?? carried.whyNotSmaller();
    return against ? reasons[0] ?? against : carried.replacement();
  },
};

/** One attempt to bring a map to layers. Nodes it passes stay where they are; what they compute changes. */
class Carry {
  readonly #outputs: (readonly [old: Value, now: Value])[];
  readonly #removed: Node[];
  readonly #seen = new Set<Node>();
  #steps = 0;

  constructor(root: Node, x: Value, readonly build: Builder) {
    this.#removed = [root];
    this.#outputs = [[root.output, x]];
  }

  replacement(): Replacement {
    const passed = new Map(this.#outputs.filter(([, now]) => !this.build.nodes.includes(now.producer!)));
    const origin = (value: Value): Value => passed.has(value) ? origin(passed.get(value)!) : value;
    return new Replacement(this.#removed, this.#outputs.map(([old, now]) => [old, origin(now)]));
  }

  /** Where layers need more nodes with the map than without (a MatMul an Add for its bias), nothing is won. */
  whyNotSmaller(): Skip | undefined {
    const [before, after] = [this.#removed.length, this.build.nodes.length];
    return after < before ? undefined : new Skip("not-cheaper", `it would take ${after} nodes instead of ${before}`);
  }

  /** Makes a value come out with the map applied: by the layers that make it. */
  up(value: Value, affine: AffineMap): Skip | undefined {
    if (!hasScale(affine) && !hasShift(affine)) return undefined;
    const used = this.#whyShared(value);
    if (used) return used;
    const layer = layerOf(value);
    if (layer instanceof Skip) return layer;
    if (layer) {
      const now = layer.afterAffine(affine, this.build);
      return now instanceof Skip ? now : this.#replace(layer.nodes, value, now);
    }
    const node = value.producer;
    if (!node) return new Skip("no-layer", `it would have to be applied to '${value.name}', which no node makes`);
    const own = affineOf(node);
    if (own && !(own instanceof Skip) && own.x.type === value.type) {
      if (++this.#steps > FARTHEST) return tooFar();
      const both = composed(own, affine);
      if (!both) return new Skip("other-axis", `${node.label} goes along another axis`);
      return this.#replace([node], value, own.x) ?? this.up(own.x, both);
    }
    const passage = junctionOf(node)?.up(node, value, affine);
    return this.#pass(node, passage, node.inputs[0]!, (side) => this.up(side.value, side.affine));
  }

  /** Makes everybody who takes `value` take `now`, of which it is the map, and give the same. */
  down(value: Value, affine: AffineMap, now: Value): Skip | undefined {
    if (!hasScale(affine) && !hasShift(affine)) return undefined;
    if (value.isOutput) return new Skip("graph-output", `'${value.name}', which would change, is a graph output`);
    for (const [user, count] of value.users) {
      if (user.graph !== this.build.graph || count > 1) {
        return new Skip(
          count > 1 ? "two-paths" : "other-graph",
          `${user.label} takes '${value.name}' ${count > 1 ? "more than once" : "in a subgraph"}`,
        );
      }
      const against = this.#into(user, value, affine, now);
      if (against) return against;
    }
    return undefined;
  }

  #into(user: Node, value: Value, affine: AffineMap, now: Value): Skip | undefined {
    if (user.is("Shape", "Size")) return undefined;
    if (user.is(...LAYER_OPS)) {
      const layer = withBias(user);
      if (layer instanceof Skip) return layer;
      if (layer.x !== value) {
        return new Skip("not-linear", `${user.label} takes '${value.name}', but not as what it is applied to`);
      }
      const result = layer.beforeAffine(affine, now, this.build);
      return result instanceof Skip ? result : this.#replace(layer.nodes, layer.nodes.at(-1)!.output, result);
    }
    const own = affineOf(user);
    if (own && !(own instanceof Skip) && own.x === value && value.type === user.output.type) {
      if (++this.#steps > FARTHEST) return tooFar();
      const both = composed(affine, own);
      if (!both) return new Skip("other-axis", `${user.label} goes along another axis`);
      return this.#replace([user], user.output, now) ?? this.down(user.output, both, now);
    }
    const passage = junctionOf(user)?.down(user, value, affine);
    return this.#pass(user, passage, now, (side) => this.down(side.value, side.affine, side.value));
  }

  /** Takes the first way past a node that leads to layers everywhere. */
  #pass(
    node: Node,
    passage: Passage | Skip | undefined,
    input: Value,
    next: (side: { value: Value; affine: AffineMap }) => Skip | undefined,
  ): Skip | undefined {
    if (!passage) {
      return new Skip("no-layer", `${node.opType} (${node.label}) is in the way, which it does not get past`, {
        isRemote: true,
      });
    }
    if (passage instanceof Skip) return passage;
    if (++this.#steps > FARTHEST) {
      return new Skip("too-far", `the layers that could absorb it are more than ${FARTHEST} nodes away`);
    }
    if (this.#seen.has(node)) return new Skip("two-paths", `it would come to ${node.label} from two sides`);
    this.#seen.add(node);
    if (passage.rebuilt) {
      this.#removed.push(node);
      this.#outputs.push([node.output, passage.rebuilt(input, this.build)]);
    }
    let against: Skip | undefined;
    for (const [index, way] of passage.ways.entries()) {
      const back = index < passage.ways.length - 1 ? this.#mark() : undefined;
      against = undefined;
      for (const side of way) if ((against = next(side))) break;
      if (!against) return undefined;
      back?.();
    }
    return against;
  }

  #replace(nodes: readonly Node[], old: Value, now: Value): Skip | undefined {
    const again = nodes.find((node) => this.#seen.has(node));
    if (again) return new Skip("two-paths", `it would come to ${again.label} from two sides`);
    for (const node of nodes) this.#seen.add(node);
    this.#removed.push(...nodes);
    this.#outputs.push([old, now]);
  }

  #whyShared(value: Value): Skip | undefined {
    if (value.graph !== this.build.graph) {
      return new Skip("other-graph", `'${value.name}' is computed outside the subgraph it is in`);
    }
    if (value.isOutput) return new Skip("graph-output", `'${value.name}', which would change, is a graph output`);
    const users = [...value.users].filter(([user]) => !user.is("Shape", "Size"));
    if (users.reduce((sum, [, count]) => sum + count, 0) > 1) {
      const others = users.map(([user]) => user.label).join(" and ");
      return new Skip("other-user", `'${value.name}', which would change, is used by ${others}`);
    }
  }

  /** Remembers the state; calling the result goes back to it. */
  #mark(): () => void {
    const { nodes, initializers } = this.build, seen = [...this.#seen];
    const lengths = [nodes.length, initializers.length, this.#removed.length, this.#outputs.length];
    return () => {
      nodes.length = lengths[0];
      initializers.length = lengths[1];
      this.#removed.length = lengths[2];
      this.#outputs.length = lengths[3];
      this.#seen.clear();
      for (const node of seen) this.#seen.add(node);
    };
  }
}

function tooFar(): Skip {
  return new Skip("too-far", `the layers that could absorb it are more than ${FARTHEST} nodes away`);
}
