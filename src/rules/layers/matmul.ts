import { constantOf } from "../../graph/constants.ts";
import type { Node, Value } from "../../graph/graph.ts";
import type { Builder } from "../../rewrite/builder.ts";
import { Skip } from "../../rewrite/rule.ts";
import { multiplied } from "../../tensor/multiply.ts";
import { type Tensor, valuesOf, valueTensor } from "../../tensor/tensor.ts";
import { hasScale } from "../affine.ts";
import { elementwise } from "../elementwise.ts";
import type { LinearLayer } from "../layer.ts";
import { affineBias, fitted, nameAfter, weightOf } from "../weights.ts";

/**
 * MatMul by a constant matrix, x·W or W·x, any rank of x, together with the addition of a constant that follows it, which
 * is its bias (an Add or Sub is only looked at as that).
 *
 * After it: the output axis of W (columns of x·W, rows of W·x) is scaled, b' = b·s + t. Before it: the other axis is scaled,
 * b' = b + t·W. A bias becomes Gemm's C where the layer is x·W of rank 2, else an Add.
 */
export function matmul(node: Node): LinearLayer | Skip | undefined {
  if (node.opType === "MatMul") return layer(node, [node], undefined);
  const added = elementwise(node);
  if (!added || added instanceof Skip || hasScale(added)) return undefined;
  const product = added.x.producer;
  if (!product?.is("MatMul") || added.x !== product.output) return undefined;
  const plain = layer(product, [product], undefined);
  if (plain instanceof Skip) return undefined;
  const fit = fitted(added, plain.output);
  return fit instanceof Skip ? undefined : layer(product, [product, node], fit.shift);
}

function layer(node: Node, nodes: readonly Node[], bias: Float64Array | undefined): LinearLayer | Skip {
  const right = constantOf(node.inputs[1]) !== undefined;
  const weight = weightOf(node, !right && constantOf(node.inputs[0]) ? 0 : 1, "weight");
  if (weight instanceof Skip) return weight;
  const x = node.inputs[right ? 0 : 1]!, rank = x.shape?.length;
  if (weight.dims.length !== 2) return new Skip(`the weight of ${node.label} has the shape [${weight.dims}], expected a matrix`);
  if (rank === undefined || rank < 2) {
    return new Skip(`the rank of '${x.name}' is ${rank ?? "not known"}, expected 2 or more for ${node.label}`);
  }
  const [rows, columns] = weight.dims;
  const output = { axis: right ? rank - 1 : rank - 2, rank, channels: right ? columns : rows };
  const input = { axis: output.axis, channels: right ? rows : columns };
  const along = (axis: 0 | 1, values: Float64Array): Tensor =>
    multiplied(weight, { dims: axis === 0 ? [values.length, 1] : [1, values.length], values });

  const rebuilt = (build: Builder, x: Value, w: Tensor, shift: Float64Array): Value => {
    const weightName = nameAfter(node.inputs[right ? 1 : 0], `${node.label}.weight`);
    const matrix = build.initializer(weightName, w);
    if (bias === undefined && shift.every((value) => value === 0)) {
      return build.like(node, right ? [x, matrix] : [matrix, x]);
    }
    const addition = nodes.length > 1 ? nodes[1] : undefined;
    const dims = right ? [shift.length] : [shift.length, 1];
    const addend = build.initializer(`${weightName}.bias`, valueTensor(weight.type, dims, shift));
    if (right && rank === 2 && node.opset >= 7) return build.node("Gemm", [x, matrix, addend], { name: node.name });
    const product = build.like(node, right ? [x, matrix] : [matrix, x]);
    return build.node("Add", [product, addend], { name: addition?.name ?? (node.name && `${node.name}/bias`) });
  };
  const current = bias ?? new Float64Array(output.channels);
  return {
    nodes,
    x,
    output,
    input,
    afterAffine(affine, build) {
      const fit = fitted(affine, output);
      if (fit instanceof Skip) return fit;
      return rebuilt(build, x, along(right ? 1 : 0, fit.scale), affineBias(current, fit.scale, fit.shift));
    },
    beforeAffine(affine, x, build) {
      const fit = fitted(affine, input);
      if (fit instanceof Skip) return fit;
      const shift = current.slice();
      if (fit.shift.some((value) => value !== 0)) {
        const w = valuesOf(weight);
        for (let row = 0; row < rows; row++) {
          for (let column = 0; column < columns; column++) {
            const [from, to] = right ? [row, column] : [column, row];
            shift[to] += fit.shift[from] * w[row * columns + column];
          }
        }
      }
      return rebuilt(build, x, along(right ? 0 : 1, fit.scale), shift);
    },
  };
}
