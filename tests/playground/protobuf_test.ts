import { assertEquals, assertThrows } from "@std/assert";
import protobuf from "protobufjs";
import { Reader, Root, type Type } from "../../playground/protobuf.ts";
import { messageType, plain } from "../../src/proto/schema.ts";
import { pageSchema } from "../../tasks/playground/browser.ts";
import { modelBytes, random, type TestModel } from "../onnx_model.ts";

const root = new Root(pageSchema());
const of = (name: string): Type => root.lookupType(`onnx.${name}`);

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

Deno.test("a number of 64 bits is the same for the page and for protobufjs", () => {
  for (const value of [127, 128, 300, 2 ** 53, -1]) {
    const bytes = protobuf.Writer.create().int64(value).finish();
    assertEquals(Number(Reader.create(bytes).int64()), Number(protobuf.Reader.create(bytes).int64()), `${value}`);
    assertEquals(Number(Reader.create(bytes).int64()), value);
  }
});

Deno.test("the page reads and writes messages as protobufjs does", async () => {
  const files = [modelBytes(MODEL), await Deno.readFile(new URL("../fixtures/fashion_resnet.onnx", import.meta.url))];
  for (const bytes of files) {
    const own = of("ModelProto").decode(bytes), real = messageType("ModelProto").decode(bytes);
    assertEquals(plain(own), plain(real));
    assertEquals(
      of("ModelProto").encode(own).finish(),
      new Uint8Array(messageType("ModelProto").encode(real).finish()),
    );
  }
});

Deno.test("the page keeps 64-bit integers that a number does not hold", () => {
  const type = messageType("AttributeProto"), ints = ["9223372036854775807", "-9223372036854775808"];
  const bytes = new Uint8Array(type.encode(type.fromObject({ name: "a", ints })).finish());
  const own = of("AttributeProto").decode(bytes);
  assertEquals((own.ints as unknown[]).map(String), ints);
  assertEquals(of("AttributeProto").encode(own).finish(), bytes);
});

Deno.test("what is not set reads as protobufjs has it, and unknown fields are passed over", () => {
  const bytes = Uint8Array.of(
    0xf8,
    0x07,
    1,
    0xfa,
    0x07,
    1,
    9,
    0xfd,
    0x07,
    1,
    2,
    3,
    4,
    0xf9,
    0x07,
    1,
    2,
    3,
    4,
    5,
    6,
    7,
    8,
    0xfb,
    0x07,
    8,
    1,
    0xfc,
    0x07,
  );
  const own = of("TensorProto").decode(bytes),
    real = messageType("TensorProto").decode(bytes) as unknown as Record<string, unknown>;
  assertEquals(plain(own), plain(real));
  for (const name of ["name", "data_type", "raw_data", "dims", "segment"]) {
    assertEquals(Array.from(Object(own[name])), Array.from(Object(real[name])), name);
  }
});

Deno.test("the page refuses bytes that end too early, and varints without an end", () => {
  assertThrows(() => of("NodeProto").decode(Uint8Array.of(10, 5, 1)), RangeError);
  assertThrows(() => protobuf.Reader.create(new Uint8Array(11).fill(255)).int64());
  assertThrows(() => Reader.create(new Uint8Array(11).fill(255)).int64(), Error, "invalid varint");
  assertThrows(() => Reader.create(Uint8Array.of(1)).skipType(7), Error, "invalid wire type");
});
