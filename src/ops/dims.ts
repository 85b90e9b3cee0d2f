import type { Dim, Shape } from "../graph/graph.ts";

/** The shape of a broadcast result; undefined where a rank is unknown. */
export function broadcast(shapes: readonly (Shape | undefined)[]): Shape | undefined {
  if (shapes.some((shape) => !shape)) return undefined;
  const rank = Math.max(...shapes.map((shape) => shape!.length));
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

/** How many elements dimensions have together; one dimension alone may be a name. */
export function product(dims: readonly Dim[]): Dim {
  const long = dims.filter((dim) => dim !== 1);
  if (long.length === 1) return long[0];
  return dims.every((dim) => typeof dim === "number") ? (dims as number[]).reduce((a, b) => a * b, 1) : null;
}

/** How long parts are together; one that is not empty may be a name. */
export function total(parts: readonly Dim[]): Dim {
  const long = parts.filter((part) => part !== 0);
  if (long.length === 1) return long[0];
  return parts.every((part) => typeof part === "number") ? (parts as number[]).reduce((a, b) => a + b, 0) : null;
}

/** A dimension times a factor, or divided where the factor is a fraction. */
export function times(dim: Dim, factor: number): Dim {
  return factor === 1 ? dim : typeof dim === "number" ? Math.floor(dim * factor + 1e-9) : null;
}

/** Elements of a shape for one item of a dynamic batch; null where a size is not known. */
export function elementCount(shape: readonly Dim[] | undefined): number | null {
  if (!shape) return null;
  return shape.reduce<number | null>((count, dim, axis) => {
    const size = typeof dim === "number" ? dim : axis === 0 ? 1 : null;
    return count === null || size === null ? null : count * size;
  }, 1);
}

/** Whether these are all axes of a rank, each once. */
export function isPermutation(order: readonly number[], rank: number): boolean {
  return order.length === rank && [...order].sort((a, b) => a - b).every((axis, at) => axis === at);
}
