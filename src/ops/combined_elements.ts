import type { Dim, Node } from "../graph/graph.ts";
import type { Facts } from "./op.ts";
import { elementsOf } from "./shape_elements.ts";

/** The result of an operation for two elements of a shape of which one is a name or not known; undefined where that is open. */
export type Partial = (a: Dim, b: Dim) => Dim | undefined;

/** Elements of an operation on two lists of which one may be a single number. */
export function combinedElements(
  node: Node,
  inputs: readonly Facts[],
  f: (a: number, b: number) => number,
  partial: Partial | undefined,
): Dim[] | undefined {
  if (node.inputs.length !== 2 || inputs.every(({ elements }) => !elements)) return undefined;
  if (inputs.some(({ shape }) => !shape || shape.length > 1)) return undefined;
  const [a, b] = inputs.map(elementsOf);
  if (!a || !b || a.length !== b.length && a.length !== 1 && b.length !== 1) return undefined;
  return Array.from({ length: a.length === 1 ? b.length : a.length }, (_, at): Dim => {
    const left = a.length === 1 ? a[0] : a[at], right = b.length === 1 ? b[0] : b[at];
    if (typeof left !== "number" || typeof right !== "number") return partial?.(left, right) ?? null;
    const result = f(left, right);
    return Number.isSafeInteger(result) ? result : null;
  });
}
