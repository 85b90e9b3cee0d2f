import { broadcastDims, broadcastStrides, forEachOffset } from "./arrange.ts";
import { rounded } from "./encode.ts";
import { type ElementType, isFloat } from "./element_type.ts";
import { CHUNK, computedTensor, measuredBound, sizeOf, type Tensor, valuesOf } from "./tensor.ts";

/** A tensor of the same shape with `f` of every element, worked out a chunk at a time, in float64. */
export function mapped(x: Tensor, f: (value: number) => number, type: ElementType = x.type): Tensor {
  const { dims, size } = x;
  let bound: number | undefined;
  const result: Tensor = {
    type,
    dims,
    size,
    read(start, into) {
      x.read(start, into);
      for (let at = 0; at < into.length; at++) into[at] = f(into[at]);
    },
    bound: () => bound ??= measuredBound(result),
  };
  return result;
}

/** The elements as a runtime sees them: those that are still to be rounded to a floating-point type are rounded. */
export function asRounded(x: Tensor): Tensor {
  if (x.origin !== undefined || !isFloat(x.type) || x.type === "float64") return x;
  const { type, dims, size, bound } = x;
  return {
    type,
    dims,
    size,
    bound,
    read(start, into) {
      for (let at = 0; at < into.length; at += CHUNK) {
        const part = into.subarray(at, at + CHUNK);
        x.read(start + at, part);
        part.set(rounded(type, part));
      }
    },
  };
}

/** More operands than a function takes arguments, nearly. */
const MOST_OPERANDS = 1 << 12;

/** `f` of the elements of several tensors, numpy broadcasting, in float64; undefined where shapes do not fit, or for thousands. */
export function broadcasted(
  inputs: readonly Tensor[],
  f: (...values: number[]) => number,
  type: ElementType = inputs[0].type,
): Tensor | undefined {
  let dims: number[] | undefined = inputs.length > MOST_OPERANDS ? undefined : [];
  for (const input of inputs) dims = dims && broadcastDims(dims, input.dims);
  if (!dims) return undefined;
  const shape = dims;
  return computedTensor(type, shape, () => {
    const columns = inputs.map((input) => spread(input, shape)), [first, second, third] = columns;
    const out = new Float64Array(sizeOf(shape));
    if (columns.length === 2) { for (let i = 0; i < out.length; i++) out[i] = f(first[i], second[i]); }
    else if (columns.length === 3) { for (let i = 0; i < out.length; i++) out[i] = f(first[i], second[i], third[i]); }
    else for (let i = 0; i < out.length; i++) out[i] = f(...columns.map((column) => column[i]));
    return out;
  });
}

/** All elements of a tensor broadcast to a shape. */
function spread(x: Tensor, dims: readonly number[]): Float64Array {
  const values = valuesOf(x), size = sizeOf(dims);
  if (values.length === size) return values;
  const out = new Float64Array(size);
  if (values.length === 1) return out.fill(values[0]);
  forEachOffset(dims, broadcastStrides(x.dims, dims), (offset, index) => out[index] = values[offset]);
  return out;
}
