import { constantValues } from "./constants.ts";
import type { Dim, Node, Shape, Value } from "./graph.ts";

/**
 * What is known of the numbers in a shape tensor that a model computes from the shapes of its values, as exporters write
 * `x.view(x.size(0), -1)`: sizes, names of dynamic dimensions, null for unknown ones. Undefined where even their count is
 * not known. A scalar is a list of one.
 */
export function shapeValues(value: Value | undefined): Dim[] | undefined {
  const constant = constantValues(value);
  if (constant) return constant;
  const node = value?.producer;
  if (!node || node.domain !== "" || node.outputs[0] !== value || node.hasReferences) return unknown(value);
  return evaluate(node) ?? unknown(value);
}

function evaluate(node: Node): Dim[] | undefined {
  const [first, second] = node.inputs;
  switch (node.opType) {
    case "Shape": {
      const dims = first?.shape;
      return dims?.slice(node.number("start", 0), node.number("end", dims.length));
    }
    case "Identity":
    case "Cast":
    case "Unsqueeze":
    case "Squeeze":
      return shapeValues(first);
    case "Gather": {
      const values = shapeValues(first), indices = constantValues(second);
      return values && indices?.map((index) => values.at(index) ?? null);
    }
    case "Slice": {
      const values = shapeValues(first);
      const [start, end] = node.has(1)
        ? [constantValues(second), constantValues(node.inputs[2])]
        : [node.numbers("starts"), node.numbers("ends")];
      const steps = node.has(4) ? constantValues(node.inputs[4]) : [1];
      return start?.length === 1 && end?.length === 1 && steps?.[0] === 1 ? values?.slice(start[0], end[0]) : undefined;
    }
    case "Concat": {
      const parts = node.inputs.map(shapeValues);
      return parts.every((part) => part !== undefined) ? parts.flat() : undefined;
    }
    case "Mul": {
      const a = shapeValues(first), b = shapeValues(second);
      if (a?.length !== 1 || b?.length !== 1) return undefined;
      return [typeof a[0] === "number" && typeof b[0] === "number" ? a[0] * b[0] : null];
    }
  }
}

function unknown(value: Value | undefined): Dim[] | undefined {
  const dims = value?.shape;
  if (dims?.length === 0) return [null];
  return dims?.length === 1 && typeof dims[0] === "number" ? new Array<Dim>(dims[0]).fill(null) : undefined;
}

/**
 * Reshape's result: 0 copies the dimension (unless `allowZero`), −1 takes what is left. A dimension of the same name, or
 * copied, on both sides cancels, so that −1 may be known although the batch is not.
 */
export function reshapedDims(x: Shape | undefined, shape: readonly Dim[], allowZero: boolean): Dim[] {
  const copies = (dim: Dim) => dim === 0 && !allowZero;
  const dims = shape.map((dim, axis): Dim => copies(dim) ? x?.[axis] ?? null : dim);
  const at = dims.indexOf(-1);
  if (at < 0 || !x) return dims.map((dim) => dim === -1 ? null : dim);
  const left = x.filter((_, axis) => !copies(shape[axis] ?? null));
  let known = 1;
  dims[at] = null;
  for (const [axis, dim] of shape.entries()) {
    if (axis === at || copies(dim)) continue;
    if (typeof dim === "number") known *= dim;
    else if (dim !== null && left.includes(dim)) left.splice(left.indexOf(dim), 1);
    else return dims;
  }
  const names = left.filter((dim) => typeof dim !== "number");
  const size = left.reduce<number>((product, dim) => typeof dim === "number" ? product * dim : product, 1);
  if (names.length === 0 && known > 0) dims[at] = size / known;
  else if (names.length === 1 && size === known) dims[at] = names[0];
  return dims;
}
