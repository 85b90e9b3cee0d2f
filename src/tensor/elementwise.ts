import { broadcastDims, broadcastStrides, forEachOffset } from "./arrange.ts";
import { rounded } from "./encode.ts";
import { type ElementType, isFloat } from "./element_type.ts";
import { CHUNK, computedTensor, measuredBound, sizeOf, type Tensor, valuesOf } from "./tensor.ts";

/** How results that are not rounded yet come of their operands, and how many steps that takes. */
const STEPS = new WeakMap<Tensor, { readonly count: number; of(): Tensor | undefined }>();
/** What a runtime has in place of tensors, worked out once. */
const ROUNDED = new WeakMap<Tensor, Tensor>();
/** Steps that are rounded one by one; what takes more is rounded at its end. */
const MOST_STEPS = 128;

/** Notes how a result comes of its operands. */
function stepped(
  result: Tensor,
  inputs: readonly Tensor[],
  of: (inputs: readonly Tensor[]) => Tensor | undefined,
): Tensor {
  const count = 1 + Math.max(...inputs.map((input) => STEPS.get(input)?.count ?? 0));
  if (count <= MOST_STEPS) STEPS.set(result, { count, of: () => of(inputs.map(asRounded)) });
  return result;
}

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
  return stepped(result, [x], ([own]) => mapped(own, f, type));
}

/**
 * The elements as a runtime sees them: those that are still to be rounded to a floating-point type are rounded, after each of the
 * elementwise steps that made them, as a runtime rounds. What has steps (the next whole number, a comparison) would otherwise
 * be another one where a runtime's own rounding meets a step exactly: log(x) / log(x)·31 is 31, and not a little more.
 */
export function asRounded(x: Tensor): Tensor {
  if (x.origin !== undefined || !isFloat(x.type) || x.type === "float64") return x;
  const known = ROUNDED.get(x) ?? roundedAtOnce(STEPS.get(x)?.of() ?? x);
  ROUNDED.set(x, known);
  return known;
}

function roundedAtOnce(x: Tensor): Tensor {
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
  const result = computedTensor(type, shape, () => {
    const columns = inputs.map((input) => spread(input, shape)), [first, second, third] = columns;
    const out = new Float64Array(sizeOf(shape));
    if (columns.length === 2) { for (let i = 0; i < out.length; i++) out[i] = f(first[i], second[i]); }
    else if (columns.length === 3) { for (let i = 0; i < out.length; i++) out[i] = f(first[i], second[i], third[i]); }
    else for (let i = 0; i < out.length; i++) out[i] = f(...columns.map((column) => column[i]));
    return out;
  });
  return stepped(result, inputs, (own) => broadcasted(own, f, type));
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
