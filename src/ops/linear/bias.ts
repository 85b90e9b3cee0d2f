import type { Value } from "../../graph/graph.ts";
import { isFloat } from "../../tensor/element_type.ts";
import { valuesOf } from "../../tensor/tensor.ts";
import { constantOf, notConstant } from "../constant.ts";
import { Skip } from "../skip.ts";

/** A layer's bias: the node's own value until something changes it, one number per channel from then on. */
export type Bias = Value | Float64Array | undefined;

/** Whether a bias is numbers already. */
export function isNumbers(bias: Bias): bias is Float64Array {
  return bias instanceof Float64Array;
}

/** The numbers of a bias, one per channel; undefined where there is none, a reason where they cannot be read. */
export function biasNumbers(bias: Bias, channels: number, label: string): Float64Array | Skip | undefined {
  if (bias === undefined || isNumbers(bias)) return bias;
  const tensor = constantOf(bias);
  if (!tensor) return notConstant(`the bias of ${label} is`, bias);
  if (!isFloat(tensor.type)) {
    return new Skip("element-type", `the bias of ${label} has the element type ${tensor.type}`);
  }
  if (tensor.size !== channels) {
    return new Skip("invalid-parameter", `the bias of ${label} has ${tensor.size} entries, expected ${channels}`);
  }
  return valuesOf(tensor);
}

/**
 * b·s + t; undefined where there was no bias and none is needed. A bias of several rows (Gemm's C) has one number per channel
 * in each.
 */
export function scaledBias(
  bias: Float64Array | undefined,
  { scale, shift }: { scale: Float64Array; shift: Float64Array },
): Float64Array | undefined {
  const out = bias?.map((value, i) => value * scale[i % scale.length] + shift[i % shift.length]) ?? shift;
  return bias || out.some((value) => value !== 0) ? out : undefined;
}

/** The sum of optional biases; one row of numbers is added to every row. */
export function summedBias(a: Float64Array | undefined, b: Float64Array | undefined): Float64Array | undefined {
  if (!a || !b) return a ?? b;
  const [long, short] = a.length < b.length ? [b, a] : [a, b];
  return long.map((value, i) => value + short[i % short.length]);
}
