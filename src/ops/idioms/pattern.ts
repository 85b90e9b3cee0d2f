import { Node, type Value } from "../../graph/graph.ts";
import { rounded } from "../../tensor/encode.ts";
import { type Tensor, valuesOf } from "../../tensor/tensor.ts";
import { constantOf } from "../constant.ts";

/**
 * A small tree of operators that a value may be the result of. Constants match whatever operand they are; the operands of Add
 * and Mul match in either order.
 */
export type Pattern =
  | { readonly kind: "value"; readonly name: string }
  | { readonly kind: "number"; readonly value: number; readonly tolerance: number }
  | { readonly kind: "constant"; readonly name: string; readonly accepts: (tensor: Tensor) => boolean }
  | { readonly kind: "either"; readonly patterns: readonly Pattern[] }
  | {
    readonly kind: "node";
    readonly opType: string;
    readonly name?: string;
    readonly inputs: readonly Pattern[];
    readonly accepts: (node: Node) => boolean;
  };

/** What a pattern was found to be. */
export interface Match {
  /** The nodes, the root first. */
  readonly nodes: readonly Node[];
  /** Values and constants by the names that the pattern gives them. */
  readonly values: ReadonlyMap<string, Value>;
  /** Nodes by the names that the pattern gives them. */
  readonly named: ReadonlyMap<string, Node>;
}

/** Any value; the same one wherever the name stands. */
export function value(name: string): Pattern {
  return { kind: "value", name };
}

/** A constant of one element with this value, as its element type holds it or to a relative tolerance: what is written stays exact. */
export function number(value: number, tolerance = 1e-6): Pattern {
  return { kind: "number", value, tolerance };
}

/** A constant floating-point tensor. */
export function constant(name: string, accepts: (tensor: Tensor) => boolean = () => true): Pattern {
  return { kind: "constant", name, accepts };
}

/** A constant of one element, whatever its value. */
export function scalar(name: string): Pattern {
  return constant(name, ({ size }) => size === 1);
}

/** The first of some patterns that matches. */
export function either(...patterns: readonly Pattern[]): Pattern {
  return { kind: "either", patterns };
}

/** A node of the default domain with these operands. */
export function node(
  opType: string,
  inputs: readonly Pattern[],
  accepts: (node: Node) => boolean = () => true,
): Pattern {
  return { kind: "node", opType, inputs, accepts };
}

/** A node of the default domain with these operands, to be found in the match by a name. */
export function namedNode(name: string, opType: string, inputs: readonly Pattern[]): Pattern {
  return { kind: "node", opType, name, inputs, accepts: () => true };
}

/** A pattern with a Cast on top, or without one. */
export function maybeCast(pattern: Pattern): Pattern {
  return either(node("Cast", [pattern]), pattern);
}

/** How a graph is seen while it is matched: as it is, or as it would be after a rewrite. */
export interface GraphView {
  /** The node whose output a value is. */
  producer(value: Value): Node | undefined;
  /** The nodes that take a value. */
  users(value: Value): Iterable<Node>;
  /** The value that stands for another one. */
  resolve(value: Value): Value;
  /** Operators of nodes that are not in the graph yet. */
  readonly added: ReadonlySet<string>;
}

/** The graph as it is. */
export const AS_IS: GraphView = {
  producer: ({ producer }) => producer,
  users: ({ users }) => users.keys(),
  resolve: (value) => value,
  added: new Set(),
};

const COMMUTES = new Set(["Add", "Mul"]);

/** What was matched last, with what was matched before it: going back to that costs nothing. */
interface Bound {
  readonly before: Bound | undefined;
  /** A node, or the value that goes by the name. */
  readonly at: Node | Value;
  readonly name: string | undefined;
}

/** What is left to be matched; the match where all of it is. */
type Rest = (bound: Bound | undefined) => Match | undefined;

/**
 * Whether a node is the root of a pattern. Every value inside is used inside alone, or a runtime could not make one operator
 * of it.
 */
export function matchAt(root: Node, pattern: Pattern, view: GraphView = AS_IS): Match | undefined {
  return matchNode(root, pattern, undefined, view, (bound) => {
    const match = matchOf(bound), inside = new Set(match.nodes);
    const isClosed = match.nodes.every((node) =>
      node === root ||
      node.outputs.every((output) => !output || !view.resolve(output).isOutput && isUsedIn(inside, output, view))
    );
    return isClosed ? match : undefined;
  });
}

function isUsedIn(inside: ReadonlySet<Node>, value: Value, view: GraphView): boolean {
  for (const user of view.users(value)) if (!inside.has(user)) return false;
  return true;
}

function matchOf(last: Bound | undefined): Match {
  const all: Bound[] = [], nodes: Node[] = [], values = new Map<string, Value>(), named = new Map<string, Node>();
  for (let one = last; one; one = one.before) all.push(one);
  for (const { at, name } of all.reverse()) {
    if (!(at instanceof Node)) values.set(name!, at);
    else {
      if (!nodes.includes(at)) nodes.push(at);
      if (name) named.set(name, at);
    }
  }
  return { nodes, values, named };
}

function valueNamed(name: string, last: Bound | undefined): Value | undefined {
  for (let one = last; one; one = one.before) if (one.name === name && !(one.at instanceof Node)) return one.at;
}

function matchValue(
  found: Value | undefined,
  pattern: Pattern,
  bound: Bound | undefined,
  view: GraphView,
  rest: Rest,
): Match | undefined {
  if (!found) return undefined;
  const at = view.resolve(found);
  switch (pattern.kind) {
    case "value": {
      const other = valueNamed(pattern.name, bound);
      if (other !== undefined) return other === at ? rest(bound) : undefined;
      return rest({ before: bound, at, name: pattern.name });
    }
    case "number": {
      const tensor = constantOf(at);
      if (tensor?.size !== 1 || tensor.type === "string" || tensor.type === "opaque") return undefined;
      const [found] = valuesOf(tensor), [held] = rounded(tensor.type, Float64Array.of(pattern.value));
      const isEqual = found === held ||
        Math.abs(found - pattern.value) <= Math.abs(pattern.value) * pattern.tolerance;
      return isEqual ? rest(bound) : undefined;
    }
    case "constant": {
      const tensor = constantOf(at);
      return tensor && pattern.accepts(tensor) ? rest({ before: bound, at, name: pattern.name }) : undefined;
    }
    case "either":
      for (const one of pattern.patterns) {
        const match = matchValue(at, one, bound, view, rest);
        if (match) return match;
      }
      return undefined;
    case "node": {
      const producer = view.producer(at);
      return producer && matchNode(producer, pattern, bound, view, rest);
    }
  }
}

function matchNode(
  at: Node,
  pattern: Pattern,
  bound: Bound | undefined,
  view: GraphView,
  rest: Rest,
): Match | undefined {
  if (pattern.kind === "either") {
    for (const one of pattern.patterns) {
      const match = matchNode(at, one, bound, view, rest);
      if (match) return match;
    }
    return undefined;
  }
  if (pattern.kind !== "node" || at.opType !== pattern.opType || at.domain !== "") return undefined;
  const { inputs: operands, name, accepts } = pattern;
  const inOrder = (inputs: readonly (Value | undefined)[]) => {
    for (let index = 0; index < operands.length; index++) {
      if (!isPlausible(inputs[index], operands[index], view)) return undefined;
    }
    if (at.hasReferences || !accepts(at)) return undefined;
    const all = operands.reduceRight<Rest>(
      (then, operand, index) => (bound) => matchValue(inputs[index], operand, bound, view, then),
      rest,
    );
    return all({ before: bound, at, name });
  };
  const isSwapped = COMMUTES.has(pattern.opType) && operands.length === 2;
  return inOrder(at.inputs) ?? (isSwapped ? inOrder([at.inputs[1], at.inputs[0]]) : undefined);
}

/** Whether a value may match a pattern, as far as a glance tells. */
function isPlausible(found: Value | undefined, pattern: Pattern, view: GraphView): boolean {
  if (!found) return false;
  switch (pattern.kind) {
    case "value":
      return true;
    case "number":
      return constantOf(view.resolve(found))?.size === 1;
    case "constant":
      return constantOf(view.resolve(found)) !== undefined;
    case "either":
      return pattern.patterns.some((one) => isPlausible(found, one, view));
    case "node":
      return view.producer(found)?.opType === pattern.opType;
  }
}
