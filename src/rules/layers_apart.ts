import type { Node, Value } from "../graph/graph.ts";
import type { Builder } from "../ops/builder.ts";
import type { Entries } from "../ops/entries.ts";
import type { LinearMap } from "../ops/linear/linear_map.ts";
import { pointwiseLike } from "../ops/linear/pointwise.ts";
import { Skip } from "../ops/skip.ts";
import { carryOf, viewsOf } from "../ops/views.ts";
import { Replacement } from "../rewrite/rule.ts";
import { whyMoreWork } from "./more_work.ts";
import { layerAt } from "./whole_layer.ts";

/** Movements of elements that are looked past. */
const MOST_MOVES = 8;

/** A node that moves elements, and how it treats the channels. */
interface Move {
  readonly node: Node;
  readonly entries: Entries;
  /** Where the channels are before it. */
  readonly from: number;
}

/** A layer, and the movements of elements between it and another one, the last first. */
interface Apart {
  readonly first: LinearMap;
  readonly moves: readonly Move[];
  /** A value between them that something else needs, too. */
  readonly shared?: Value;
}

/**
 * V·m(W·x + a) + b = (V·W)·m(x) + (V·a + b) for movements m that keep the channels together (Transpose and Reshape between a
 * matrix product and a convolution, say): the one layer takes the place of the second, or of the first where only the second
 * treats every position alike. Undefined where no layer is behind movements.
 */
export function composedPastMovements(root: Node, next: LinearMap, build: Builder): Replacement | Skip | undefined {
  const found = layerBehind(next);
  if (!found || found instanceof Skip) return found;
  const { first, moves, shared } = found;
  if (shared) return new Skip("other-user", `'${shared.name}', which would disappear, is needed elsewhere too`);
  const isEarly = isBetterEarly(first, next);
  const emitted = (isEarly ? early(first, next, moves, build) : undefined) ?? late(first, next, moves, build) ??
    (isEarly ? undefined : early(first, next, moves, build));
  if (!emitted) {
    const both = `${first.label} and ${next.label}, behind movements of its result,`;
    return new Skip("other-geometry", `neither of ${both} is a matrix product, or a 1×1 convolution without groups`);
  }
  if (emitted instanceof Skip) return emitted;
  return new Replacement([...next.nodes.toReversed(), ...moves.map(({ node }) => node), ...first.nodes], [[
    root.output,
    emitted,
  ]]);
}

/** The layer that makes what another one takes, where nothing but movements is between them, or why these keep the two apart. */
function layerBehind(next: LinearMap): Apart | Skip | undefined {
  const moves: Move[] = [];
  let value = next.x, { axis } = next.input, shared: Value | undefined, barrier: Node | undefined;
  for (let count = 0; count <= MOST_MOVES; count++) {
    const node = value.producer, x = node?.inputs[0];
    if (!node || !x || node.graph !== next.nodes[0].graph || node.outputs.length !== 1) return undefined;
    if (!value.soleUser) shared ??= value;
    const first = count > 0 ? layerAt(node) : undefined;
    if (first && !barrier && first.output.axis === axis) return { first, moves, shared };
    if (first) return shared ? undefined : whyApart(first, next, barrier);
    if (carryOf(node)?.kind !== "movement") return undefined;
    const move = barrier ? undefined : moveAlong(node, axis);
    if (move) {
      moves.push(move);
      axis = move.from;
    } else barrier ??= node;
    value = x;
  }
}

/** How a node moves what is along an axis, all of which stays together. */
function moveAlong(node: Node, axis: number): Move | undefined {
  const { fewerMovements, entries: entriesOf } = viewsOf(node);
  const entries = fewerMovements && entriesOf?.(node, axis), [from, ...others] = entries?.axes ?? [];
  if (!entries || entries.per !== undefined || typeof from !== "number") return undefined;
  return others.every((at) => at === null) ? { node, entries, from } : undefined;
}

/** What keeps two layers apart: a movement that layers are not composed past, or the axes of their channels. */
function whyApart(first: LinearMap, next: LinearMap, barrier: Node | undefined): Skip {
  const both = `${first.label} and ${next.label} stay two layers`, remote = { isRemote: true };
  if (!barrier) {
    return new Skip("other-axis", `${both}: the channels of the first are not along the axis of the second's`, remote);
  }
  const why =
    `${barrier.label} (${barrier.opType}), between them, moves elements in a way that no layer is composed past`;
  return new Skip("other-geometry", `${both}: ${why}`, remote);
}

/** Whether fewer elements are moved behind both layers than before them; movements in front of both become fewer, too. */
function isBetterEarly(first: LinearMap, next: LinearMap): boolean {
  const before = first.x.producer, isMoved = before !== undefined && viewsOf(before).fewerMovements !== undefined;
  return !isMoved && next.output.channels < first.input.channels;
}

/** The layer in the place of the second, what it takes being moved instead of the result of the first. */
function late(first: LinearMap, next: LinearMap, moves: readonly Move[], build: Builder): Value | Skip | undefined {
  build.reset();
  const x = moved(first.x, moves.toReversed(), first.input.channels, build), like = pointwiseLike(first, next, x);
  return like && composed(like, next, build);
}

/** The layer in the place of the first, its result being moved. */
function early(first: LinearMap, next: LinearMap, moves: readonly Move[], build: Builder): Value | Skip | undefined {
  build.reset();
  const like = pointwiseLike(next, first, next.x), now = like && composed(first, like, build);
  return !now || now instanceof Skip ? now : moved(now, moves.toReversed(), next.output.channels, build);
}

function composed(first: LinearMap | Skip, next: LinearMap | Skip, build: Builder): Value | Skip {
  if (first instanceof Skip) return first;
  if (next instanceof Skip) return next;
  const both = first.then(next);
  return both instanceof Skip ? both : whyMoreWork(both) ?? both.emit(build);
}

/** A value moved as another one of other channels was. */
function moved(value: Value, moves: readonly Move[], channels: number, build: Builder): Value {
  return moves.reduce((x, { node, entries }) => {
    const inputs = node.inputs.with(0, x);
    return entries.emit?.(inputs, channels, build) ?? build.like(node, inputs);
  }, value);
}
