import type { Dim, Shape, Value } from "../graph/graph.ts";
import { valuesOf } from "../tensor/tensor.ts";
import { constantOf } from "./constant.ts";
import { factorsOf, multiple, product } from "./dims.ts";

/** Tensors of more elements than this are not followed element by element. */
export const MOST_FOLLOWED = 1024;

/**
 * What is known of the numbers in a small tensor, as in a shape that exporters compute for `x.view(x.size(0), -1)`: sizes,
 * names of dynamic dimensions, null for unknown ones. Undefined where even their count is not known. A scalar is a list of
 * one.
 */
export function elementsOf(
  { constant, elements, shape }: Pick<Value, "constant" | "elements" | "shape">,
): readonly Dim[] | undefined {
  if (elements) return elements;
  if (constant) {
    const isSmall = constant.size <= MOST_FOLLOWED && constant.type !== "string" && constant.type !== "opaque";
    return isSmall ? [...valuesOf(constant)] : undefined;
  }
  const size = shape?.reduce<number>((product, dim) => typeof dim === "number" ? product * dim : NaN, 1);
  return size !== undefined && size >= 0 && size <= MOST_FOLLOWED ? new Array<Dim>(size).fill(null) : undefined;
}

/** What is known of the numbers in a value of a graph, as {@linkcode elementsOf} says it. */
export function valueElements(value: Value | undefined): readonly Dim[] | undefined {
  return value && elementsOf({ shape: value.shape, constant: constantOf(value), elements: value.elements });
}

/**
 * Reshape's result: 0 copies the dimension (unless `allowZero`), −1 takes what is left. A dimension of the same name, or
 * copied, on both sides cancels, so that −1 may be known although the batch is not.
 */
export function reshapedDims(
  x: Shape | undefined,
  shape: readonly Dim[],
  { allowZero = false }: { allowZero?: boolean } = {},
): Dim[] {
  const isSize = (dim: Dim) => typeof dim !== "number" || Number.isInteger(dim) && dim >= -1;
  if (!shape.every(isSize)) return shape.map(() => null); // numbers of a type that sizes have not, say
  const copies = (dim: Dim) => dim === 0 && !allowZero;
  const dims = shape.map((dim, axis): Dim => copies(dim) ? x?.[axis] ?? null : dim);
  const at = dims.indexOf(-1);
  if (at < 0 || !x) return dims.map((dim) => dim === -1 ? null : dim);
  const left = x.filter((_, axis) => !copies(shape[axis] ?? null));
  let known = 1;
  dims[at] = null;
  for (const [axis, dim] of shape.entries()) {
    if (axis === at || copies(dim)) continue;
    if (typeof dim === "number") known *= dim;
    else {
      const same = dim === null ? -1 : left.findIndex((other) => isOfName(other, factorsOf(dim).name));
      if (same < 0) return dims;
      known *= factorsOf(dim!).count;
      left[same] = factorsOf(left[same] as string).count;
    }
  }
  const size = product(left);
  if (known > 0) dims[at] = multiple(size, 1, known);
  return dims;
}

function isOfName(dim: Dim, name: string): boolean {
  return typeof dim === "string" && factorsOf(dim).name === name;
}

/**
 * The constant shape that makes Reshape do the same as one of which not every size is known: a size that is a dimension of the
 * input at the same axis is 0, one that is left is −1. Undefined where two are left, and where −1 beside a 0 could meet an empty
 * input, of which it says nothing. With `allowZero` no 0 stands for the size of the input.
 */
export function settledTarget(
  x: Shape | undefined,
  sizes: readonly Dim[],
  zeros: { allowZero: boolean } = { allowZero: false },
): number[] | undefined {
  const dims = reshapedDims(x, sizes, zeros);
  if (dims.includes(0)) return undefined;
  const values = dims.map((dim, axis): number => {
    if (typeof dim === "number") return dim;
    return !zeros.allowZero && (sizes[axis] === 0 || dim !== null && dim === x?.[axis]) ? 0 : -1;
  });
  const open = values.filter((value) => value === -1).length;
  if (open > 1 || open === 1 && values.includes(0) && !sizes.includes(-1)) return undefined;
  return values.length > 0 ? values : undefined;
}
