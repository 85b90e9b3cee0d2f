import { exactText, expressionOf } from "./expression.ts";
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
  #next = 0;

  /** The number of a tensor. */
  idOf(tensor: Tensor): number {
    let id = this.#ids.get(tensor);
    if (id === undefined) this.#ids.set(tensor, id = this.#keyed(tensor));
    return id;
  }

  #keyed(tensor: Tensor): number {
    const key = this.#keyOf(tensor);
    if (key === undefined) return this.#next++;
    const typed = `${tensor.type}[${tensor.dims}]${key}`;
    let id = this.#byKey.get(typed);
    if (id === undefined) this.#byKey.set(typed, id = this.#next++);
    return id;
  }

  #keyOf(tensor: Tensor): string | undefined {
    const expression = expressionOf(tensor);
    if (expression) {
      const { operation, operands, parameters } = expression;
      return `${operation}(${operands.map((operand) => this.idOf(operand))})${parameters()}`;
    }
    const isRead = tensor.size <= MOST_COMPARED && tensor.type !== "string" && tensor.type !== "opaque";
    return isRead ? `=${exactText(valuesOf(tensor))}` : undefined;
  }
}
