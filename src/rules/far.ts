import type { Node, Value } from "../graph/graph.ts";
import { constantOf } from "../ops/constant.ts";
import { viewsOf } from "../ops/views.ts";
import { FARTHEST } from "./propagation.ts";

/**
 * Whether more nodes than a map is carried past follow one another from a value on, none of them a layer, each the only way to the
 * next. A glance at each tells: to carry the map past them would take hundreds of times as long, for every map of a long chain.
 */
export function isFar(value: Value, next: (value: Value) => Value | undefined): boolean {
  let at: Value | undefined = value;
  for (let count = 0; at && count <= FARTHEST; count++) at = next(at);
  return at !== undefined;
}

/** What a node that only hands a map on makes this value of. */
export function onlyBefore({ producer }: Value): Value | undefined {
  return producer && handedOn(producer);
}

/** What the one node that takes a value, and only hands a map on, makes of it. */
export function onlyAfter(value: Value): Value | undefined {
  const user = value.soleUser;
  return user && user.outputs.length === 1 && handedOn(user) === value ? user.output : undefined;
}

/** The same, where that node is an affine map. */
export function onlyMapAfter(value: Value): Value | undefined {
  const user = value.soleUser;
  return user && viewsOf(user).affine && onlyAfter(value);
}

/** The one computed input of a node that absorbs no map: it is an affine map itself, or hands one on. */
function handedOn(node: Node): Value | undefined {
  const { affine, carry, linear, together } = viewsOf(node), isPerhapsLayer = linear || together;
  if (!affine && !carry?.handsOn) return undefined;
  let only: Value | undefined;
  for (const input of node.inputs) {
    const constant = constantOf(input);
    if (!input || constant && (!isPerhapsLayer || constant.size === 1)) continue;
    if (constant || only) return undefined;
    only = input;
  }
  return only;
}
