/** How a tensor is made of others, exactly: equal expressions of equal operands are equal tensors. */
export interface Expression<T> {
  /** What is done. */
  readonly operation: string;
  /** What it is done to. */
  readonly operands: readonly T[];
  /** Everything else it depends on. */
  readonly parameters: () => string;
}

const expressions = new WeakMap<object, Expression<object>>();

/** Says how a tensor was made; returns it. */
export function expressed<T extends object>(
  tensor: T,
  operation: string,
  operands: readonly T[],
  parameters: () => string = () => "",
): T {
  if (!operands.includes(tensor) && !expressions.has(tensor)) {
    expressions.set(tensor, { operation, operands, parameters });
  }
  return tensor;
}

/** How a tensor was made, where that was said. */
export function expressionOf<T extends object>(tensor: T): Expression<T> | undefined {
  return expressions.get(tensor) as Expression<T> | undefined;
}

/** Every byte is a character of its own in this encoding, and it is decoded natively. */
const BYTES = new TextDecoder("windows-1252");

/** Numbers as text that is equal only for equal bits. */
export function exactText({ buffer, byteOffset, byteLength }: Float64Array): string {
  return BYTES.decode(new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength));
}
