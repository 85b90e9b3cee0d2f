import type { Node } from "../../graph/graph.ts";
import { isFloat } from "../../tensor/element_type.ts";
import { constantOf, notConstant } from "../constant.ts";
import { ELLIPSIS, equationOf } from "../einsum.ts";
import { Skip } from "../skip.ts";
import { EinsumProduct, type Labels } from "./einsum_product.ts";
import { layerParts } from "./linear_parts.ts";
import { MatrixProduct } from "./matrix_product.ts";

/**
 * Einsum of a value and a constant: a product over any axes. Where it sums over the last axis of x and puts the new one last
 * (x·W), or over the last but one (W·x), it is a matrix product, in either order of the operands and with either orientation
 * of W.
 */
export function einsumLinear(node: Node): MatrixProduct | EinsumProduct | Skip | undefined {
  if (node.inputs.length !== 2) return undefined;
  const index = constantOf(node.inputs[1]) || !constantOf(node.inputs[0]) ? 1 : 0,
    value = node.inputs[index]!,
    x = node.inputs[1 - index]!;
  const weight = constantOf(value);
  if (!weight) return notConstant(`the weight of ${node.label} is`, value);
  if (!isFloat(weight.type)) {
    return new Skip("element-type", `the weight of ${node.label} has the element type ${weight.type}`);
  }
  const labels = labelsOf(node, index, x.shape?.length);
  if (labels instanceof Skip) return labels;
  const repeated = [...labels.x].some((letter, axis) => {
    const length = weight.dims[labels.w.indexOf(letter)], own = x.shape?.[axis];
    return length !== undefined && (typeof own === "number" ? own !== length : length === 1);
  });
  if (repeated) return new Skip("unsupported-form", `${node.label} may repeat an operand along an axis of length 1`);
  const rank = labels.x.length, form = formOf(labels);
  const parts = { ...layerParts(node, weight, index), x, weightIndex: index as 0 | 1 };
  return form
    ? new MatrixProduct({ ...parts, ...form, inputRank: rank, rank })
    : new EinsumProduct({ ...parts, labels });
}

/** The letters, an ellipsis of x and the result spelt out; why it is no product with the constant alone. */
function labelsOf(node: Node, weightIndex: number, rank: number | undefined): Labels | Skip {
  const equation = equationOf(node), text = node.text("equation", "");
  if (!equation) return new Skip("invalid-parameter", `${node.label} has the equation '${text}' for two operands`);
  const [w, given] = [equation.operands[weightIndex], equation.operands[1 - weightIndex]];
  const isOpen = given.includes(ELLIPSIS) || equation.result.includes(ELLIPSIS);
  if (isOpen && rank === undefined) {
    return new Skip("unknown-shape", `the rank of '${node.inputs[1 - weightIndex]!.name}' is not known`);
  }
  const hidden = isOpen ? rank! - given.filter((letter) => letter !== ELLIPSIS).length : 0;
  const digits = [..."0123456789"].slice(0, hidden);
  const spelt = (letters: readonly string[]) =>
    letters.flatMap((letter) => letter === ELLIPSIS ? digits : [letter]).join("");
  const labels = { x: spelt(given), w: w.join(""), out: spelt(equation.result) }, { x, out } = labels;
  const isWhole = (letters: string, others: string) => [...letters].every((letter) => others.includes(letter));
  const isOnce = [x, labels.w, out].every((letters) => new Set(letters).size === letters.length);
  if (
    isOnce && !w.includes(ELLIPSIS) && hidden <= 10 && isWhole(labels.w, x + out) && isWhole(x, labels.w + out) &&
    [...labels.w].some((letter) => x.includes(letter))
  ) return labels;
  return new Skip("unsupported-form", `${node.label} is no product with a matrix: '${text}'`);
}

/** On which side W stands, and how it is stored. */
function formOf({ x, w, out }: Labels): Pick<MatrixProduct["parts"], "side" | "isTransposed"> | undefined {
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
