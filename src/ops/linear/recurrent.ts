import type { Node, Value } from "../../graph/graph.ts";
import { forEachChunk, valueTensor } from "../../tensor/tensor.ts";
import type { Builder } from "../builder.ts";
import { Skip } from "../skip.ts";
import { biasNumbers, isNumbers } from "./bias.ts";
import { InputProduct } from "./input_product.ts";
import { type Channels, layerParts, weightOf } from "./linear_parts.ts";

/**
 * The product with the input in an LSTM, GRU or RNN: W[directions, gates·hidden, inputs]·x + Wb at each step, for what comes
 * before it. Before it, x ↦ s·x + t: W′ = W·s, Wb′ = Wb + W·t, at any length, direction, layout and initial state: nothing else
 * reads x, and steps behind a sequence's end are not computed. What comes after it finds activations.
 */
class RecurrentInput extends InputProduct {
  readonly kind = "recurrent layer";
  protected readonly followedBy = "activations behind its products";

  get input(): Channels {
    return { axis: 2, channels: this.parts.weight.dims[2] };
  }

  get output(): Channels {
    return { axis: 3, channels: this.parts.weight.dims[1] };
  }

  /** [directions, Wb then Rb], row-major. */
  override biasNumbers(): Float64Array | Skip | undefined {
    const { weight: { dims: [directions, rows] } } = this.parts;
    return biasNumbers(this.parts.bias, 2 * directions * rows, this.label);
  }

  shiftThrough(shift: Float64Array): Float64Array {
    const { weight } = this.parts, [directions, rows, inputs] = weight.dims;
    const sums = new Float64Array(2 * directions * rows);
    forEachChunk(weight, (values, start) =>
      values.forEach((value, at) => {
        const row = Math.floor((start + at) / inputs);
        sums[row + rows * Math.floor(row / rows)] += value * shift[(start + at) % inputs];
      }));
    return sums;
  }

  emit(build: Builder): Value {
    const { x, bias, weight, origin, form: node } = this.parts, [directions, rows] = weight.dims;
    const b = isNumbers(bias)
      ? build.initializer(origin.bias, valueTensor(weight.type, [directions, 2 * rows], bias))
      : bias;
    const [, , recurrence, , ...rest] = node!.inputs;
    return build.again(node!, [x, this.weightInput(build), recurrence, b, ...rest]).find((value) => value)!;
  }

  protected inputFactor(values: Float64Array) {
    return { factor: { dims: [1, 1, values.length], values } };
  }
}

/** LSTM, GRU, RNN. */
export function recurrentLinear(node: Node): RecurrentInput | Skip {
  const weight = weightOf(node, 1, "input weight W");
  if (weight instanceof Skip) return weight;
  if (weight.dims.length !== 3) {
    return new Skip("invalid-parameter", `W of ${node.label} has the shape [${weight.dims}], expected three axes`);
  }
  return new RecurrentInput({ ...layerParts(node, weight, 1, 3), x: node.inputs[0]! });
}
