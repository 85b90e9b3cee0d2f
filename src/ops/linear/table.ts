import { newAttribute } from "../../graph/attribute.ts";
import type { Value } from "../../graph/graph.ts";
import { computedTensor, type Tensor, valuesOf } from "../../tensor/tensor.ts";
import type { Builder } from "../builder.ts";
import type { OneHot } from "../one_hot.ts";
import { Skip } from "../skip.ts";
import type { LinearMap } from "./linear_map.ts";
import { MatrixProduct } from "./matrix_product.ts";

/**
 * x·W + b of one-hot x, looked up: row k of a table is W[k] + b, the last one b alone, for x = 0. Undefined for a layer that is no
 * such product, a reason where its bias is none per column.
 */
export function lookedUp(layer: LinearMap, hot: OneHot, build: Builder): Value | Skip | undefined {
  if (!(layer instanceof MatrixProduct) || !layer.isPointwise || layer.parts.side !== "right") return undefined;
  if (layer.input.channels !== hot.count) return undefined;
  const bias = layer.biasNumbers(), { matrix } = layer, { node, weight } = layer.parts.origin;
  if (bias instanceof Skip) return bias;
  if (bias && bias.length !== matrix.dims[1]) {
    return new Skip("not-per-channel", `the bias of ${layer.label} varies along the rows of its result`);
  }
  return build.node("Gather", [build.initializer(weight, tableOf(matrix, bias)), hot.rows(build)], {
    name: node.name,
    output: layer.result.name,
    attributes: [newAttribute("axis", 0)],
  });
}

function tableOf(matrix: Tensor, bias: Float64Array | undefined): Tensor {
  const [rows, columns] = matrix.dims;
  return computedTensor(matrix.type, [rows + 1, columns], () => {
    const table = new Float64Array((rows + 1) * columns);
    table.set(valuesOf(matrix));
    if (bias) { for (let at = 0; at < table.length; at++) table[at] += bias[at % columns]; }
    return table;
  });
}
