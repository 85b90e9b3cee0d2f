import type { Dim, Shape } from "../graph/graph.ts";

/** The shape of a broadcast result; undefined where a rank is unknown. */
export function broadcast(shapes: readonly (Shape | undefined)[]): Shape | undefined {
  if (shapes.some((shape) => !shape)) return undefined;
  const rank = shapes.reduce((most, shape) => Math.max(most, shape!.length), 0);
  return Array.from({ length: rank }, (_, axis): Dim => {
    let dim: Dim = 1;
    for (const shape of shapes) {
      const other: Dim | undefined = shape![axis - rank + shape!.length];
      if (other === undefined || other === 1 || other === dim) continue;
      if (dim === 1) dim = other;
      else if (typeof other === "number") dim = other;
      else if (typeof dim !== "number") dim = null;
    }
    return dim;
  });
}

/** How many elements dimensions have together; one of them may be a name. */
export function product(dims: readonly Dim[]): Dim {
  const long = dims.filter((dim) => dim !== 1), names = long.filter((dim) => typeof dim === "string");
  if (long.length === 1) return long[0];
  if (names.length > 1 || long.includes(null)) return null;
  return multiple(names[0] ?? 1, long.reduce<number>((count, dim) => typeof dim === "number" ? count * dim : count, 1));
}

/** What a name of our own for a multiple of another name looks like. */
const MULTIPLE = /^\0(\d+)×(.*)$/s;

/** A named dimension as what it is a multiple of. */
export function factorsOf(name: string): { readonly count: number; readonly name: string } {
  const [, count, base] = name.startsWith("\0") ? MULTIPLE.exec(name) ?? [] : [];
  return base === undefined ? { count: 1, name } : { count: Number(count), name: base };
}

/** Whether a dimension is a multiple of a named one. */
export function isMultiple(dim: Dim | undefined): boolean {
  return typeof dim === "string" && factorsOf(dim).count > 1;
}

/** A dimension times one whole number, over another; of a name a name of our own, null where that is not whole. */
export function multiple(dim: Dim, by: number, over = 1): Dim {
  if (by === over || dim === null) return dim;
  if (typeof dim === "number") return dim * by / over;
  const { count, name } = factorsOf(dim), whole = count * by / over;
  if (!Number.isSafeInteger(whole) || whole < 0) return null;
  return whole > 1 ? `\0${whole}×${name}` : whole === 1 ? name : 0;
}

/** A dimension divided by another, where one is a name and that leaves nothing over; null otherwise. */
export function quotient(dim: Dim, by: Dim): Dim {
  if (typeof by === "number") return by > 0 ? multiple(dim, 1, by) : null;
  if (typeof dim !== "string" || by === null) return null;
  const [whole, part] = [factorsOf(dim), factorsOf(by)];
  return whole.name === part.name && whole.count % part.count === 0 ? whole.count / part.count : null;
}

/** How long parts are together; one that is not empty may be a name. */
export function total(parts: readonly Dim[]): Dim {
  const long = parts.filter((part) => part !== 0);
  if (long.length === 1) return long[0];
  return parts.every((part) => typeof part === "number") ? (parts as number[]).reduce((a, b) => a + b, 0) : null;
}

/** A dimension times a factor, or divided where the factor is a fraction; of a name null where that is not whole. */
export function times(dim: Dim, factor: number): Dim {
  if (typeof dim === "number") return factor === 1 ? dim : Math.floor(dim * factor + 1e-9);
  return factor < 1 ? multiple(dim, 1, Math.round(1 / factor)) : multiple(dim, factor);
}

/** Elements of a shape for one item of a dynamic batch, or as many as were put into it; null where a size is not known. */
export function elementCount(shape: readonly Dim[] | undefined): number | null {
  if (!shape) return null;
  let count = 1;
  for (let axis = 0; axis < shape.length; axis++) {
    const dim = shape[axis];
    if (typeof dim === "number") count *= dim;
    else if (axis > 0) return null;
    else if (dim !== null) count *= factorsOf(dim).count;
  }
  return count;
}

/** An axis of a rank, or a place along an axis of some length, from the start; negative ones count from the end. */
export function fromStart(at: number, length: number): number {
  return at < 0 ? at + length : at;
}

/** Whether these are all axes of a rank, each once. */
export function isPermutation(order: readonly number[], rank: number): boolean {
  return order.length === rank && [...order].sort((a, b) => a - b).every((axis, at) => axis === at);
}

/** Whether two shapes are surely the same. */
export function isSameShape(a: Shape | undefined, b: Shape | undefined): boolean {
  return a !== undefined && a.length === b?.length && a.every((dim, axis) => dim !== null && dim === b[axis]);
}
