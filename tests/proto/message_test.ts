import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import protobuf from "protobufjs";
import { Reader } from "../../src/proto/reader.ts";
import { fieldBytes } from "../../src/proto/wire.ts";
import { ONNX_PROTO } from "../../src/proto/onnx_proto.ts";
import { messageType as own, plain } from "../../src/proto/schema.ts";
import { modelBytes, random, type TestModel } from "../onnx_model.ts";
import { messageType as theirs } from "../onnx_proto.ts";
import { arbitraryMessage } from "./arbitrary_message.ts";

const INTEGERS = [0, 1, 127, 128, 2 ** 31, 2 ** 53, -1, -(2 ** 31)];

const MODEL: TestModel = {
  inputs: { x: [2, "n", null] },
  outputs: { y: null },
  initializers: {
    w: random([3, 4], 1),
    n: { dims: [2], values: [3, -4], type: 7 },
    t: { dims: [1], values: [], type: 8, text: ["ü"] },
  },
  valueInfo: { m: [2, 3] },
  nodes: [{
    op: "If",
    inputs: ["x"],
    outputs: ["y"],
    attributes: {
      ints: INTEGERS,
      one: -1,
      text: "größer",
      float: { float: 0.1 },
      floats: { floats: [1, -2.5] },
      strings: { strings: ["a", "b"] },
      tensor: { tensor: random([2], 2) },
      graph: { graph: { nodes: [], outputs: { z: [1] } } },
    },
  }],
};

/** What protobufjs read, as numbers and plain objects. */
function theirPlain(message: unknown): unknown {
  if (Array.isArray(message)) return message.map(theirPlain);
  if (!message || typeof message !== "object" || message instanceof Uint8Array) return message;
  if ("toNumber" in message) return (message as { toNumber(): number }).toNumber();
  const isOneof = (name: string) =>
    name === "value" && !("key" in message) && typeof message[name as never] === "string"; // which member is set
  return Object.fromEntries(
    Object.entries(message).filter(([name]) => !isOneof(name)).map(([name, value]) => [name, theirPlain(value)]),
  );
}

Deno.test("every message and field of the schema is what protobufjs reads of it", () => {
  let count = 0;
  const visit = (space: protobuf.NamespaceBase, path: string) => {
    for (const inner of space.nestedArray) {
      if (!(inner instanceof protobuf.Type)) continue;
      const name = path ? `${path}.${inner.name}` : inner.name;
      const expected = inner.fieldsArray.map((field) => {
        const { resolvedType } = field.resolve();
        const type = resolvedType instanceof protobuf.Type ? resolvedType.fullName.slice(".onnx.".length) : field.type;
        const isEnum = resolvedType instanceof protobuf.Enum;
        return [field.id, field.name, isEnum ? "int32" : type, field.repeated, field.packed];
      }).sort(([a], [b]) => Number(a) - Number(b));
      const found = [...own(name).fields.values()].map((
        { number, name, type, isList, isPacked },
      ) => [number, name, typeof type === "string" ? type : type.name, isList, isPacked]);
      assertEquals(found, expected, name);
      count++;
      visit(inner, name);
    }
  };
  visit(theirs("ModelProto").parent!, "");
  assertEquals(count, [...ONNX_PROTO.matchAll(/^\s*message /gm)].length);
});

Deno.test("a number of 64 bits is the same as protobufjs reads it", () => {
  for (const value of [0, 127, 128, 300, 2 ** 48, 2 ** 49, 2 ** 53 - 1, 2 ** 53, 2 ** 62, -1, -(2 ** 40)]) {
    const bytes = protobuf.Writer.create().int64(value).finish();
    assertEquals(Number(new Reader(bytes).int64()), value);
    assertEquals(String(new Reader(bytes).uint64()), String(protobuf.Reader.create(bytes).uint64()));
    assertEquals(new Reader(bytes).int32(), protobuf.Reader.create(bytes).int32());
    assertEquals(new Reader(bytes).uint32(), protobuf.Reader.create(bytes).uint32());
  }
});

Deno.test("messages are read and written as protobufjs does", async () => {
  const files = [modelBytes(MODEL), await Deno.readFile(new URL("../fixtures/fashion_resnet.onnx", import.meta.url))];
  for (const bytes of files) {
    const message = own("ModelProto").decode(bytes), real = theirs("ModelProto").decode(bytes);
    assertEquals(plain(message), theirPlain(real));
    assertEquals(own("ModelProto").encode(message), new Uint8Array(theirs("ModelProto").encode(real).finish()));
  }
});

Deno.test("any message of the schema reads as protobufjs reads it, or neither does", () => {
  for (const name of ["TensorProto", "ValueInfoProto", "NodeProto", "AttributeProto", "OperatorSetIdProto"]) {
    fc.assert(
      fc.property(arbitraryMessage(name, 3), fc.nat(), fc.nat(255), (bytes, place, byte) => {
        const broken = bytes.slice();
        if (broken.length > 0) broken[place % broken.length] = byte;
        for (const some of [bytes, broken]) {
          const found = outcome(() => plain(own(name).decode(some)));
          if (found instanceof Error && found.message.includes("longer than 10 bytes")) continue; // protobufjs passes over it
          const isRefused = found instanceof Error, expected = outcome(() => theirPlain(theirs(name).decode(some)));
          if (isRefused) assert(expected instanceof Error, found.message);
          else assertEquals(found, expected);
        }
      }),
      { numRuns: 1000, seed: 11 },
    );
  }
});

/** What is read, enums aside, which protobufjs reads as nothing where it has no word for them; or why nothing is. */
function outcome(read: () => unknown): unknown {
  let message: unknown;
  try {
    message = read();
  } catch (error) {
    return error;
  }
  const isEnum = (name: string, value: unknown) =>
    ["type", "data_location"].includes(name) && typeof value === "number";
  return JSON.parse(JSON.stringify(message, (name, value) => isEnum(name, value) ? undefined : value));
}

Deno.test("64-bit integers that a number does not hold are kept", () => {
  const type = theirs("AttributeProto"), ints = ["9223372036854775807", "-9223372036854775808"];
  const bytes = new Uint8Array(type.encode(type.fromObject({ name: "a", ints })).finish());
  const message = own("AttributeProto").decode(bytes);
  assertEquals((message.ints as unknown[]).map(String), ints);
  assertEquals(own("AttributeProto").encode(message), bytes);
});

Deno.test("what is not set reads as protobufjs has it, and unknown fields are passed over", () => {
  const bytes = Uint8Array.of(
    ...[0xf8, 0x07, 1], // unknown fields of every wire type
    ...[0xfa, 0x07, 1, 9],
    ...[0xfd, 0x07, 1, 2, 3, 4],
    ...[0xf9, 0x07, 1, 2, 3, 4, 5, 6, 7, 8],
    ...[0xfb, 0x07, 8, 1, 0xfc, 0x07],
  );
  const message = own("TensorProto").decode(bytes);
  const real = theirs("TensorProto").decode(bytes) as unknown as Record<string, unknown>;
  assertEquals(plain(message), theirPlain(real));
  for (const name of ["name", "data_type", "raw_data", "dims", "segment"]) {
    assertEquals(Array.from(Object(message[name])), Array.from(Object(real[name])), name);
  }
});

Deno.test("a field of another wire type than its own is passed over, and a message given twice is put together", () => {
  const name = Uint8Array.of(8, 5, 10, 1, 97); // field 1 as a varint, then as a text
  assertEquals(own("NodeProto").decode(name).input, ["a"]);
  const parts = Uint8Array.of(18, 4, 10, 2, 8, 1, 18, 4, 10, 2, 18, 0); // a type with an element type, and again with a shape
  assertEquals(plain(own("ValueInfoProto").decode(parts)), theirPlain(theirs("ValueInfoProto").decode(parts)));
});

Deno.test("bytes that end too early, varints without an end, and messages too deep in one another are refused", () => {
  assertThrows(() => own("NodeProto").decode(Uint8Array.of(10, 5, 1)), RangeError, "index out of range");
  assertThrows(() => own("TensorProto").decode(Uint8Array.of(0, 1)), Error, "field number 0");
  assertThrows(() => own("TensorProto").decode(Uint8Array.of(10, 1, 128)), RangeError, "index out of range");
  assertThrows(() => new Reader(new Uint8Array(11).fill(255)).int64(), Error, "invalid varint");
  assertThrows(() => new Reader(new Uint8Array(11).fill(255)).uint32(), Error, "invalid varint");
  assertThrows(() => new Reader(Uint8Array.of(1)).skipType(7), Error, "invalid wire type");
  assertThrows(() => new Reader(new Uint8Array(300).fill(11)).skipType(3), Error, "invalid wire type");
  let type: Uint8Array = new Uint8Array();
  for (let depth = 0; depth < 60; depth++) type = fieldBytes(4, fieldBytes(1, type)); // a sequence of that
  assertThrows(() => own("TypeProto").decode(type), Error, "deeper than 100");
});
