import { assertEquals, assertNotEquals } from "@std/assert";
import { filledTensor, storedTensor, valueTensor } from "../../src/tensor/tensor.ts";
import { TensorIds } from "../../src/tensor/tensor_ids.ts";

const values = (...numbers: number[]) => valueTensor("float32", [numbers.length], Float64Array.from(numbers));

/** Whole numbers of 64 bits as a file stores them. */
function stored(...numbers: bigint[]) {
  const bytes = new Uint8Array(BigInt64Array.from(numbers).buffer);
  return storedTensor("int64", [numbers.length], {
    read: (at, into) => into.set(bytes.subarray(at, at + into.length)),
  });
}

Deno.test("tensors of the same bits, type and shape have one number, all others numbers of their own", () => {
  const ids = new TensorIds(), first = ids.idOf(values(1, 2, 0));
  assertEquals(ids.idOf(values(1, 2, 0)), first);
  const others = [
    values(1, 2),
    values(2, 1, 0),
    values(1, 2, -0),
    values(1, 2, NaN),
    valueTensor("float64", [3], Float64Array.of(1, 2, 0)),
    valueTensor("float32", [1, 3], Float64Array.of(1, 2, 0)),
  ];
  assertEquals(new Set([first, ...others.map((other) => ids.idOf(other))]).size, others.length + 1);
  assertEquals(ids.idOf(filledTensor("float32", [2], 3)), ids.idOf(values(3, 3)));
});

Deno.test("integers that float64 rounds to one number are not taken for equal", () => {
  const ids = new TensorIds();
  assertNotEquals(ids.idOf(stored(2n ** 60n)), ids.idOf(stored(2n ** 60n + 1n)));
  assertEquals(ids.idOf(stored(2n ** 53n - 1n)), ids.idOf(stored(2n ** 53n - 1n)));
});
