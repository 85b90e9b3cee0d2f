import type { Node } from "../../graph/graph.ts";
import { isFloat } from "../../tensor/element_type.ts";
import { constantOf, notConstant } from "../constant.ts";
import { Skip } from "../skip.ts";
import { originOf } from "./linear_map.ts";
import { MatrixProduct } from "./matrix_product.ts";

/** Labels of two operands and of the result, x's first. */
interface Equation {
  readonly x: string;
  readonly w: string;
  readonly out: string;
}

/**
 * Einsum of a value and a constant matrix, where it sums over the last axis of x and puts the new one last (x·W), or over the last
 * but one (W·x), in either order of the operands and with either orientation of W.
 */
export function einsumLinear(node: Node): MatrixProduct | Skip | undefined {
  if (node.inputs.length !== 2) return undefined;
  const index = constantOf(node.inputs[1]) ? 1 : 0, value = node.inputs[index]!, x = node.inputs[1 - index]!;
  const weight = constantOf(value), equation = equationOf(node, index);
  if (!weight) return notConstant(`the weight of ${node.label} is`, value);
  if (!isFloat(weight.type)) {
    return new Skip("element-type", `the weight of ${node.label} has the element type ${weight.type}`);
  }
  const form = equation && formOf(equation);
  if (!form || weight.dims.length !== 2) {
    return new Skip("unsupported-form", `${node.label} is no product with a matrix: '${node.text("equation", "")}'`);
  }
  const rank = equation.x.length;
  return new MatrixProduct({
    x,
    nodes: [node],
    layers: 1,
    work: { macs: weight.size, parameters: weight.size },
    isSure: true,
    weight,
    stored: value,
    bias: undefined,
    form: node,
    origin: originOf(node, index),
    ...form,
    weightIndex: index,
    isInputTransposed: false,
    factor: 1,
    inputRank: rank,
    rank,
  });
}

/** The labels, where there are no dots and no label occurs twice in an operand. */
function equationOf(node: Node, weightIndex: number): Equation | undefined {
  const text = node.text("equation", "").replaceAll(/\s/g, ""), parts = text.match(/^(\w+),(\w+)->(\w+)$/);
  if (!parts) return undefined;
  const [, a, b, out] = parts, [x, w] = weightIndex === 1 ? [a, b] : [b, a];
  return [x, w, out].every((labels) => new Set(labels).size === labels.length) ? { x, w, out } : undefined;
}

/** On which side W stands, and how it is stored. */
function formOf({ x, w, out }: Equation): Pick<MatrixProduct["parts"], "side" | "isTransposed"> | undefined {
  if (w.length !== 2 || x.length !== out.length || x.length < 2) return undefined;
  for (const side of ["right", "left"] as const) {
    const at = x.length - (side === "right" ? 1 : 2), [inner, outer] = [x[at], out[at]];
    const isSame = [...x].every((label, axis) => axis === at || label === out[axis]);
    if (!isSame || x.includes(outer) || out.includes(inner)) continue;
    const isStraight = w === (side === "right" ? inner + outer : outer + inner);
    if (isStraight || w === (side === "right" ? outer + inner : inner + outer)) {
      return { side, isTransposed: !isStraight };
    }
  }
}
