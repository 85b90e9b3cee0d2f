import { broadcastStrides, forEachOffset, stridesOf } from "./arrange.ts";
import type { ElementType } from "./element_type.ts";
import { heldValues } from "./rows.ts";
import { computedTensor, measuredBound, sizeOf, type Tensor, valuesOf } from "./tensor.ts";

/** A window into a tensor: its elements at `start` and from there in these steps, given as strides of its own elements. */
interface View {
  /** Shape of the result. */
  readonly dims: readonly number[];
  /** How far one step along each axis of the result goes in the tensor's elements. */
  readonly strides: readonly number[];
  /** Where it starts. */
  readonly start?: number;
}

/** The elements a view sees. */
function viewed(x: Tensor, { dims, strides, start = 0 }: View): Tensor {
  return computedTensor(x.type, dims, () => {
    const from = valuesOf(x), out = new Float64Array(sizeOf(dims));
    forEachOffset(dims, strides, (offset, index) => out[index] = from[start + offset]);
    return out;
  });
}

/** The tensor repeated along its axes of length 1 (and along new ones in front) to a shape it broadcasts to. */
export function expanded(x: Tensor, dims: readonly number[]): Tensor {
  return viewed(x, { dims, strides: broadcastStrides(x.dims, dims) });
}

/** A part of a tensor: `dims` elements from `starts` on, `steps` apart (negative ones go back). */
export function sliced(
  x: Tensor,
  starts: readonly number[],
  steps: readonly number[],
  dims: readonly number[],
): Tensor {
  const strides = stridesOf(x.dims);
  return viewed(x, {
    dims,
    strides: strides.map((stride, axis) => stride * steps[axis]),
    start: starts.reduce((sum, start, axis) => sum + start * strides[axis], 0),
  });
}

/** A tensor whose element at each place is that of `x` at another one: `place` gives its offset, −1 for `otherwise`. */
export function placed(
  x: Tensor,
  dims: readonly number[],
  place: (index: readonly number[]) => number,
  otherwise = 0,
  type: ElementType = x.type,
): Tensor {
  return computedTensor(type, dims, () => {
    const from = valuesOf(x), out = new Float64Array(sizeOf(dims)), index = dims.map(() => 0);
    for (let at = 0; at < out.length; at++) {
      const offset = place(index);
      out[at] = offset < 0 ? otherwise : from[offset];
      for (let axis = dims.length - 1; axis >= 0 && ++index[axis] === dims[axis]; axis--) index[axis] = 0;
    }
    return out;
  });
}

/** Slices of a tensor along an axis, those that `picks` says; in shape `dims`. Of millions of picks none is looked at before it is read. */
export function gathered(x: Tensor, axis: number, picks: Int32Array, dims: readonly number[]): Tensor {
  const length = x.dims[axis], inner = sizeOf(x.dims.slice(axis + 1)), held = heldValues(x);
  let bound: number | undefined;
  const tensor: Tensor = {
    type: x.type,
    dims,
    size: sizeOf(dims),
    read(start, into) {
      const from = held();
      for (let to = 0, row = Math.floor(start / inner), at = start % inner; to < into.length; row++, at = 0) {
        const first = (Math.floor(row / picks.length) * length + picks[row % picks.length]) * inner;
        for (; at < inner && to < into.length; at++) into[to++] = from[first + at];
      }
    },
    bound: () => bound ??= measuredBound(tensor),
  };
  return tensor;
}

/** Tensors one after the other along an axis. */
export function concatenated(tensors: readonly Tensor[], axis: number): Tensor {
  const [first] = tensors, dims = first.dims.with(axis, tensors.reduce((sum, { dims }) => sum + dims[axis], 0));
  return computedTensor(first.type, dims, () => {
    const out = new Float64Array(sizeOf(dims)), strides = stridesOf(dims);
    let start = 0;
    for (const tensor of tensors) {
      const values = valuesOf(tensor);
      forEachOffset(tensor.dims, strides, (offset, index) => out[start + offset] = values[index]);
      start += tensor.dims[axis] * strides[axis];
    }
    return out;
  });
}
