import type { Dim, Graph, Node, Shape, Value } from "../graph/graph.ts";
import { isUnnamed } from "../graph/unnamed.ts";
import { type Tensor, valueTensor } from "../tensor/tensor.ts";
import { constantOf } from "./constant.ts";
import { evaluated } from "./evaluate.ts";
import type { Facts } from "./op.ts";
import { movedElements } from "./shape_elements.ts";
import { inputsOf, opOf } from "./table.ts";

/** Fills in types and shapes of all values of a graph that the file leaves out, in the order of its nodes. */
export function inferShapes(graph: Graph): void {
  for (const node of graph.nodes) {
    if (!node.isRemoved) inferNode(node);
    for (const inner of node.subgraphs) inferShapes(inner);
  }
}

/** Fills in what follows from one node's inputs: types, shapes and constants of its outputs. */
export function inferNode(node: Node): void {
  const op = opOf(node), [least, most] = inputsOf(node);
  if (!op || node.hasReferences || node.inputs.length < least) return;
  const length = Math.max(node.inputs.length, most);
  const inputs = Array.from({ length }, (_, index) => factsOf(node.inputs[index]));
  const facts = evaluated(op, node, inputs) ?? op.infer(node, inputs);
  const moved = op.moves && !facts[0]?.constant ? movedElements(op, node, inputs) : undefined;
  node.outputs.forEach((value, index) => {
    if (!value || !facts[index]) return;
    const { type, shape, constant, elements } = { ...facts[index], ...moved?.[index] };
    value.type ??= type;
    if (shape) value.shape = value.shape ? merged(value.shape, shape) : shape;
    value.elements = elements;
    value.constant = constant ?? wholly({ type: value.type, shape: value.shape, elements });
  });
}

function factsOf(value: Value | undefined): Facts {
  return value ? { type: value.type, shape: value.shape, constant: constantOf(value), elements: value.elements } : {};
}

/** The constant whose elements are all known. */
function wholly({ type, shape, elements }: Facts): Tensor | undefined {
  if (!type || !elements?.every((element) => typeof element === "number")) return undefined;
  if (!shape?.every((dim) => typeof dim === "number")) return undefined;
  return valueTensor(type, shape as number[], Float64Array.from(elements as number[]));
}

/** Known dimensions win over names, names over nothing; a different rank is not believed. */
function merged(given: Shape, inferred: Shape): Shape {
  if (given.length !== inferred.length) return given;
  return given.map((dim, axis): Dim => {
    const other = inferred[axis];
    return typeof dim === "number" || other === null || dim !== null && isUnnamed(other) ? dim : other;
  });
}
