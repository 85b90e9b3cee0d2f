import type { Dim, Node, Value } from "../graph/graph.ts";
import { constantOf } from "./constant.ts";
import { elementCount } from "./dims.ts";
import { inferNode } from "./infer.ts";

/** Lengths of the model's inputs that what they leave open is tried at. */
export const INPUT_SIZES: readonly number[] = [224, 640];

/** What is known of a value. */
export type Known = Pick<Value, "type" | "shape" | "elements" | "constant">;

/** By size; what a value is does not change, whatever is rewritten before it. */
const FOUND = new Map<number, WeakMap<Value, Known>>();

/**
 * What a value is where every dimension that the model's inputs leave open is `size` long (the first axis, the batch, 1), worked out
 * from these: unlike lengths that are named or unknown, those of two maps can be compared. Nothing is changed.
 */
export function knownAt(value: Value, size: number): Known {
  const found = FOUND.get(size) ?? new WeakMap<Value, Known>(), waiting = [value];
  FOUND.set(size, found);
  while (waiting.length > 0) {
    const next = waiting[waiting.length - 1], { producer } = next;
    const isKnown = found.has(next), isMade = producer !== undefined && !constantOf(next);
    const open = isKnown || !isMade ? [] : producer.inputs.filter((input) => input !== undefined && !found.has(input));
    for (const input of open) waiting.push(input!);
    if (open.length > 0) continue;
    if (!isKnown && isMade) inferAt(producer, found);
    else if (!isKnown) found.set(next, inputAt(next, size));
    waiting.pop();
  }
  return found.get(value)!;
}

function inputAt(value: Value, size: number): Known {
  const sized = (dim: Dim, axis: number): Dim => typeof dim === "number" ? dim : axis === 0 ? 1 : size;
  return { ...factsOf(value), shape: value.shape?.map(sized) };
}

/** Adds what the outputs of a node are where that is known of its inputs. */
function inferAt(node: Node, found: WeakMap<Value, Known>): void {
  assuming(node.inputs.map((value) => [value, value && found.get(value)]), [node], () => {
    for (const value of node.outputs) if (value) found.set(value, factsOf(value));
  });
}

/**
 * What a calculation gives where values are as said, and what nodes make follows from that, in their order. Nothing is changed.
 */
export function assuming<T>(
  facts: Iterable<readonly [Value | undefined, Partial<Known> | undefined]>,
  nodes: readonly Node[],
  calculate: () => T,
): T {
  const before = new Map<Value, Known>();
  const assume = (value: Value | undefined, now: Partial<Known> = {}) => {
    if (!value) return;
    if (!before.has(value)) before.set(value, factsOf(value));
    Object.assign(value, now);
  };
  try {
    for (const [value, now] of facts) assume(value, now);
    for (const node of nodes) {
      for (const value of node.outputs) assume(value, { shape: undefined, elements: undefined });
      inferNode(node);
    }
    return calculate();
  } finally {
    for (const [value, was] of before) Object.assign(value, was);
  }
}

function factsOf({ type, shape, elements, constant }: Value): Known {
  return { type, shape, elements, constant };
}

/** Elements of one value for one of another, at most; undefined where that stays unknown. */
export function ratioAt(part: Value, whole: Value): number | undefined {
  const ratios = INPUT_SIZES.map((size) => {
    const [one, other] = [part, whole].map((value) => elementCount(knownAt(value, size).shape));
    return one && other ? one / other : NaN;
  });
  const most = Math.max(...ratios);
  return Number.isNaN(most) ? undefined : most;
}
