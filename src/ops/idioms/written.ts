import type { Node, Value } from "../../graph/graph.ts";
import { isFloat } from "../../tensor/element_type.ts";
import { valueTensor } from "../../tensor/tensor.ts";
import type { Builder } from "../builder.ts";
import type { Match } from "./pattern.ts";

/** The name and output name of the match's root. */
export function namesOf({ nodes: [root] }: Match): { name: string; output: string } {
  return { name: root.name, output: root.output.name };
}

/** A name for a new inner node of a match. */
export function under({ nodes: [root] }: Match, op: string): string {
  return root.name && `${root.name}/${op}`;
}

/** A constant of one element in the element type of a value. */
export function numberLike(like: Value, number: number, build: Builder): Value {
  return build.initializer(`${like.name}.constant`, valueTensor(like.type!, [], Float64Array.of(number)));
}

/** Whether the element type of a value is known to be a floating-point one. */
export function isFloatValue({ type }: Value): boolean {
  return type !== undefined && isFloat(type);
}

/** A node of a match. */
export function named(match: Match, name: string): Node {
  return match.named.get(name)!;
}
