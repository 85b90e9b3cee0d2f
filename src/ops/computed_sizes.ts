import type { Node, Value } from "../graph/graph.ts";
import type { Builder } from "./builder.ts";
import { constantOf } from "./constant.ts";
import { valueElements } from "./shape_elements.ts";
import { Skip } from "./skip.ts";
import { opOf } from "./table.ts";

/** The nodes that make sizes out of the shape of `x`, for some nodes alone: they go with those. */
export function nodesOnlyFor(sizes: Value, x: Value, gone: readonly Node[]): Node[] {
  const own: Node[] = [], isGone = (node: Node) => gone.includes(node) || own.includes(node);
  for (const node of nodesOfSizes(sizes, x)) {
    if (!node.output.isOutput && [...node.output.users.keys()].every(isGone)) own.push(node);
  }
  return own;
}

/** The nodes that make a shape out of that of `x` and move its numbers only, the last one first; empty where there are none. */
function nodesOfSizes(sizes: Value, x: Value): Node[] {
  const found: Node[] = [];
  dependsOn(sizes, x, found);
  return found;
}

/**
 * A computed shape anew, with the shape of `now` read in place of that of `x`, which has other channels (axis 1, at `at` of the
 * sizes). A reason where another number of it might change too, or where it is made otherwise.
 */
export function sizesFor(sizes: Value, at: number, x: Value, now: Value, build: Builder): Value | Skip {
  const otherwise = new Skip(
    "not-constant",
    `'${sizes.name}' is computed otherwise than from the shape of '${x.name}'`,
  );
  const nodes = new Set(nodesOfSizes(sizes, x)), made = new Map<Value, Value>([[x, now]]);
  for (const node of [...nodes].reverse()) {
    const { moves, readsShapeOnly } = opOf(node) ?? {};
    const isMoved = (index: number) => readsShapeOnly || moves === "all" || moves?.includes(index);
    if (node.outputs.length !== 1 || node.inputs.some((value, at) => value && made.has(value) && !isMoved(at))) {
      return otherwise;
    }
    made.set(node.output, build.like(node, node.inputs.map((value) => value && (made.get(value) ?? value))));
  }
  const result = made.get(sizes), [before, after] = [valueElements(sizes), valueElements(result)];
  const isKnown = x.shape !== undefined && typeof x.shape[1] === "number" && after?.[at] === now.shape?.[1];
  return isKnown && before!.every((dim, index) => index === at || dim === after![index]) ? result! : otherwise;
}

/** Whether a value is made of the shape of another, gathering the nodes in between. */
function dependsOn(value: Value, x: Value, found: Node[]): boolean {
  const { producer } = value;
  if (!producer || constantOf(value) || producer.graph !== x.graph) return false;
  if (found.includes(producer)) return true;
  const { moves, readsShapeOnly } = opOf(producer) ?? {};
  if (readsShapeOnly) return producer.inputs[0] === x && found.push(producer) > 0;
  if (moves === undefined) return false;
  const at = found.push(producer) - 1;
  const isOne = producer.inputs.map((input) => input !== undefined && dependsOn(input, x, found)).some(Boolean);
  if (!isOne) found.splice(at, 1);
  return isOne;
}
