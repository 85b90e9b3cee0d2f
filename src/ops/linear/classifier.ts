import { changedAttributes, floatAttribute } from "../../graph/attribute.ts";
import type { Node, Value } from "../../graph/graph.ts";
import { valuesOf, valueTensor } from "../../tensor/tensor.ts";
import type { Builder } from "../builder.ts";
import { Skip } from "../skip.ts";
import { InputProduct } from "./input_product.ts";
import { type Channels, layerParts } from "./linear_parts.ts";

/** The product with the input in ai.onnx.ml LinearClassifier: C·x + b with its numbers in attributes. Behind it labels are chosen. */
class ClassifierInput extends InputProduct {
  readonly kind = "matrix product";
  protected readonly followedBy = "a choice of labels behind its scores";

  get input(): Channels {
    return { axis: 1, channels: this.parts.weight.dims[1] };
  }

  get output(): Channels {
    return { axis: 2, channels: this.parts.weight.dims[0] };
  }

  shiftThrough(shift: Float64Array): Float64Array {
    const values = valuesOf(this.parts.weight), { channels } = this.output;
    const sum = (row: number) => shift.reduce((sum, t, at) => sum + t * values[row * shift.length + at], 0);
    return Float64Array.from({ length: channels }, (_, row) => sum(row));
  }

  emit(build: Builder): Value {
    const { x, form: node, weight, bias } = this.parts;
    const attributes = changedAttributes(node!, {
      coefficients: floatAttribute("coefficients", [...valuesOf(weight)]),
      intercepts: floatAttribute("intercepts", [...bias as Float64Array]),
    });
    return build.again(node!, [x], attributes).find((value) => value)!;
  }

  protected inputFactor(values: Float64Array) {
    return { factor: { dims: [1, values.length], values } };
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
  return new ClassifierInput({ ...layerParts(node, weight), x, bias: Float64Array.from(intercepts as number[]) });
}
