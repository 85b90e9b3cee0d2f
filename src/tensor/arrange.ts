import { expressed } from "./expression.ts";
import { computedTensor, sizeOf, type Tensor, valuesOf } from "./tensor.ts";

/** Row-major strides of a shape. */
export function stridesOf(dims: readonly number[]): number[] {
  const strides = new Array<number>(dims.length).fill(1);
  for (let axis = dims.length - 2; axis >= 0; axis--) strides[axis] = strides[axis + 1] * dims[axis + 1];
  return strides;
}

/** Calls `visit` with the offset under `strides` of every index of a shape, in row-major order. */
export function forEachOffset(
  dims: readonly number[],
  strides: readonly number[],
  visit: (offset: number, index: number) => void,
): void {
  const size = sizeOf(dims), counter = new Array<number>(dims.length).fill(0);
  let offset = 0;
  for (let index = 0; index < size; index++) {
    visit(offset, index);
    for (let axis = dims.length - 1; axis >= 0; axis--) {
      offset += strides[axis];
      if (++counter[axis] < dims[axis]) break;
      offset -= strides[axis] * dims[axis];
      counter[axis] = 0;
    }
  }
}

/** The tensor with its axes in another order: axis i of the result is axis `order[i]` of the tensor. */
export function transposed(tensor: Tensor, order: readonly number[]): Tensor {
  const dims = order.map((axis) => tensor.dims[axis]), strides = stridesOf(tensor.dims);
  const result = computedTensor(tensor.type, dims, () => {
    const from = valuesOf(tensor), to = new Float64Array(from.length);
    forEachOffset(dims, order.map((axis) => strides[axis]), (offset, index) => to[index] = from[offset]);
    return to;
  });
  return expressed(result, "transpose", [tensor], () => `${order}`);
}

/** The shape two shapes broadcast to; undefined where they do not. */
export function broadcastDims(a: readonly number[], b: readonly number[]): number[] | undefined {
  const rank = Math.max(a.length, b.length), out: number[] = [];
  for (let axis = 0; axis < rank; axis++) {
    const left = a[axis - rank + a.length] ?? 1, right = b[axis - rank + b.length] ?? 1;
    if (left !== right && left !== 1 && right !== 1) return undefined;
    out.push(left === 1 ? right : left);
  }
  return out;
}

/** Strides with which a tensor of shape `dims` is read when it is broadcast to `target`: 0 along repeated axes. */
export function broadcastStrides(dims: readonly number[], target: readonly number[]): number[] {
  const strides = stridesOf(dims), lead = target.length - dims.length;
  return target.map((_, axis) => axis < lead || dims[axis - lead] === 1 ? 0 : strides[axis - lead]);
}
