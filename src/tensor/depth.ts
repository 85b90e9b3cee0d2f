import { type Tensor, valuesOf, valueTensor } from "./tensor.ts";

/** Expressions nested deeper than this are worked out: reading one calls itself as often. */
const DEEPEST = 64;

const depths = new WeakMap<Tensor, number>();

/**
 * The tensor, an expression of `operands`, or its values where it is nested too deep, as after a thousand rewrites of one
 * weight. So neither the stack nor the time to read it grows with the model.
 */
export function limitDepth(tensor: Tensor, operands: readonly Tensor[]): Tensor {
  const depth = 1 + operands.reduce((most, operand) => Math.max(most, depths.get(operand) ?? 0), 0);
  if (depth > DEEPEST) return valueTensor(tensor.type, tensor.dims, valuesOf(tensor));
  depths.set(tensor, depth);
  return tensor;
}
