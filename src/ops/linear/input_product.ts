import type { Node, Value } from "../../graph/graph.ts";
import { reshaped, sizeOf } from "../../tensor/tensor.ts";
import type { Builder } from "../builder.ts";
import { Skip } from "../skip.ts";
import { LinearMap, type WeightFactor } from "./linear_map.ts";
import type { Channels, LinearParts } from "./linear_parts.ts";
import { vectorTimes } from "./matrix_product.ts";

/** What an {@linkcode InputProduct} is made of. */
export interface InputParts extends LinearParts {
  /** The operator's node. */
  readonly form: Node;
  /** What follows the product in the operator. */
  readonly followedBy: string;
  /** The axis of x that is multiplied. */
  readonly axis: number;
  /** The axis of the weight that it meets: the first or the last. */
  readonly weightAxis: "first" | "last";
  /** Which input of `form` the bias is. */
  readonly biasIndex: number;
  /** Its shape: rows that begin with as many entries as the product makes for each. */
  readonly biasDims: readonly number[];
}

/**
 * The product with the input inside an operator that is no layer as a whole: only what comes before it goes into it. Before it,
 * x ↦ s·x + t: W′ = W·s, b′ = b + W·t: nothing else reads x.
 */
export class InputProduct extends LinearMap<InputParts> {
  readonly kind = "matrix product";

  get input(): Channels {
    const { axis, weightAxis, weight: { dims } } = this.parts;
    return { axis, channels: dims.at(weightAxis === "first" ? 0 : -1)! };
  }

  /** Entries of the bias, along no axis of the result. */
  get output(): Channels {
    return { axis: NaN, channels: sizeOf(this.parts.biasDims) };
  }

  override after(): Skip {
    return new Skip("not-linear", `${this.label} has ${this.parts.followedBy}`);
  }

  plus(): Skip {
    return this.after();
  }

  then(): Skip {
    return this.after();
  }

  diagonal(): Skip {
    return this.after();
  }

  override precededBy(): Skip {
    return this.after();
  }

  shiftThrough(shift: Float64Array): Float64Array {
    const { weight, weightAxis, biasDims } = this.parts,
      { channels } = this.input,
      isTransposed = weightAxis === "last";
    const made = weight.size / channels, dims = isTransposed ? [made, channels] : [channels, made];
    const products = vectorTimes(shift, reshaped(weight, dims), { isTransposed }), row = biasDims.at(-1)!;
    const sums = new Float64Array(sizeOf(biasDims)), each = made * row / sums.length;
    for (let at = 0; at < made; at += each) sums.set(products.subarray(at, at + each), at / each * row);
    return sums;
  }

  emit(build: Builder): Value {
    const { x, form, biasIndex, biasDims } = this.parts, inputs = [...form.inputs];
    [inputs[0], inputs[1], inputs[biasIndex]] = [x, this.weightInput(build), this.biasInput(build, biasDims)];
    return build.again(form, inputs).find((value) => value)!;
  }

  /** Nothing goes in behind the product. */
  protected factorOf(_side: "input" | "output", values: Float64Array): WeightFactor {
    const { weightAxis, weight: { dims } } = this.parts, own = weightAxis === "first" ? 0 : dims.length - 1;
    return { factor: { dims: dims.map((_, axis) => axis === own ? values.length : 1), values } };
  }
}
