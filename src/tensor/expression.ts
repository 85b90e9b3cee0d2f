import type { Tensor } from "./tensor.ts";

/** How a tensor is made of others, exactly: equal expressions of equal operands are equal tensors. */
export interface Expression {
  /** What is done. */
  readonly operation: string;
  /** What it is done to. */
  readonly operands: readonly Tensor[];
  /** Everything else it depends on. */
  readonly parameters: () => string;
}

const expressions = new WeakMap<Tensor, Expression>();

/** Says how a tensor was made; returns it. */
export function expressed(
  tensor: Tensor,
  operation: string,
  operands: readonly Tensor[],
  parameters: () => string = () => "",
): Tensor {
  if (!operands.includes(tensor) && !expressions.has(tensor)) {
    expressions.set(tensor, { operation, operands, parameters });
  }
  return tensor;
}

/** How a tensor was made, where that was said. */
export function expressionOf(tensor: Tensor): Expression | undefined {
  return expressions.get(tensor);
}

/** Every byte is a character of its own in this encoding, and it is decoded natively. */
const BYTES = new TextDecoder("windows-1252");

/** Numbers as text that is equal only for equal bits. */
export function exactText({ buffer, byteOffset, byteLength }: Float64Array): string {
  return BYTES.decode(new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength));
}
