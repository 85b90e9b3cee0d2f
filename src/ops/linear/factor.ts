import type { Node } from "../../graph/graph.ts";
import { isFloat } from "../../tensor/element_type.ts";
import { constantOf } from "../constant.ts";
import { EinsumProduct } from "./einsum_product.ts";
import { layerParts } from "./linear_parts.ts";

/** Most axes of a value that letters are given to. */
const MOST_AXES = 10;

/**
 * Mul by a constant that varies along two axes or more, each as long as that of x, as a product that sums over nothing. It is
 * no layer of its own: it goes into one whose weight has these axes.
 */
export function factorLinear(node: Node): EinsumProduct | undefined {
  const [a, b] = node.inputs, index = constantOf(b) ? 1 : 0, value = node.inputs[index], x = index === 1 ? a : b;
  const weight = constantOf(value), shape = x?.shape;
  if (!x || !weight || !shape || node.opset < 7 || !isFloat(weight.type) || constantOf(x)) return undefined;
  const { dims } = weight, lead = shape.length - dims.length;
  const isSame = dims.every((dim, axis) => dim > 1 && shape[lead + axis] === dim);
  if (dims.length < 2 || lead < 0 || shape.length > MOST_AXES || !isSame) return undefined;
  const letters = "abcdefghij".slice(0, shape.length);
  return new EinsumProduct({
    ...layerParts(node, weight, index),
    x,
    layers: 0,
    work: { macs: 0, parameters: weight.size },
    weightIndex: index,
    labels: { x: letters, w: letters.slice(lead), out: letters },
    isFactor: true,
  });
}
