import type { Node, Value } from "../graph/graph.ts";
import { emitAffine } from "../ops/affine/emit_affine.ts";
import { type AffineMap, type ChannelAffine, composed, hasScale, hasShift } from "../ops/affine_map.ts";
import type { Carry, Commuted, Transfer } from "../ops/carry/carry.ts";
import type { LinearMap } from "../ops/linear/linear_map.ts";
import { Skip } from "../ops/skip.ts";
import { affineMapOf, carryOf, layerOf, linearOf, readsShapeOnly, viewsOf } from "../ops/views.ts";
import { oneSource } from "./one_source.ts";
import { StagedMoves } from "./staged_moves.ts";
import { withBias } from "./whole_layer.ts";

/** Users that one sentence names. */
const NAMED = 4;

/** Most nodes an affine map is carried past: further away it is left, so that rewriting takes linear time. */
export const FARTHEST = 64;

const NONE: ReadonlySet<Node> = new Set();

/**
 * One attempt to bring an affine map to the layers before it (`up`), to those after it (`down`), or a part of it each way: the
 * only way a map is moved. Nodes it gets past stay where they are; what they compute changes. Nothing is moved unless all of it
 * is absorbed: the graph changes when the driver commits {@linkcode Propagation.replacement}.
 */
export class Propagation extends StagedMoves {
  #steps = 0;

  /** Makes a value come out with the map applied, by the layers that make it. Returns why that cannot be. */
  up(value: Value, affine: AffineMap, inside: ReadonlySet<Node> = NONE): Skip | undefined {
    if (!hasScale(affine) && !hasShift(affine)) return undefined;
    const used = this.#whyShared(value, affine, inside), node = value.producer;
    if (used) return used;
    if (!node) {
      const applied = this.#steps > 0 ? "it would have to be applied" : "it is applied";
      return new Skip("no-layer", `${applied} to '${value.name}', which no node makes`, { isRemote: true });
    }
    const taken = node.outputs[0] === value ? viewsOf(node).takeAffine?.(node, affine, this.build) : undefined;
    if (taken) return taken instanceof Skip ? taken : this.#take([node], value, taken);
    const layer = layerOf(node);
    if (layer instanceof Skip) return layer;
    if (layer) return this.#absorb(layer.after(affine), layer, value);
    const own = affineMapOf(node);
    if (own) {
      const both = composed(own, affine), merged = both && this.#merged(node, own, both);
      if (merged) return this.#take([node], value, merged);
      if (!both && !carryOf(node)) return new Skip("other-axis", `${node.label} goes along another axis`);
      if (both) return this.#step(node) ?? this.replace([node], value, own.x) ?? this.up(own.x, both);
    }
    const back = this.mark();
    const against = this.#past(
      node,
      (carry) => carry.up(node, value, affine),
      node.inputs[0]!,
      (transfer) => this.up(transfer.value, transfer.affine),
      `its input comes from ${node.opType} (${node.label}), which is no linear layer`,
    );
    const source = against && !this.start.past ? oneSource(value, affine) : undefined;
    if (!source || source.value === value) return against;
    back();
    for (const node of source.nodes) this.visited.add(node);
    return this.up(source.value, affine, source.nodes) && against;
  }

  /** Makes every node that takes `value` take `now`, of which it is the map, and give the same. Returns why that cannot be. */
  down(value: Value, affine: AffineMap, now: Value): Skip | undefined {
    if (!hasScale(affine) && !hasShift(affine)) return undefined;
    if (value.isOutput) {
      return new Skip("graph-output", `'${value.name}' is a graph output, so it must stay as it is`, {
        isRemote: true,
      });
    }
    if (value.users.size === 0) return new Skip("no-layer", `nothing takes '${value.name}'`, { isRemote: true });
    for (const [user, count] of value.users) {
      if (user.graph !== this.build.graph) {
        return new Skip(
          "other-graph",
          `'${value.name}' is used by ${user.label} in a subgraph, where the map cannot be absorbed`,
        );
      }
      if (count > 1) return new Skip("two-paths", `${user.label} takes '${value.name}' more than once`);
      const against = this.#into(user, value, affine, now);
      if (against) return against;
    }
  }

  #into(user: Node, value: Value, affine: AffineMap, now: Value): Skip | undefined {
    if (readsShapeOnly(user)) return undefined;
    const layer = layerOf(user);
    if (layer instanceof Skip) return layer;
    if (layer) {
      if (layer.x !== value) {
        return new Skip("not-linear", `${user.label} takes '${value.name}', but not as what it is applied to`);
      }
      const whole = withBias(layer);
      return this.#absorb(whole.before(affine, now), whole, whole.result);
    }
    const own = affineMapOf(user);
    if (own?.x === value) {
      const both = composed(affine, own);
      if (!both && !carryOf(user)) return new Skip("other-axis", `${user.label} goes along another axis`);
      if (both) return this.#step(user) ?? this.replace([user], user.output, now) ?? this.down(user.output, both, now);
    }
    const back = this.mark();
    const against = this.#past(
      user,
      (carry) => carry.down(user, value, affine),
      now,
      (transfer) => this.down(transfer.value, transfer.affine, transfer.value),
      `its result goes into ${user.opType} (${user.label}), which is no linear layer`,
    );
    if (!against) return undefined;
    back();
    return this.#otherwise(user, value, affine) ? against : undefined;
  }

  /** Gives a scale that a product would get by one operand to the other one. Returns whether that cannot be. */
  #otherwise(user: Node, value: Value, affine: AffineMap): boolean {
    const carry = hasShift(affine) || this.start.past ? undefined : carryOf(user);
    const down = carry?.down(user, value, affine);
    if (!carry || !down || down instanceof Skip || down.rebuild) return true;
    const [[result]] = down.alternatives, up = result && carry.up(user, result.value, result.affine);
    if (!up || up instanceof Skip || up.rebuild || this.#step(user)) return true;
    const others = up.alternatives.filter((transfers) => transfers.every((transfer) => transfer.value !== value));
    return others.every((transfers) => {
      const back = this.mark();
      const isBlocked = transfers.some((transfer) => this.up(transfer.value, transfer.affine));
      if (isBlocked) back();
      return isBlocked;
    });
  }

  /** Gets past a node by the first alternative that leads to layers everywhere. */
  #past(
    node: Node,
    commute: (carry: Carry) => Commuted | Skip,
    input: Value,
    next: (transfer: Transfer) => Skip | undefined,
    otherwise: string,
  ): Skip | undefined {
    const carry = carryOf(node), { past } = this.start;
    if (!carry || past && !past.includes(carry.kind)) {
      const near = carry && linearOf(node);
      if (near instanceof Skip) return near;
      const blocked = `${node.opType} (${node.label}) is in the way, which it does not get past`;
      return new Skip("no-layer", this.#steps > 0 ? blocked : otherwise, { isRemote: true });
    }
    const commuted = commute(carry);
    if (commuted instanceof Skip) return commuted;
    const again = this.#step(node);
    if (again) return again;
    if (commuted.rebuild) {
      this.removed.push(node);
      this.outputs.push([node.output, commuted.rebuild(input, this.build)]);
    }
    let against: Skip | undefined;
    for (const [index, transfers] of commuted.alternatives.entries()) {
      const back = index < commuted.alternatives.length - 1 ? this.mark() : undefined;
      against = undefined;
      for (const transfer of transfers) if ((against = next(transfer))) break;
      if (!against) return undefined;
      back?.();
    }
    return against;
  }

  /** The affine map that a node is as another one, where the map that is moved may end there; undefined where that is no one node. */
  #merged(node: Node, { x, rebuild }: ChannelAffine, map: AffineMap): Value | undefined {
    if (!this.start.endsInMaps || x.type === undefined || x.type !== node.output.type) return undefined;
    const back = this.mark(), { length } = this.build.nodes;
    const now = rebuild ? rebuild(map, x, this.build) : emitAffine(map, x, [node], this.build);
    if (now && this.build.nodes.length === length + 1) return now;
    back();
  }

  #absorb(map: LinearMap | Skip, { nodes }: LinearMap, value: Value): Skip | undefined {
    if (map instanceof Skip) return map;
    const now = map.emit(this.build);
    return now instanceof Skip ? now : this.#take(nodes, value, now);
  }

  /** Puts what a node, or a layer of several, becomes with the map in its place. */
  #take(nodes: readonly Node[], value: Value, now: Value): Skip | undefined {
    const again = nodes.find((node) => this.visited.has(node)), last = nodes[nodes.length - 1];
    if (again) return new Skip("two-paths", `it would come to ${again.label} by two paths`);
    for (const node of nodes) this.visited.add(node);
    const { outputs } = last, made = now.producer?.outputs ?? [];
    if (outputs.length < 2) return this.replace(nodes, value, now);
    const surplus = outputs.find((old, index) => old && !made[index]);
    if (surplus) {
      return new Skip(
        "unsupported-form",
        `${last.label} has an output '${surplus.name}' that its operator has not`,
      );
    }
    this.removed.push(...nodes);
    for (const [index, old] of outputs.entries()) {
      const own = made[index];
      if (old && own) this.outputs.push([old, own]);
    }
  }

  #step(node: Node): Skip | undefined {
    if (++this.#steps > FARTHEST) return tooFar();
    if (this.visited.has(node)) return new Skip("two-paths", `it would come to ${node.label} by two paths`);
    this.visited.add(node);
  }

  #whyShared(value: Value, affine: AffineMap, inside: ReadonlySet<Node>): Skip | undefined {
    if (value.graph !== this.build.graph) {
      return new Skip("other-graph", `its input '${value.name}' is computed outside the subgraph it is in`);
    }
    const what = `'${value.name}', which would ${this.#steps > 0 ? "change" : "disappear"}`;
    if (value.isOutput) return new Skip("graph-output", `${what}, is a graph output`);
    const users: Node[] = [];
    let uses = 0;
    for (const [user, count] of value.users) {
      if (inside.has(user) || readsShapeOnly(user) || isUntouched(user, value, affine)) continue;
      users.push(user);
      uses += count;
      if (users.length > NAMED) break; // of thousands of users each would ask for all
    }
    if (uses <= 1) return undefined;
    const others = this.#steps > 0 ? users : users.filter((user) => !this.visited.has(user));
    const names = [...new Set(others.map(({ label }) => label))];
    const labels = users.length > NAMED ? `${names.slice(0, NAMED - 1).join(", ")} and others` : names.join(" and ");
    if (labels === "") return new Skip("other-user", `${what}, is used more than once`);
    return new Skip("other-user", `${what}, is ${this.#steps > 0 ? "used" : "also used"} by ${labels}`);
  }
}

/** That layers are farther than a map is carried. */
export function tooFar(): Skip {
  return new Skip("too-far", `the layers that could absorb it are more than ${FARTHEST} nodes away`);
}

/** Whether a node does not see a map of one of its inputs: it takes other entries of it. */
function isUntouched(node: Node, input: Value, affine: AffineMap): boolean {
  const commuted = affine.axis === null ? undefined : carryOf(node)?.down(node, input, affine);
  if (!commuted || commuted instanceof Skip || commuted.rebuild) return false;
  return commuted.alternatives.some((transfers) =>
    transfers.every(({ affine }) => !hasScale(affine) && !hasShift(affine))
  );
}
