import { broadcastStrides, forEachOffset } from "./arrange.ts";
import { matrixProduct } from "./matrices.ts";
import { computedTensor, reshaped, sizeOf, type Tensor, valuesOf } from "./tensor.ts";

/** Products of constants with more multiply-accumulates than this are left to the runtime. */
export const MOST_MACS = 2 ** 31;

/**
 * a·b of the last two axes, for every index of the axes before them (`batch`, to which both broadcast). A vector on the left
 * is a row, one on the right a column; `dims` is the shape of the result, without their axis.
 */
export function batchedProduct(a: Tensor, b: Tensor, batch: readonly number[], dims: readonly number[]): Tensor {
  const rows = a.dims.length > 1 ? a.dims[a.dims.length - 2] : 1, inner = a.dims[a.dims.length - 1];
  const columns = b.dims.length > 1 ? b.dims[b.dims.length - 1] : 1, count = sizeOf(batch);
  if (count === 1) return reshaped(matrixProduct(reshaped(a, [rows, inner]), reshaped(b, [inner, columns])), dims);
  return computedTensor(a.type, dims, () => {
    const left = valuesOf(a), right = valuesOf(b), out = new Float64Array(sizeOf(dims));
    const starts = (of: Tensor, size: number) => {
      const offsets: number[] = [];
      const lead = of.dims.slice(0, -2);
      forEachOffset(batch, broadcastStrides(lead, batch), (offset) => offsets.push(offset * size));
      return offsets;
    };
    const fromA = starts(a, rows * inner), fromB = starts(b, inner * columns);
    for (let item = 0; item < count; item++) {
      for (let row = 0; row < rows; row++) {
        const to = (item * rows + row) * columns;
        for (let r = 0; r < inner; r++) {
          const factor = left[fromA[item] + row * inner + r], from = fromB[item] + r * columns;
          for (let n = 0; n < columns; n++) out[to + n] += factor * right[from + n];
        }
      }
    }
    return out;
  });
}
