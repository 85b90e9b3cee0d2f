import { assertEquals, assertLessOrEqual } from "@std/assert";
import { composedKernels, mixedKernel, summedKernels } from "../../src/tensor/kernels.ts";
import { limitDepth } from "../../src/tensor/depth.ts";
import { diagonalMatrix, matrixProduct, summedMatrices } from "../../src/tensor/matrices.ts";
import { multiplied } from "../../src/tensor/multiply.ts";
import { heldValues, rowsTensor } from "../../src/tensor/rows.ts";
import { sizeOf, type Tensor, valuesOf, valueTensor } from "../../src/tensor/tensor.ts";

function tensor(dims: number[], values: number[] = Array.from({ length: sizeOf(dims) }, (_, i) => i + 1)): Tensor {
  return valueTensor("float32", dims, Float64Array.from(values));
}

function list(tensor: Tensor): number[] {
  return [...valuesOf(tensor)];
}

Deno.test("summedKernels() puts a smaller kernel where its taps meet the same cells", () => {
  const parts = [
    { weight: tensor([1, 1, 3, 3]), group: 1, offset: [0, 0], step: [1, 1] },
    { weight: tensor([1, 1, 1, 2], [10, 20]), group: 1, offset: [1, 0], step: [0, 2] },
  ];
  assertEquals(list(summedKernels(parts, [1, 1, 3, 3], 1)), [1, 2, 3, 14, 5, 26, 7, 8, 9]);
});

Deno.test("summedKernels() puts a depthwise kernel on the diagonal of one with fewer groups", () => {
  const parts = [
    { weight: tensor([4, 2, 1]), group: 2, offset: [0], step: [1] },
    { weight: tensor([4, 1, 1], [10, 20, 30, 40]), group: 4, offset: [0], step: [1] },
  ];
  assertEquals(list(summedKernels(parts, [4, 2, 1], 2)), [11, 2, 3, 24, 35, 6, 7, 48]);
});

Deno.test("composedKernels() convolves two kernels and mixes their channels", () => {
  // one channel: [1, 2] then [3, 4] is the polynomial product
  const one = composedKernels(
    { weight: tensor([1, 1, 2]), group: 1 },
    { weight: tensor([1, 1, 2], [3, 4]), group: 1 },
    [[1], [1]],
    [1, 1, 3],
    1,
  );
  assertEquals(list(one), [3, 10, 8]);
  // no width: a matrix product
  const mixed = composedKernels(
    { weight: tensor([2, 3, 1]), group: 1 },
    { weight: tensor([1, 2, 1], [10, 1]), group: 1 },
    [[1], [1]],
    [1, 3, 1],
    1,
  );
  assertEquals(list(mixed), [14, 25, 36]);
});

Deno.test("mixedKernel() multiplies the second axis by a matrix", () => {
  assertEquals(list(mixedKernel(tensor([1, 2, 2]), tensor([3, 2], [1, 0, 0, 1, 1, 1]))), [1, 2, 3, 4, 4, 6]);
});

Deno.test("matrixProduct(), summedMatrices() and diagonalMatrix() are what they are called", () => {
  const a = tensor([2, 2]), b = tensor([2, 2], [0, 1, 1, 0]);
  assertEquals(list(matrixProduct(a, b)), [2, 1, 4, 3]);
  assertEquals(list(summedMatrices([a, b, a])), [2, 5, 7, 8]);
  assertEquals(list(diagonalMatrix("float32", Float64Array.of(5, 6))), [5, 0, 0, 6]);
});

Deno.test("bounds of sums, products and compositions are never below the largest value", () => {
  const a = tensor([2, 2], [1, -2, 3, -4]), b = tensor([2, 2], [-5, 6, 7, -8]);
  const kernel = { weight: tensor([2, 2, 3], [1, -2, 3, 4, 5, -6, 7, 8, 9, 1, 1, 1]), group: 1 };
  const all = [
    matrixProduct(a, b),
    summedMatrices([a, b]),
    composedKernels(kernel, kernel, [[1], [1]], [2, 2, 5], 1),
    mixedKernel(kernel.weight, a),
  ];
  for (const one of all) assertLessOrEqual(Math.max(...list(one).map(Math.abs)), one.bound());
});

Deno.test("rowsTensor() gives the same whatever part of it is read, and computes blocks of rows", () => {
  const blocks: [number, number][] = [];
  const width = 3000, rows = 40;
  const counting = rowsTensor("float32", [rows, width], () => rows * width, (first, count, into) => {
    blocks.push([first, count]);
    for (let i = 0; i < into.length; i++) into[i] = first * width + i;
  });
  const part = new Float64Array(70_000);
  counting.read(12_345, part);
  assertEquals([part[0], part[part.length - 1]], [12_345, 82_344]);
  assertEquals(blocks, [[0, 10], [10, 10], [20, 10]]);
});

Deno.test("heldValues() reads a tensor once for many uses", () => {
  let reads = 0;
  const source = tensor([4]);
  const values = heldValues({ ...source, read: (start, into) => (reads++, source.read(start, into)) });
  assertEquals([...values(), ...values()], [1, 2, 3, 4, 1, 2, 3, 4]);
  assertEquals(reads, 1);
});

Deno.test("limitDepth() works out what is nested too deep: a weight can be rewritten any number of times", () => {
  let weight = tensor([2, 2]);
  for (let i = 0; i < 100_000; i++) {
    weight = multiplied(weight, { dims: [1, 1], values: Float64Array.of(i % 2 ? 2 : 0.5) });
  }
  assertEquals(list(weight), [1, 2, 3, 4]);
  assertEquals(list(limitDepth(tensor([1]), [weight])), [1]);
});
