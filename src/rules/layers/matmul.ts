import { newAttribute } from "../../graph/attribute.ts";
import { constantOf } from "../../ops/constant.ts";
import type { Node, Value } from "../../graph/graph.ts";
import type { Builder } from "../../ops/builder.ts";
import { Skip } from "../../ops/skip.ts";
import { multiplied } from "../../tensor/multiply.ts";
import { sizeOf, type Tensor, valueTensor } from "../../tensor/tensor.ts";
import { hasScale, hasShift } from "../../ops/affine_map.ts";
import { elementwise } from "../elementwise.ts";
import type { LinearLayer } from "../layer.ts";
import { affineBias, fitted, nameAfter, vectorTimes, weightOf } from "../weights.ts";

/**
 * MatMul by a constant, x·W or W·x, any rank of x and W, together with the addition of a constant that follows it, which
 * is its bias (an Add or Sub is only looked at as that).
 *
 * After it: the output axis of W (columns of x·W, rows of W·x) is scaled, b' = b·s + t. Before it: the other axis is scaled,
 * b' = b + t·W, for one matrix W. A bias becomes Gemm's C where the layer is x·W of rank 2, else an Add.
 */
export function matmul(node: Node): LinearLayer | Skip | undefined {
  if (node.opType === "MatMul") return layer(node, [node], undefined);
  const added = elementwise(node);
  if (!added || added instanceof Skip || hasScale(added)) return undefined;
  const product = added.x.producer;
  if (!product?.is("MatMul") || added.x !== product.output || product.graph !== node.graph) return undefined;
  const plain = layer(product, [product], undefined);
  if (plain instanceof Skip) return undefined;
  const fit = fitted(added, plain.output);
  return fit instanceof Skip ? undefined : layer(product, [product, node], fit.shift);
}

function layer(node: Node, nodes: readonly Node[], bias: Float64Array | undefined): LinearLayer | Skip {
  const right = constantOf(node.inputs[1]) !== undefined;
  const weight = weightOf(node, !right && constantOf(node.inputs[0]) ? 0 : 1, "weight");
  if (weight instanceof Skip) return weight;
  const x = node.inputs[right ? 0 : 1]!;
  if (weight.dims.length < 2) {
    return new Skip(
      "invalid-parameter",
      `the weight of ${node.label} has the shape [${weight.dims}], expected a matrix`,
    );
  }
  if (x.shape === undefined || x.shape.length < 2) {
    return new Skip(
      "unknown-shape",
      `the rank of '${x.name}' is ${x.shape?.length ?? "not known"}, expected 2 or more for ${node.label}`,
    );
  }
  const rank = Math.max(x.shape.length, weight.dims.length);
  const batch = weight.dims.slice(0, -2), [rows, columns] = weight.dims.slice(-2);
  const output = { axis: right ? rank - 1 : rank - 2, rank, channels: right ? columns : rows };
  const input = { axis: x.shape.length - (right ? 1 : 2), channels: right ? rows : columns };
  const along = (axis: 0 | 1, values: Float64Array): Tensor => {
    const dims = axis === 0 ? [values.length, 1] : [1, values.length];
    return multiplied(weight, { dims: [...batch.map(() => 1), ...dims], values });
  };
  const rebuilt = (build: Builder, x: Value, w: Tensor, shift: Float64Array): Value | Skip => {
    const weightName = nameAfter(node.inputs[right ? 1 : 0], `${node.label}.weight`);
    const matrix = build.initializer(weightName, w);
    if (bias === undefined && shift.every((value) => value === 0)) {
      return build.like(node, right ? [x, matrix] : [matrix, x]);
    }
    if (node.opset < 7 && !right) {
      return new Skip("unsupported-form", `an Add before opset 7 cannot add a bias to the rows of ${node.label}`);
    }
    const dims = right ? [shift.length] : [shift.length, 1];
    const addend = build.initializer(`${weightName}.bias`, valueTensor(weight.type, dims, shift));
    if (right && rank === 2 && node.opset >= 7) return build.node("Gemm", [x, matrix, addend], { name: node.name });
    return build.node("Add", [build.like(node, right ? [x, matrix] : [matrix, x]), addend], {
      name: nodes[1]?.name ?? (node.name && `${node.name}/bias`),
      attributes: node.opset < 7 ? [newAttribute("broadcast", 1)] : [],
    });
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
      const w = along(right ? 0 : 1, fit.scale);
      if (!hasShift(affine)) return rebuilt(build, x, w, current);
      if (sizeOf(batch) !== 1) {
        return new Skip(
          "shift-blocked",
          `${node.label} multiplies by several matrices, each of which needs its own bias`,
        );
      }
      const extra = vectorTimes(fit.shift, weight, !right);
      return rebuilt(build, x, w, current.map((value, n) => value + extra[n]));
    },
  };
}
