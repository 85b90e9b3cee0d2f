import { limitDepth } from "./depth.ts";
import { exactText, expressed } from "./expression.ts";
import { heldValues, rowsTensor } from "./rows.ts";
import type { Tensor } from "./tensor.ts";

/** The sum of matrices of one shape. */
export function summedMatrices(parts: readonly Tensor[]): Tensor {
  const [{ type, dims }] = parts, columns = dims[1];
  const bound = () => parts.reduce((sum, part) => sum + part.bound(), 0);
  const total = rowsTensor(type, dims, bound, (first, count, into) => {
    const values = new Float64Array(count * columns);
    for (const part of parts) {
      part.read(first * columns, values);
      for (let at = 0; at < into.length; at++) into[at] += values[at];
    }
  });
  return limitDepth(expressed(total, "sum", parts), parts);
}

/** The matrix product a·b, [K, R]·[R, N]. */
export function matrixProduct(a: Tensor, b: Tensor): Tensor {
  const [rows, inner] = a.dims, columns = b.dims[1], right = heldValues(b);
  const bound = () => a.bound() * b.bound() * inner;
  const product = rowsTensor(a.type, [rows, columns], bound, (first, count, into) => {
    const left = new Float64Array(count * inner), other = right();
    a.read(first * inner, left);
    for (let row = 0, at = 0; row < count; row++) {
      for (let r = 0; r < inner; r++) {
        const factor = left[at++], from = r * columns, to = row * columns;
        if (factor === 0) continue;
        for (let n = 0; n < columns; n++) into[to + n] += factor * other[from + n];
      }
    }
  });
  return limitDepth(expressed(product, "product", [a, b]), [a, b]);
}

/** The diagonal matrix of some values. */
export function diagonalMatrix(type: Tensor["type"], values: Float64Array): Tensor {
  const size = values.length;
  const bound = () => values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const diagonal = rowsTensor(type, [size, size], bound, (first, count, into) => {
    for (let row = 0; row < count; row++) into[row * size + first + row] = values[first + row];
  });
  return expressed(diagonal, "diagonal", [], () => exactText(values));
}
