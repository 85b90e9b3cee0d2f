import { assertEquals, assertThrows } from "@std/assert";
import { BytesSource } from "../../src/io/source.ts";
import { valuesOf } from "../../src/tensor/tensor.ts";
import { WeightsFormatError } from "../../src/weights/errors.ts";
import { readSafetensors } from "../../src/weights/safetensors.ts";
import { safetensors } from "./save_safetensors.ts";

/** A file with this header, and as many bytes of data. */
function read(header: unknown, bytes: number) {
  return readSafetensors(new BytesSource(safetensors(header, new Uint8Array(bytes)), "weights.safetensors"));
}

const one = { dtype: "F32", shape: [2], data_offsets: [0, 8] };

Deno.test("readSafetensors() reads tensors wherever the header puts them", () => {
  const tensors = read({ b: { ...one, data_offsets: [8, 16] }, __metadata__: { format: "pt" }, a: one }, 16);
  assertEquals([...tensors.keys()], ["a", "b"]);
  assertEquals([...valuesOf(tensors.get("b")!)], [0, 0]);
});

const REFUSED: [string, unknown, number, string][] = [
  ["tensors that overlap", { a: one, b: { ...one, data_offsets: [4, 12] } }, 12, "tensor 'b' begins at byte"],
  ["a hole between tensors", { a: one, b: { ...one, data_offsets: [12, 20] } }, 20, "tensor 'b' begins at byte"],
  ["bytes after the last tensor", { a: one }, 9, "its tensors end at byte"],
  ["a tensor beyond the end", { a: one }, 7, "its tensors end at byte"],
  [
    "a shape that needs more bytes",
    { a: { ...one, shape: [3] } },
    8,
    "tensor 'a' of shape [3] needs 12 bytes, it has 8",
  ],
  ["a type that is not known", { a: { ...one, dtype: "F8_E4M3" } }, 8, "tensor 'a' is of type F8_E4M3"],
  ["a type named as an object's own", { a: { ...one, dtype: "toString" } }, 8, "is of type toString"],
  ["a negative size", { a: { ...one, shape: [-2, -1] } }, 8, "does not describe tensor 'a'"],
  ["a size that is no whole number", { a: { ...one, shape: [2.5] } }, 8, "does not describe tensor 'a'"],
  ["more axes than there are", { a: { ...one, shape: Array(65).fill(1) } }, 8, "does not describe tensor 'a'"],
  ["a name without end", { ["a".repeat(1001)]: one }, 8, "its header has a name of 1001 characters"],
  ["a header nested without end", { a: [[[[]]]] }, 0, "nested more deeply than a header is"],
  ["an entry that is null", { a: null }, 0, "does not describe tensor 'a'"],
];

Deno.test("readSafetensors() refuses a name that is there twice, however it is written", () => {
  const entry = JSON.stringify(one), json = `{"a":${entry},"\\u0061" : ${entry}}`;
  const bytes = new Uint8Array(8 + json.length + 8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(json.length), true);
  bytes.set(new TextEncoder().encode(json), 8);
  assertThrows(
    () => readSafetensors(new BytesSource(bytes, "weights.safetensors")),
    WeightsFormatError,
    "its header describes 'a' twice",
  );
});

for (const [what, header, bytes, message] of REFUSED) {
  Deno.test(`readSafetensors() refuses ${what}`, () => {
    assertThrows(() => read(header, bytes), WeightsFormatError, message);
  });
}
