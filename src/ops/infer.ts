import type { Dim, Graph, Node, Shape, Value } from "../graph/graph.ts";
import { isUnnamed } from "../graph/unnamed.ts";
import { type Tensor, valueTensor } from "../tensor/tensor.ts";
import { constantOf } from "./constant.ts";
import { evaluated } from "./evaluate.ts";
import type { Facts } from "./op.ts";
import { movedElements } from "./moved_elements.ts";
import { opOf } from "./table.ts";
import { noteUnknown } from "./unknown_rank.ts";

/**
 * Finds out what is known of all values of a graph and its subgraphs, in the order of its nodes. `visited` is called after
 * each node.
 */
export function inferShapes(graph: Graph, visited?: (node: Node) => void): void {
  for (const node of graph.nodes) {
    for (const inner of node.subgraphs) inferShapes(inner, visited);
    inferNode(node);
    visited?.(node);
  }
}

/** Fills in what follows from one node's inputs: types, shapes and constants of its outputs. What was known stays known. */
export function inferNode(node: Node): void {
  const facts = factsOfNode(node);
  node.outputs.forEach((value, index) => {
    if (!value || !facts[index]) return;
    const { type, constant, elements } = facts[index], shape = sizesOf(facts[index].shape);
    value.type ??= type;
    if (shape) value.shape = value.shape ? mergedShape(value.shape, shape) : shape;
    value.elements = elements;
    value.constant = constant ?? wholly({ type: value.type, shape: value.shape, elements });
  });
}

/** A shape without what is no size: attributes that no runtime takes may make a negative one, a fraction or none at all. */
function sizesOf(shape: Shape | undefined): Shape | undefined {
  const isSize = (dim: Dim) => typeof dim !== "number" || Number.isSafeInteger(dim) && dim >= 0;
  return shape?.every(isSize) === false ? shape.map((dim) => isSize(dim) ? dim : null) : shape;
}

function factsOfNode(node: Node): readonly Facts[] {
  const op = opOf(node);
  if (!op) return noteUnknown(node);
  const { inputs: [least, most = least] } = op;
  if (node.hasReferences || node.inputs.length < least) return [];
  const inputs = node.inputs.map(factsOf);
  while (inputs.length < most && most < Infinity) inputs.push(NO_FACTS);
  const facts = evaluated(op, node, inputs) ?? op.infer(node, inputs);
  const moved = op.moves && !facts[0]?.constant ? movedElements(op, node, inputs) : undefined;
  return moved ? facts.map((fact, index) => ({ ...fact, ...moved[index] })) : facts;
}

const NO_FACTS: Facts = {};

function factsOf(value: Value | undefined): Facts {
  return value
    ? { type: value.type, shape: value.shape, constant: constantOf(value), elements: value.elements }
    : NO_FACTS;
}

/** The constant whose elements are all known. */
function wholly({ type, shape, elements }: Facts): Tensor | undefined {
  if (!type || !elements?.every((element) => typeof element === "number")) return undefined;
  if (!shape?.every((dim) => typeof dim === "number")) return undefined;
  return valueTensor(type, shape as number[], Float64Array.from(elements as number[]));
}

/** Known dimensions win over names, names over nothing; a different rank is not believed. */
export function mergedShape(given: Shape, inferred: Shape): Shape {
  if (given.length !== inferred.length) return given;
  return given.map((dim, axis): Dim => {
    const other = inferred[axis];
    return typeof dim === "number" || other === null || dim !== null && isUnnamed(other) ? dim : other;
  });
}
