import type { Node } from "../../graph/graph.ts";
import { valueTensor } from "../../tensor/tensor.ts";
import { Skip } from "../skip.ts";
import { layerParts } from "./linear_parts.ts";
import { MatrixProduct } from "./matrix_product.ts";

/** ai.onnx.ml LinearRegressor: x·Cᵀ + b with its numbers in attributes; as a new layer it is a Gemm. */
export function regressorLinear(node: Node): MatrixProduct | Skip {
  const x = node.inputs[0]!, targets = node.number("targets", 1), { label } = node;
  const [coefficients, intercepts] = ["coefficients", "intercepts"].map((name) => node.attribute(name));
  if (node.text("post_transform", "NONE") !== "NONE") return new Skip("not-linear", `${label} has a post_transform`);
  if (x.type !== "float32") return new Skip("element-type", `${label} makes float32 of ${x.type ?? "an unknown type"}`);
  if (x.shape?.length !== 2 || node.graph.opset < 7) {
    return new Skip("unsupported-form", `there is no Gemm (opset 7, an input of rank 2) to take the place of ${label}`);
  }
  const isFull = Array.isArray(intercepts) ? intercepts.length === targets : intercepts === undefined;
  if (!Array.isArray(coefficients) || coefficients.length % targets !== 0 || !isFull) {
    return new Skip("invalid-parameter", `${label} has no coefficients and intercepts for ${targets} targets`);
  }
  const features = coefficients.length / targets, bias = Array.isArray(intercepts) ? intercepts as number[] : undefined;
  const straight = Float64Array.from(
    coefficients,
    (_, at) => coefficients[(at % targets) * features + Math.floor(at / targets)] as number,
  );
  return new MatrixProduct({
    ...layerParts(node, valueTensor("float32", [features, targets], straight)),
    x,
    form: undefined,
    bias: bias && Float64Array.from(bias),
    side: "right",
    inputRank: 2,
    rank: 2,
  });
}
