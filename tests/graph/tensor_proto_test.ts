import { assert, assertEquals } from "@std/assert";
import { exportTensor, importTensor, textTensor } from "../../src/graph/tensor_proto.ts";
import { concat, contentsOf, fieldBytes, fieldsOf } from "../../src/proto/wire.ts";
import { valuesOf } from "../../src/tensor/tensor.ts";

const DOC_STRING = 12, STRING_DATA = 6;

Deno.test("texts of digits are numbers, few in a small message and many in a large one alike", () => {
  for (const count of [3, 4096]) {
    const texts = Array.from({ length: count }, (_, at) => String(at));
    const tensor = textTensor([count], texts);
    assert(tensor.isReadable);
    assertEquals([...valuesOf(tensor)], texts.map(Number));
  }
});

Deno.test("more texts than are read are only carried along, and written as they were", () => {
  const texts = Array.from({ length: 5000 }, (_, at) => String(at)), tensor = textTensor([5000], texts);
  assertEquals(tensor.isReadable, undefined);
  const written = contentsOf(fieldsOf(exportTensor("t", tensor, [])), STRING_DATA);
  assertEquals(written.map((bytes) => new TextDecoder().decode(bytes)), texts);
});

Deno.test("a tensor written under another name and shape keeps its other fields, in their order", () => {
  const doc = fieldBytes(DOC_STRING, new TextEncoder().encode("d"));
  const texts = ["a", "b"].map((text) => fieldBytes(STRING_DATA, new TextEncoder().encode(text)));
  const dims = (dim: number) => Uint8Array.of(1 * 8, dim), type = Uint8Array.of(2 * 8, 8);
  const name = (text: string) => fieldBytes(8, new TextEncoder().encode(text));
  const { tensor } = importTensor(concat([texts[0], dims(2), name("old"), type, texts[1], doc]), []);
  const written = exportTensor("new", { ...tensor, dims: [2, 1] }, []);
  assertEquals(written, concat([dims(2), dims(1), texts[0], type, texts[1], doc, name("new")]));
});

Deno.test("the fields of a message can be gone through again", () => {
  const message = concat([1, 2, 1].map((number) => fieldBytes(number, Uint8Array.of(7)))), fields = fieldsOf(message);
  for (let time = 0; time < 2; time++) assertEquals([...fields].map(({ number }) => number), [1, 2, 1]);
});
