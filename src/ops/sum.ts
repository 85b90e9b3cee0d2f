import type { Node, Value } from "../graph/graph.ts";
import type { Builder } from "./builder.ts";

/** One thing that is added or taken away. */
export interface Term {
  /** The value. */
  readonly value: Value;
  /** 1 where it is added, −1 where it is taken away. */
  readonly sign: 1 | -1;
}

/** Add and Sub; before opset 7 only where neither operand is enlarged. */
export function binaryTerms(sign: 1 | -1): (node: Node) => readonly Term[] | undefined {
  return (node) => {
    const [a, b] = node.inputs;
    if (!a || !b || node.opset < 7 && node.number("broadcast", 0) !== 0) return undefined;
    return [{ value: a, sign: 1 }, { value: b, sign }];
  };
}

/** Most terms of a Sum that is looked at: each is held against each rule. */
const MOST_TERMS = 1 << 13;

/** Sum. */
export function sumTerms({ inputs }: Node): readonly Term[] | undefined {
  if (inputs.length > MOST_TERMS) return undefined;
  return inputs.every((value) => value !== undefined) ? inputs.map((value) => ({ value, sign: 1 })) : undefined;
}

/** A sum in place of the result of `root`: nothing where there is one term, one Sum where the root was one, else Add and Sub. */
export function emitSum(root: Node, terms: readonly Term[], build: Builder): Value {
  const plus = terms.filter(({ sign }) => sign > 0).map(({ value }) => value);
  const minus = terms.filter(({ sign }) => sign < 0).map(({ value }) => value);
  const names = { name: root.name, output: root.output.name };
  const sum = root.is("Sum") && plus.length > 1
    ? build.like(root, plus)
    : plus.reduce((left, right) => build.node("Add", [left, right], names));
  return minus.reduce((left, right) => build.node("Sub", [left, right], names), sum);
}
