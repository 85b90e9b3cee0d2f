import { transposed } from "../../tensor/arrange.ts";
import { reshaped, type Tensor } from "../../tensor/tensor.ts";
import type { Value } from "../../graph/graph.ts";
import { Skip } from "../skip.ts";
import { ONE_TAP, windowFrom } from "./axis_window.ts";
import { Convolution } from "./convolution.ts";
import type { LinearMap } from "./linear_map.ts";
import type { LinearParts } from "./linear_parts.ts";
import { MatrixProduct } from "./matrix_product.ts";

/** The matrix W[inputs, outputs] of a layer that treats every position alike; undefined where it has groups, or is another. */
function matrixOf(layer: LinearMap): Tensor | undefined {
  if (!layer.isPointwise) return undefined;
  if (layer instanceof MatrixProduct) {
    return layer.parts.side === "right" ? layer.matrix : transposed(layer.matrix, [1, 0]);
  }
  if (!(layer instanceof Convolution) || layer.parts.group !== 1) return undefined;
  return transposed(reshaped(layer.parts.weight, layer.parts.weight.dims.slice(0, 2)), [1, 0]);
}

/**
 * A pointwise layer in the form of another one, a convolution or a product with a matrix, so that both can be put together:
 * where its channels lie is only a matter of how its input is laid out. Undefined where one of them has no such form.
 */
export function pointwiseLike(layer: LinearMap, other: LinearMap, x: Value): LinearMap | Skip | undefined {
  const matrix = matrixOf(layer), bias = matrix && layer.biasNumbers();
  if (!matrix) return undefined;
  if (bias instanceof Skip) return bias;
  const { nodes, layers, work, origin } = layer.parts;
  const parts: Omit<LinearParts, "weight"> = { x, nodes, layers, work, bias, origin };
  if (other instanceof Convolution) {
    const [inputs, outputs] = matrix.dims, kernel = other.parts.window.kernel.map(() => 1);
    const window = windowFrom(kernel.map(() => ONE_TAP));
    const weight = reshaped(transposed(matrix, [1, 0]), [outputs, inputs, ...kernel]);
    return new Convolution({ ...parts, weight, group: 1, window });
  }
  if (!(other instanceof MatrixProduct)) return undefined;
  const { side, rank, inputRank } = other.parts, weight = side === "right" ? matrix : transposed(matrix, [1, 0]);
  return new MatrixProduct({ ...parts, weight, side, rank, inputRank });
}
