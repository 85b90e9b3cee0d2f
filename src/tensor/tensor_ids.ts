import { type Tensor, valuesOf } from "./tensor.ts";

/** Tensors without an expression of at most this many elements are compared by their values. */
const MOST_COMPARED = 1 << 12;

/**
 * Numbers that are equal for tensors that are surely equal: the same object, the same few values, or the same expression of
 * such. Nothing is read but small tensors.
 */
export class TensorIds {
  readonly #ids = new WeakMap<Tensor, number>();
  readonly #byKey = new Map<string, number>();
  /** One tensor for each list of values that there is, by a number made of all of them. */
  readonly #byHash = new Map<number, Tensor[]>();
  #next = 0;

  /** The number of a tensor, where it was asked for. */
  known(tensor: Tensor): number | undefined {
    return this.#ids.get(tensor);
  }

  /** The number of a tensor. */
  idOf(tensor: Tensor): number {
    let id = this.#ids.get(tensor);
    if (id === undefined) this.#ids.set(tensor, id = this.#idOf(tensor));
    return id;
  }

  #idOf(tensor: Tensor): number {
    const { expression } = tensor;
    if (expression) {
      const { operation, operands, parameters } = expression;
      const own = `${operation}(${operands.map((operand) => this.idOf(operand))})${parameters()}`;
      return this.#keyed(`${tensor.type}[${tensor.dims}]${own}`);
    }
    return isRead(tensor) ? this.#compared(tensor) : this.#next++;
  }

  #keyed(key: string): number {
    let id = this.#byKey.get(key);
    if (id === undefined) this.#byKey.set(key, id = this.#next++);
    return id;
  }

  #compared(tensor: Tensor): number {
    const bits = bitsOf(tensor), hash = hashOf(bits), others = this.#byHash.get(hash);
    const equal = others?.find((other) => isLike(tensor, other) && areEqual(bits, bitsOf(other)));
    if (equal) return this.#ids.get(equal)!;
    if (others) others.push(tensor);
    else this.#byHash.set(hash, [tensor]);
    return this.#next++;
  }
}

/** Whether a tensor is small, and its values as they are read tell it from others: some of int64 are rounded then. */
function isRead({ type, size, bound }: Tensor): boolean {
  if (size > MOST_COMPARED || type === "string" || type === "opaque") return false;
  if (!type.endsWith("int64")) return true;
  const most = bound();
  return most <= Number.MAX_SAFE_INTEGER || most === END;
}

/** What the ends of int64 are read as. */
const END = 2 ** 63;

function bitsOf(tensor: Tensor): Uint32Array {
  return new Uint32Array(valuesOf(tensor).buffer);
}

/** A number of 53 bits: few lists share one. */
function hashOf(bits: Uint32Array): number {
  let low = 0x811c9dc5, high = 0x9e3779b9;
  for (let at = 0; at < bits.length; at++) {
    low = Math.imul(low ^ bits[at], 0x85ebca6b);
    low ^= low >>> 15;
    high = Math.imul(high ^ bits[at], 0xc2b2ae35);
    high ^= high >>> 13;
  }
  return (high >>> 11) * 2 ** 32 + (low >>> 0);
}

function isLike(a: Tensor, b: Tensor): boolean {
  return a.type === b.type && a.dims.length === b.dims.length && a.dims.every((dim, axis) => dim === b.dims[axis]);
}

function areEqual(a: Uint32Array, b: Uint32Array): boolean {
  return a.every((value, at) => value === b[at]);
}
