/** How a tensor is made of others, exactly: equal expressions of equal operands are equal tensors. */
export interface Expression<T> {
  /** What is done. */
  readonly operation: string;
  /** What it is done to. */
  readonly operands: readonly T[];
  /** Everything else it depends on. */
  readonly parameters: () => string;
}

/** What may be made of others. */
export interface Expressed {
  /** How it was made, where {@link expressed} was told. */
  expression?: Expression<this>;
}

/** Says how a tensor was made, where that is not known yet; returns it. */
export function expressed<T extends Expressed>(
  tensor: T,
  operation: string,
  operands: readonly T[],
  parameters: () => string = () => "",
): T {
  if (!operands.includes(tensor)) tensor.expression ??= { operation, operands, parameters };
  return tensor;
}

/** Every byte is a character of its own in this encoding, and it is decoded natively. */
const BYTES = new TextDecoder("windows-1252");

/** Numbers as text that is equal only for equal bits. */
export function exactText({ buffer, byteOffset, byteLength }: Float64Array): string {
  return BYTES.decode(new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength));
}
