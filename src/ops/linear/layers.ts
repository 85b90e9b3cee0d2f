import type { Node } from "../../graph/graph.ts";
import { isFloat } from "../../tensor/element_type.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { constantOf, notConstant } from "../constant.ts";
import { Skip } from "../skip.ts";
import { windowOf } from "../window.ts";
import { Convolution, spatialOf } from "./convolution.ts";
import { layerParts } from "./linear_parts.ts";
import { MatrixProduct } from "./matrix_product.ts";
import { TransposedConvolution } from "./transposed_convolution.ts";

/** A constant floating-point weight of a layer, or why it is none. */
export function weightOf(node: Node, index: number, role: string): Tensor | Skip {
  const value = node.inputs[index];
  if (!value) return new Skip("invalid-parameter", `${node.label} has no ${role}`);
  const tensor = constantOf(value);
  if (!tensor) return notConstant(`the ${role} of ${node.label} is`, value);
  if (isFloat(tensor.type)) return tensor;
  return new Skip("element-type", `the ${role} of ${node.label} has the element type ${tensor.type}`);
}

function noKernel(node: Node, { dims }: Tensor, group: number): Skip {
  return new Skip(
    "invalid-parameter",
    `the weight of ${node.label} has the shape [${dims}], which is no kernel for group ${group}`,
  );
}

/** Conv. */
export function convLinear(node: Node): Convolution | Skip {
  const weight = weightOf(node, 1, "weight"), x = node.inputs[0]!, group = node.number("group", 1);
  if (weight instanceof Skip) return weight;
  const [channels, perGroup, ...kernel] = weight.dims;
  if (kernel.length === 0 || channels % group !== 0 || perGroup === 0) return noKernel(node, weight, group);
  return new Convolution({ ...layerParts(node, weight), x, group, window: windowOf(node, kernel, spatialOf(x)) });
}

/** ConvTranspose. */
export function convTransposeLinear(node: Node): TransposedConvolution | Skip {
  const weight = weightOf(node, 1, "weight"), group = node.number("group", 1);
  if (weight instanceof Skip) return weight;
  if (weight.dims.length < 3 || weight.dims[0] % group !== 0) return noKernel(node, weight, group);
  return new TransposedConvolution({ ...layerParts(node, weight), x: node.inputs[0]!, group, form: node });
}

/** MatMul by a constant, on the right or on the left; with `transA`, `transB` and `alpha` where its operator has them. */
export function matmulLinear(node: Node): MatrixProduct | Skip {
  const isRight = constantOf(node.inputs[1]) !== undefined || !constantOf(node.inputs[0]), index = isRight ? 1 : 0;
  const weight = weightOf(node, index, "weight"), x = node.inputs[1 - index]!, inputRank = x.shape?.length;
  if (weight instanceof Skip) return weight;
  if (weight.dims.length < 2) {
    return new Skip(
      "invalid-parameter",
      `the weight of ${node.label} has the shape [${weight.dims}], expected a matrix`,
    );
  }
  if (inputRank === undefined || inputRank < 2) {
    return new Skip(
      inputRank === undefined ? "unknown-shape" : "unsupported-form",
      `the rank of '${x.name}' is ${inputRank ?? "not known"}, expected 2 or more for ${node.label}`,
    );
  }
  const isTurned = (side: "A" | "B") => node.number(`trans${side}`, 0) !== 0;
  return new MatrixProduct({
    ...layerParts(node, weight, index),
    x,
    side: isRight ? "right" : "left",
    weightIndex: index,
    isTransposed: isTurned(isRight ? "B" : "A"),
    isInputTransposed: isTurned(isRight ? "A" : "B"),
    factor: node.number("alpha", 1),
    inputRank,
    rank: Math.max(inputRank, weight.dims.length),
  });
}

/** com.microsoft FusedMatMul: α·x'·W' or α·W'·x' with either operand turned around, W a constant matrix. */
export function fusedMatmulLinear(node: Node): MatrixProduct | Skip {
  if (["transBatchA", "transBatchB"].some((name) => node.number(name, 0) !== 0)) {
    return new Skip("unsupported-form", `${node.label} transposes its batch (transBatchA or transBatchB)`);
  }
  const product = matmulLinear(node);
  if (product instanceof Skip || product.parts.weight.dims.length === 2) return product;
  return new Skip("unsupported-form", `${node.label} multiplies by a weight of shape [${product.parts.weight.dims}]`);
}

/** com.microsoft FusedConv, where it has neither an activation nor a second summand. */
export function fusedConvLinear(node: Node): Convolution | Skip {
  if (node.text("activation", "") !== "" || node.has(3)) {
    return new Skip("not-linear", `${node.label} has an activation or a second summand`);
  }
  return convLinear(node);
}

/** Gemm: Y = α·A'·B' + β·C, with B constant. */
export function gemmLinear(node: Node): MatrixProduct | Skip {
  const weight = weightOf(node, 1, "weight B");
  if (weight instanceof Skip) return weight;
  if (weight.dims.length !== 2) {
    return new Skip(
      "invalid-parameter",
      `the weight of ${node.label} has the shape [${weight.dims}], expected a matrix`,
    );
  }
  return new MatrixProduct({
    ...layerParts(node, weight),
    x: node.inputs[0]!,
    side: "right",
    weightIndex: 1,
    isTransposed: node.number("transB", 0) !== 0,
    isInputTransposed: node.number("transA", 0) !== 0,
    factor: node.number("alpha", 1),
    inputRank: 2,
    rank: 2,
  });
}
