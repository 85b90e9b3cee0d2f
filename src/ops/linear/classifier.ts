import { changedAttributes, floatAttribute } from "../../graph/attribute.ts";
import type { Node, Value } from "../../graph/graph.ts";
import { valuesOf, valueTensor } from "../../tensor/tensor.ts";
import type { Builder } from "../builder.ts";
import { Skip } from "../skip.ts";
import { InputProduct } from "./input_product.ts";
import { layerParts } from "./linear_parts.ts";

/** The product with the input in ai.onnx.ml LinearClassifier: C·x + b with its numbers in attributes. */
class ClassifierInput extends InputProduct {
  override emit(build: Builder): Value {
    const { x, form, weight, bias } = this.parts;
    const attributes = changedAttributes(form, {
      coefficients: floatAttribute("coefficients", [...valuesOf(weight)]),
      intercepts: floatAttribute("intercepts", [...bias as Float64Array]),
    });
    return build.again(form, [x], attributes).find((value) => value)!;
  }
}

/** ai.onnx.ml LinearClassifier. */
export function classifierLinear(node: Node): ClassifierInput | Skip {
  const x = node.inputs[0]!, features = x.shape?.[1], { label } = node;
  const [coefficients, intercepts] = ["coefficients", "intercepts"].map((name) => node.attribute(name));
  if (x.type !== "float32") return new Skip("element-type", `${label} makes float32 of ${x.type ?? "an unknown type"}`);
  if (x.shape?.length !== 2 || typeof features !== "number") {
    return new Skip("unknown-shape", `how many columns '${x.name}', which ${label} takes, has is not known`);
  }
  const rows = Array.isArray(coefficients) ? coefficients.length / features : NaN;
  if (!Number.isInteger(rows) || !Array.isArray(intercepts) || intercepts.length !== rows) {
    return new Skip("invalid-parameter", `${label} has no coefficients and intercepts for ${features} columns`);
  }
  const weight = valueTensor("float32", [rows, features], Float64Array.from(coefficients as number[]));
  return new ClassifierInput({
    ...layerParts(node, weight),
    x,
    bias: Float64Array.from(intercepts as number[]),
    followedBy: "a choice of labels behind its scores",
    axis: 1,
    weightAxis: "last",
    biasIndex: NaN,
    biasDims: [rows],
  });
}
