import { assertAlmostEquals, assertEquals, assertGreaterOrEqual, assertThrows } from "@std/assert";
import fc from "fast-check";
import { broadcastDims, transposed } from "../../src/tensor/arrange.ts";
import { encodedChunks, encodePart } from "../../src/tensor/encode.ts";
import { broadcasted } from "../../src/tensor/elementwise.ts";
import { multiplied } from "../../src/tensor/multiply.ts";
import { overflowOf } from "../../src/tensor/overflow.ts";
import { underflowOf } from "../../src/tensor/underflow.ts";
import {
  computedTensor,
  filledTensor,
  reshaped,
  sizeOf,
  storedTensor,
  type Tensor,
  valuesOf,
  valueTensor,
} from "../../src/tensor/tensor.ts";

const dims = (most = 4) => fc.array(fc.integer({ min: 1, max: 4 }), { maxLength: most });

function counted(shape: readonly number[], from = 1): Tensor {
  return valueTensor("float64", shape, Float64Array.from({ length: sizeOf(shape) }, (_, i) => from + i * 0.5));
}

/** Every index of a shape, row-major. */
function indicesOf(shape: readonly number[]): number[][] {
  return shape.reduce<number[][]>(
    (all, dim) => all.flatMap((index) => Array.from({ length: dim }, (_, i) => [...index, i])),
    [[]],
  );
}

/** The offset of an index, where axes of size 1 are broadcast. */
function offsetOf(index: readonly number[], shape: readonly number[]): number {
  return shape.reduce((offset, dim, axis) => offset * dim + (dim === 1 ? 0 : index[axis]), 0);
}

/** Reads a tensor in parts of uneven length, as a stream may. */
function inParts(tensor: Tensor, length: number): number[] {
  const out: number[] = [];
  for (let start = 0; start < tensor.size; start += length) {
    const part = new Float64Array(Math.min(length, tensor.size - start));
    tensor.read(start, part);
    out.push(...part);
  }
  return out;
}

Deno.test("multiplied() is the product with a broadcast factor, read whole or in parts", () => {
  const shaped = dims().chain((shape) =>
    fc.tuple(
      fc.constant(shape),
      fc.array(fc.boolean(), { minLength: shape.length, maxLength: shape.length }),
      fc.integer({ min: 1, max: 7 }),
    )
  );
  fc.assert(
    fc.property(shaped, ([shape, kept, length]) => {
      const factorDims = shape.map((dim, axis) => kept[axis] ? dim : 1);
      const values = Float64Array.from({ length: sizeOf(factorDims) }, (_, i) => i - 2.25);
      const tensor = counted(shape), product = multiplied(tensor, { dims: factorDims, values });
      const expected = indicesOf(shape).map((index, i) => valuesOf(tensor)[i] * values[offsetOf(index, factorDims)]);
      assertEquals([...valuesOf(product)], expected);
      assertEquals(inParts(product, length), expected);
      assertGreaterOrEqual(product.bound(), Math.max(...expected.map(Math.abs)), "the bound holds for every element");
    }),
    { numRuns: 2000, seed: 1 },
  );
});

Deno.test("multiplied() sees the tensor in another shape where it is told one", () => {
  const tensor = counted([6, 2]);
  const product = multiplied(tensor, { dims: [2, 1, 2], values: Float64Array.of(1, 10, 100, 1000) }, [2, 3, 2]);
  assertEquals(product.dims, [6, 2]);
  assertEquals([...valuesOf(product)].map((v, i) => v / valuesOf(tensor)[i]), [
    1,
    10,
    1,
    10,
    1,
    10,
    100,
    1000,
    100,
    1000,
    100,
    1000,
  ]);
});

Deno.test("multiplied() refuses a factor that does not broadcast", () => {
  const one = Float64Array.of(1, 2);
  assertThrows(
    () => multiplied(counted([3, 2]), { dims: [2, 1], values: one }),
    RangeError,
    "does not broadcast over [3,2]",
  );
  assertThrows(() => multiplied(counted([3, 2]), { dims: [2], values: one }), RangeError);
  assertThrows(() => multiplied(counted([3, 2]), { dims: [1, 1, 1], values: one.subarray(1) }, [2, 2, 1]), RangeError);
});

Deno.test("transposed() moves axis order[i] to axis i", () => {
  const shuffled = dims().chain((shape) =>
    fc.tuple(fc.constant(shape), fc.shuffledSubarray(shape.map((_, i) => i), { minLength: shape.length }))
  );
  fc.assert(
    fc.property(shuffled, ([shape, order]) => {
      const tensor = counted(shape), turned = transposed(tensor, order);
      assertEquals(turned.dims, order.map((axis) => shape[axis]));
      indicesOf(turned.dims).forEach((index, i) => {
        const from = new Array<number>(shape.length);
        order.forEach((axis, at) => from[axis] = index[at]);
        assertEquals(valuesOf(turned)[i], valuesOf(tensor)[offsetOf(from, shape)]);
      });
    }),
    { seed: 2 },
  );
});

Deno.test("broadcasted() follows numpy: right-aligned, ones repeat", () => {
  fc.assert(
    fc.property(dims(), fc.array(fc.boolean(), { minLength: 4, maxLength: 4 }), fc.nat(3), (shape, ones, drop) => {
      const other = shape.map((dim, axis) => ones[axis] ? 1 : dim).slice(drop);
      const a = counted(shape), b = counted(other, 3), difference = broadcasted([a, b], (x, y) => x - y)!;
      assertEquals(difference.dims, shape);
      indicesOf(shape).forEach((index, i) => {
        const at = offsetOf(index.slice(shape.length - other.length), other);
        assertEquals(valuesOf(difference)[i], valuesOf(a)[i] - valuesOf(b)[at]);
      });
    }),
    { seed: 3 },
  );
  assertEquals(broadcastDims([3, 1], [4]), [3, 4]);
  assertEquals(broadcastDims([3], [4]), undefined);
  assertEquals(broadcasted([counted([3]), counted([4])], (x) => x), undefined);
});

Deno.test("encodedChunks() and encodePart() give the same little-endian bytes, across chunks", () => {
  for (const type of ["float16", "bfloat16", "float32", "float64"] as const) {
    const shape = [3, 30_000]; // more than one chunk
    const tensor: Tensor = { ...counted(shape), type };
    const parts: Uint8Array[] = [];
    for (const chunk of encodedChunks(tensor)) parts.push(chunk.slice());
    const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
    parts.reduce((at, part) => (whole.set(part, at), at + part.length), 0);
    const bytes = whole.length / tensor.size;
    for (const [start, length] of [[0, 10], [32_760, 20], [tensor.size - 5, 5]]) {
      const into = new Uint8Array(length * bytes);
      encodePart(tensor, start * bytes, into);
      assertEquals(into, whole.subarray(start * bytes, (start + length) * bytes), `${type} from ${start}`);
    }
  }
});

Deno.test("a stored tensor reads its elements from any place of its source, aligned or not", () => {
  const bytes = new Uint8Array(3 + 40);
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < 10; i++) view.setFloat32(3 + 4 * i, i * 1.5, true);
  const tensor = storedTensor("float32", [10], {
    read: (at, into) => into.set(bytes.subarray(3 + at, 3 + at + into.length)),
  });
  assertEquals([...valuesOf(tensor)], Array.from({ length: 10 }, (_, i) => i * 1.5));
  assertEquals(inParts(tensor, 3), [...valuesOf(tensor)]);
  assertAlmostEquals(tensor.bound(), 13.5, 1e-6);
});

Deno.test("overflowOf() finds the value a type cannot hold, and only then", () => {
  const half = (...values: number[]) => valueTensor("float16", [values.length], Float64Array.from(values));
  assertEquals(overflowOf(half(1, -65504)), undefined);
  assertEquals(overflowOf(half(1, 65519.99)), undefined, "rounds down to 65504");
  assertEquals(overflowOf(half(1, 65520)), 65520);
  assertEquals(overflowOf(half(1, -70000, 80000)), -70000);
  assertEquals(overflowOf(half(1, NaN)), NaN);
  assertEquals(overflowOf(multiplied(half(300, 2), { dims: [2], values: Float64Array.of(300, 1) })), 90000);
});

Deno.test("underflowOf() counts values with few digits where they are more than a share, in a large tensor too", () => {
  const half = (size: number, small: number, value = 1e-6) =>
    valueTensor("float16", [size], Float64Array.from({ length: size }, (_, i) => i < small ? value : 1));
  assertEquals(underflowOf(half(10, 2), 0.1), { count: 2, least: 2 ** -14 });
  assertEquals(underflowOf(half(10, 1), 0.1), undefined);
  assertEquals(underflowOf(half(10, 10, 0), 0.1), undefined, "zero has no digits to lose");
  assertEquals(underflowOf(half(10, 10, 2 ** -14), 0.1), undefined, "the least normal number has all of them");
  assertEquals(underflowOf(half(200_000, 30_001), 0.1), { count: 30_001, least: 2 ** -14 });
  assertEquals(underflowOf(half(200_000, 15_000), 0.1), undefined);
  assertEquals(underflowOf(reshaped({ ...half(10, 10), type: "float32" }, [10]), 0.1), undefined);
});

Deno.test("underflowOf() does not read all of a large tensor that is far from it", () => {
  let read = 0;
  const tensor = filledTensor("float16", [1000, 1000], 1);
  underflowOf({ ...tensor, read: (start, into) => (read += into.length, tensor.read(start, into)) }, 0.1);
  assertEquals(read, 32768);
});

Deno.test("tensors check that their shape and values agree", () => {
  assertThrows(() => valueTensor("float32", [2, 2], new Float64Array(3)), RangeError, "3 values do not fill");
  assertThrows(() => reshaped(counted([2, 3]), [4]), RangeError, "cannot have the shape [4]");
  assertEquals(reshaped(counted([2, 3]), [3, 2]).dims, [3, 2]);
  assertEquals([...valuesOf(filledTensor("float32", [2, 2], 7))], [7, 7, 7, 7]);
  let times = 0;
  const computed = computedTensor("float32", [2], () => (times++, Float64Array.of(1, -3)));
  assertEquals(times, 0, "nothing is computed before it is read");
  assertEquals([...valuesOf(computed)], [1, -3]);
  assertEquals(computed.bound() >= 3, true);
});
