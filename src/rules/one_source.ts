import type { Node, Value } from "../graph/graph.ts";
import { type AffineMap, hasShift } from "../ops/affine_map.ts";
import type { Transfer } from "../ops/carry/carry.ts";
import { constantOf } from "../ops/constant.ts";
import { Skip } from "../ops/skip.ts";
import { affineMapOf, carryOf, readsShapeOnly } from "../ops/views.ts";

/** A value that several ways lead to. */
export interface OneSource {
  /** The value. */
  readonly value: Value;
  /** What lies between it and the result: nothing else takes what is made there. */
  readonly nodes: ReadonlySet<Node>;
}

/** Most nodes between a result and the one value that it is made of. */
const MOST_NODES = 24;

/**
 * The one value of which a multiple makes the same multiple of a result, by whatever ways it goes: rotated positions,
 * x·cos + rotate(x)·sin, say. Undefined where there is none near, or something else sees what lies between.
 */
export function oneSource(result: Value, affine: AffineMap): OneSource | undefined {
  if (affine.axis !== null || hasShift(affine)) return undefined;
  const nodes = new Set<Node>(), open = new Set([result]), seen = new Set([result]), others = new Set<Value>();
  const isInside = (value: Value) =>
    !value.isOutput && [...value.users.keys()].every((user) => nodes.has(user) || readsShapeOnly(user));
  while (nodes.size < MOST_NODES) {
    const [value] = open;
    if (nodes.size > 1 && open.size === 1 && isInside(value)) return { value, nodes };
    let before: readonly Value[] | undefined;
    for (const value of open) {
      const node = value.producer;
      if (!node?.outputs.every((output) => output && (output === result || isInside(output)))) continue;
      before = node.graph === result.graph ? multiplied(node, value, open, affine) : undefined;
      if (!before) continue;
      nodes.add(node);
      for (const output of node.outputs) if (output) open.delete(output);
      for (const input of before) {
        open.add(input);
        seen.add(input);
      }
      for (const input of othersThan(before, node)) others.add(input);
      break;
    }
    // a product of two multiples is a multiple by the square
    if (!before || [...others].some((value) => seen.has(value))) return undefined;
  }
  return undefined;
}

/** The computed inputs of a node that are not multiplied: the other operand of a product. */
function othersThan(values: readonly Value[], { inputs }: Node): Value[] {
  const left = [...values];
  return inputs.filter((value): value is Value => {
    const at = value ? left.indexOf(value) : -1;
    if (at >= 0) left.splice(at, 1);
    return at < 0 && value !== undefined && constantOf(value) === undefined;
  });
}

/** The values that all must be multiplied so that a result is, and whatever else the node makes. */
function multiplied(node: Node, result: Value, open: ReadonlySet<Value>, affine: AffineMap): Value[] | undefined {
  const own = affineMapOf(node), carry = carryOf(node), [x] = node.inputs;
  if (own) return hasShift(own) ? undefined : [own.x];
  const isNumber = ({ value, affine: { axis } }: Transfer) => axis === null && !constantOf(value);
  if (node.outputs.length > 1) {
    const parts = x && carry?.down(node, x, affine);
    if (!parts || parts instanceof Skip || !node.outputs.every((value) => value && open.has(value))) return undefined;
    return parts.alternatives[0].every(isNumber) ? [x] : undefined;
  }
  const commuted = carry?.up(node, result, affine);
  if (!commuted || commuted instanceof Skip || commuted.rebuild) return undefined;
  const ways = commuted.alternatives.filter((transfers) => transfers.every(isNumber));
  // the operand of a product that is as large as the result is what is turned; the other one is for all heads alike
  const wide = ways.find(([{ value }]) => `${value.shape}` === `${result.shape}`) ?? ways[0];
  return wide?.map(({ value }) => value);
}
