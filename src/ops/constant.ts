import type { Node, Value } from "../graph/graph.ts";
import { type Tensor, valuesOf } from "../tensor/tensor.ts";
import { fromStart } from "./dims.ts";
import { Skip } from "./skip.ts";

/**
 * The tensor a value always has: an initializer that no caller may override, or what inference found its node to make of
 * constants. Undefined where the value depends on the model's input.
 */
export function constantOf(value: Value | undefined): Tensor | undefined {
  if (!value) return undefined;
  if (value.initializer) {
    return value.isOverridable || value.graph.model.mutableWeights ? undefined : value.initializer;
  }
  return value.isInput ? undefined : value.constant;
}

/** The elements of a small constant, such as axes or a shape. */
export function constantValues(value: Value | undefined): number[] | undefined {
  return smallValues(constantOf(value));
}

/** The elements of a small tensor of numbers. */
export function smallValues(tensor: Tensor | undefined): number[] | undefined {
  return tensor && tensor.type !== "string" && tensor.type !== "opaque" && tensor.size <= 4096
    ? [...valuesOf(tensor)]
    : undefined;
}

/** That a value is not constant, and why: `what` begins the sentence ("its slope is"). */
export function notConstant(what: string, value: Value | undefined): Skip {
  return new Skip("not-constant", `${what} not constant: ${value ? whyNot(value) : "it is missing"}`, {
    remedy: value?.initializer && value.isOverridable ? "pass --freeze-inputs where no caller does" : undefined,
  });
}

function whyNot(value: Value): string {
  if (value.initializer && value.isOverridable) {
    return `'${value.name}' is an initializer that is also a graph input, and from IR version 4 on a caller may override it`;
  }
  if (value.initializer) return value.graph.model.mutableWeights!;
  if (value.isInput) return `'${value.name}' is an input`;
  return `'${value.name}' is computed by ${value.producer?.opType ?? "an outer graph"}`;
}

/** Axes from the attribute (in older operator sets) or an input (in newer ones), made non-negative. */
export function axesOf(node: Node, rank: number, input: number = 1): number[] | undefined {
  const axes = node.has(input) ? constantValues(node.inputs[input]) : node.numbers("axes");
  return axes?.map((axis) => fromStart(axis, rank));
}

/** One axis attribute, made non-negative. */
export function axisOf(node: Node, rank: number, otherwise: number): number {
  const axis = node.number("axis", otherwise);
  return fromStart(axis, rank);
}

/** The axes that a reduction goes over; undefined where they are computed by the model. */
export function reducedAxes(node: Node, rank: number): ReadonlySet<number> | undefined {
  const axes = axesOf(node, rank);
  if (node.has(1) && !axes) return undefined;
  if (axes && axes.length > 0) return new Set(axes);
  return new Set(node.number("noop_with_empty_axes", 0) !== 0 ? [] : Array(rank).keys());
}

/** The axis of its input that each axis of a Transpose is; without an attribute they are in reverse order. */
export function permOf(node: Node, rank: number): readonly number[];
/** The axis of its input that each axis of a Transpose is; undefined where neither that nor the rank is known. */
export function permOf(node: Node, rank: number | undefined): readonly number[] | undefined;
export function permOf(node: Node, rank: number | undefined): readonly number[] | undefined {
  return node.numbers("perm") ?? (rank === undefined ? undefined : [...Array(rank).keys()].reverse());
}
