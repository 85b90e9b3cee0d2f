import { assertEquals, assertThrows } from "@std/assert";
import { messageType } from "../../src/proto/schema.ts";
import { readValueInfo } from "../../src/proto/value_info.ts";
import { fieldBytes, varintFieldBytes } from "../../src/proto/wire.ts";

function encoded(fields: Record<string, unknown>): Uint8Array {
  return messageType("ValueInfoProto").encode(fields).finish();
}

function tensor(dim?: Record<string, unknown>[]): Record<string, unknown> {
  return { tensor_type: { elem_type: 10, ...dim && { shape: { dim } } } };
}

Deno.test("readValueInfo() reads name, element type, and sizes and names of dimensions, whatever else is said", () => {
  const dim = [{ dim_param: "n", denotation: "DATA_BATCH" }, { dim_value: 3 }, { dim_value: 2 ** 40 }, {}];
  const type = { ...tensor(dim), denotation: "IMAGE" }, doc_string = "d".repeat(5000);
  assertEquals(readValueInfo(encoded({ name: "größe", type, doc_string })), {
    name: "größe",
    elementType: 10,
    dims: ["n", 3, 2 ** 40, null],
  });
});

Deno.test("readValueInfo() takes a negative size as an unknown one, and of a name and a size the last", () => {
  assertEquals(readValueInfo(encoded({ name: "x", type: tensor([{ dim_value: -1 }]) })).dims, [null]);
  const both = [fieldBytes(2, new TextEncoder().encode("n")), varintFieldBytes(1, 4)];
  const bytes = fieldBytes(
    2,
    fieldBytes(1, fieldBytes(2, fieldBytes(1, Uint8Array.from(both.flatMap((one) => [...one]))))),
  );
  assertEquals(readValueInfo(bytes).dims, [4]);
});

Deno.test("readValueInfo() tells a scalar from a tensor without a shape, and says nothing of a sequence", () => {
  assertEquals(readValueInfo(encoded({ name: "x", type: tensor([]) })).dims, []);
  assertEquals(readValueInfo(encoded({ name: "x", type: tensor() })).dims, undefined);
  const sequence = { sequence_type: { elem_type: tensor([{ dim_value: 2 }]) } };
  assertEquals(readValueInfo(encoded({ name: "x", type: sequence })), {
    name: "x",
    elementType: undefined,
    dims: undefined,
  });
});

Deno.test("readValueInfo() refuses a message that ends inside a field", () => {
  const bytes = encoded({ name: "x", type: tensor([{ dim_value: 300 }]) }), at = bytes.length - 4;
  assertEquals(bytes[at], 3); // the length of the dimension
  assertThrows(() => readValueInfo(bytes.with(at, 2)), RangeError, "index out of range");
});
