import type { Node, Value } from "../../graph/graph.ts";
import type { Builder } from "../builder.ts";
import { Skip } from "../skip.ts";
import { InputProduct } from "./input_product.ts";
import { type Channels, layerParts, weightOf } from "./linear_parts.ts";
import { vectorTimes } from "./matrix_product.ts";

/**
 * The projection of the input in com.microsoft's Attention: x·W[inputs, 3·hidden] + b, for what comes before it. Before it,
 * x ↦ s·x + t: W′ = s·W, b′ = b + t·W: nothing else reads x. What comes after it finds a softmax.
 */
class AttentionInput extends InputProduct {
  readonly kind = "matrix product";
  protected readonly followedBy = "a softmax behind its projection";

  get input(): Channels {
    return { axis: 2, channels: this.parts.weight.dims[0] };
  }

  get output(): Channels {
    return { axis: 3, channels: this.parts.weight.dims[1] };
  }

  shiftThrough(shift: Float64Array): Float64Array {
    return vectorTimes(shift, this.parts.weight);
  }

  emit(build: Builder): Value {
    const { x, form: node } = this.parts, rest = node!.inputs.slice(3);
    const inputs = [x, this.weightInput(build), this.biasInput(build), ...rest];
    return build.again(node!, inputs).find((value) => value)!;
  }

  protected inputFactor(values: Float64Array) {
    return { factor: { dims: [values.length, 1], values } };
  }
}

/** com.microsoft Attention. */
export function attentionLinear(node: Node): AttentionInput | Skip {
  const weight = weightOf(node, 1, "input weight");
  if (weight instanceof Skip) return weight;
  if (weight.dims.length !== 2 || node.inputs[0]?.shape?.length !== 3) {
    return new Skip(
      "invalid-parameter",
      `the input weight of ${node.label} has the shape [${weight.dims}], expected a matrix for an input of rank 3`,
    );
  }
  return new AttentionInput({ ...layerParts(node, weight), x: node.inputs[0] });
}
