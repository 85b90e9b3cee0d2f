import type { Node, Value } from "../../graph/graph.ts";
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

interface State {
  readonly nodes: readonly Node[];
  readonly values: ReadonlyMap<string, Value>;
  readonly named: ReadonlyMap<string, Node>;
}

/**
 * Whether a node is the root of a pattern. Every value inside is used inside alone, or a runtime could not make one operator
 * of it.
 */
export function matchAt(root: Node, pattern: Pattern, view: GraphView = AS_IS): Match | undefined {
  const empty: State = { nodes: [], values: new Map(), named: new Map() };
  for (const state of matchNode(root, pattern, empty, view)) {
    const inside = new Set(state.nodes);
    const isClosed = state.nodes.every((node) =>
      node === root ||
      node.outputs.every((output) =>
        !output || !view.resolve(output).isOutput && [...view.users(output)].every((user) => inside.has(user))
      )
    );
    if (isClosed) return state;
  }
}

function* matchValue(found: Value | undefined, pattern: Pattern, state: State, view: GraphView): Generator<State> {
  if (!found) return;
  const at = view.resolve(found);
  switch (pattern.kind) {
    case "value": {
      const bound = state.values.get(pattern.name);
      if (bound === undefined) yield { ...state, values: new Map(state.values).set(pattern.name, at) };
      else if (bound === at) yield state;
      return;
    }
    case "number": {
      const tensor = constantOf(at);
      if (tensor?.size !== 1 || tensor.type === "string" || tensor.type === "opaque") return;
      const [found] = valuesOf(tensor), [held] = rounded(tensor.type, Float64Array.of(pattern.value));
      if (found === held || Math.abs(found - pattern.value) <= Math.abs(pattern.value) * pattern.tolerance) yield state;
      return;
    }
    case "constant": {
      const tensor = constantOf(at);
      if (!tensor || !pattern.accepts(tensor)) return;
      yield { ...state, values: new Map(state.values).set(pattern.name, at) };
      return;
    }
    case "either":
      for (const one of pattern.patterns) yield* matchValue(at, one, state, view);
      return;
    case "node": {
      const producer = view.producer(at);
      if (producer) yield* matchNode(producer, pattern, state, view);
    }
  }
}

function* matchNode(at: Node, pattern: Pattern, state: State, view: GraphView): Generator<State> {
  if (pattern.kind === "either") {
    for (const one of pattern.patterns) yield* matchNode(at, one, state, view);
    return;
  }
  if (pattern.kind !== "node" || !at.is(pattern.opType) || at.hasReferences || !pattern.accepts(at)) return;
  const { inputs: operands } = pattern, isSwapped = COMMUTES.has(pattern.opType) && operands.length === 2;
  const orders = (isSwapped ? [at.inputs, [at.inputs[1], at.inputs[0]]] : [at.inputs]).filter((inputs) =>
    operands.every((operand, index) => isPlausible(inputs[index], operand, view))
  );
  if (orders.length === 0) return;
  const next: State = {
    ...state,
    nodes: state.nodes.includes(at) ? state.nodes : [...state.nodes, at],
    named: pattern.name ? new Map(state.named).set(pattern.name, at) : state.named,
  };
  for (const inputs of orders) yield* matchInputs(inputs, operands, next, view);
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

function* matchInputs(
  inputs: readonly (Value | undefined)[],
  patterns: readonly Pattern[],
  state: State,
  view: GraphView,
): Generator<State> {
  const [pattern, ...rest] = patterns;
  if (!pattern) return void (yield state);
  for (const next of matchValue(inputs[0], pattern, state, view)) yield* matchInputs(inputs.slice(1), rest, next, view);
}
