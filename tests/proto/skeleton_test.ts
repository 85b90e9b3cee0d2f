import { assert, assertEquals, assertLess, assertThrows } from "@std/assert";
import fc from "fast-check";
import { layout } from "../../src/proto/encode.ts";
import { ModelFormatError } from "../../src/io/errors.ts";
import { messageType } from "../../src/proto/schema.ts";
import { readSkeleton } from "../../src/proto/skeleton.ts";
import { type ByteSource, BytesSource, FileSource } from "../../src/io/source.ts";
import { concat, fieldBytes, varintFieldBytes, wireFields } from "../../src/proto/wire.ts";
import { streamed } from "../../src/proto/stream.ts";
import { fixture } from "../bench/fixture.ts";
import { arbitraryMessage } from "./arbitrary_message.ts";

/** The bytes that reading and writing makes of a source. */
function roundTrip(source: ByteSource): Uint8Array {
  const { bytes, payloads } = readSkeleton(source);
  const chunks: Uint8Array[] = [];
  const { model, external } = layout(bytes, payloads);
  assertEquals(external, []);
  for (const chunk of streamed(model)) chunks.push(chunk.slice());
  return chunks.length === 0 ? new Uint8Array() : concat(chunks);
}

for (const name of ["resnet", "densenet", "repvgg", "convrelubn", "autoencoder"]) {
  Deno.test(`a skeleton with its payloads is fashion_${name} byte for byte`, () => {
    const path = fixture(`fashion_${name}`);
    const bytes = Deno.readFileSync(path);
    assertEquals(roundTrip(new FileSource(path)), bytes);
    assertEquals(roundTrip(new BytesSource(bytes)), bytes);
  });
}

Deno.test("a skeleton leaves the weights in their file", () => {
  const path = fixture("fashion_resnet");
  const { bytes, payloads } = readSkeleton(new FileSource(path));
  const left = payloads.reduce((sum, payload) => sum + ("range" in payload ? payload.range.length : 0), 0);
  assertLess(bytes.length, 40_000);
  assertEquals(left > 250_000, true);
});

Deno.test("any message of the schema, unknown fields and all, survives byte for byte", () => {
  fc.assert(
    fc.property(arbitraryMessage("ModelProto", 5), (bytes) => {
      if (bytes.length === 0) return;
      assertEquals(roundTrip(new BytesSource(bytes)), bytes);
    }),
    { numRuns: 1500, seed: 7 },
  );
});

/** One tensor in the fields a payload can be in, at every length around the limit below which it stays in the skeleton. */
Deno.test("element data survives in every field and length, packed or one by one", () => {
  const type = messageType("TensorProto");
  for (const field of ["raw_data", "float_data", "int32_data", "int64_data", "double_data", "uint64_data"]) {
    for (let length = 0; length <= 40; length++) {
      const values = field === "raw_data" ? new Uint8Array(length).fill(7) : Array.from({ length }, (_, i) => i * 300);
      const packed = type.encode(type.fromObject({ name: "t", dims: [length], data_type: 1, [field]: values }))
        .finish();
      const model = fieldBytes(7, fieldBytes(5, packed));
      assertEquals(roundTrip(new BytesSource(model)), model, `${field} × ${length}`);
    }
  }
  const oneByOne = concat([5, 6, 7].map((value) => concat([varintFieldBytes(5, value), varintFieldBytes(7, value)])));
  const model = fieldBytes(7, fieldBytes(5, oneByOne));
  assertEquals(roundTrip(new BytesSource(model)), model);
});

Deno.test("tensors are found wherever the schema has them", () => {
  const tensor = fieldBytes(9, new Uint8Array(100).fill(1));
  const places: [string, Uint8Array][] = [
    ["initializer", fieldBytes(7, fieldBytes(5, tensor))],
    ["sparse initializer", fieldBytes(7, fieldBytes(15, fieldBytes(1, tensor)))],
    ["attribute", fieldBytes(7, fieldBytes(1, fieldBytes(5, fieldBytes(5, tensor))))],
    ["tensor list", fieldBytes(7, fieldBytes(1, fieldBytes(5, fieldBytes(10, tensor))))],
    ["subgraph", fieldBytes(7, fieldBytes(1, fieldBytes(5, fieldBytes(6, fieldBytes(5, tensor)))))],
    ["function", fieldBytes(25, fieldBytes(7, fieldBytes(5, fieldBytes(5, tensor))))],
    ["default of a function's attribute", fieldBytes(25, fieldBytes(11, fieldBytes(5, tensor)))],
    ["training info", fieldBytes(20, fieldBytes(1, fieldBytes(5, tensor)))],
  ];
  for (const [place, model] of places) {
    assertEquals(readSkeleton(new BytesSource(model)).payloads.length, 1, place);
    assertEquals(roundTrip(new BytesSource(model)), model, place);
  }
  const metadata = fieldBytes(14, fieldBytes(1, new Uint8Array(100)));
  assertEquals(readSkeleton(new BytesSource(metadata)).payloads.length, 0, "metadata is no tensor");
});

Deno.test("a model cut inside a field is refused at every byte", () => {
  const bytes = smallModel();
  const ends = new Set<number>();
  wireFields(bytes).reduce((at, field) => (ends.add(at + field.bytes.length), at + field.bytes.length), 0);
  for (let length = 0; length < bytes.length; length++) {
    const cut = new BytesSource(bytes.subarray(0, length), "cut.onnx");
    if (ends.has(length)) readSkeleton(cut); // whole fields: protobuf cannot tell
    else assertThrows(() => readSkeleton(cut), ModelFormatError, "cut.onnx", `cut after ${length} bytes`);
  }
});

function smallModel(): Uint8Array {
  const type = messageType("ModelProto");
  return type.encode(type.fromObject({
    ir_version: 8,
    producer_name: "test",
    opset_import: [{ domain: "", version: 17 }],
    graph: {
      name: "g",
      node: [{ op_type: "Relu", input: ["x"], output: ["y"], name: "relu" }],
      initializer: [{ name: "w", dims: [8], data_type: 1, raw_data: new Uint8Array(32) }],
      input: [{ name: "x" }],
      output: [{ name: "y" }],
    },
    metadata_props: [{ key: "a", value: "b" }],
  })).finish();
}

Deno.test("what is no message where the schema has one is refused wherever it is: no runtime reads such a model", () => {
  const cut = Uint8Array.of(10, 9, 97); // nine bytes of text, one of which is there
  const inGraph = (...numbers: number[]) =>
    numbers.reduceRight<Uint8Array>((inner, number) => fieldBytes(number, inner), cut);
  const places: [message: string, model: Uint8Array][] = [
    ["StringStringEntryProto", inGraph(14)],
    ["OperatorSetIdProto", inGraph(8)],
    ["DeviceConfigurationProto", inGraph(26)],
    ["TensorAnnotation", inGraph(7, 14)],
    ["ValueInfoProto", inGraph(7, 13)],
    ["StringStringEntryProto", inGraph(7, 1, 9)],
    ["NodeDeviceConfigurationProto", inGraph(7, 1, 10)],
    ["ValueInfoProto", inGraph(25, 12)],
  ];
  for (const [message, model] of places) {
    assertThrows(
      () => readSkeleton(new BytesSource(concat([smallModel(), model]), "net.onnx")),
      ModelFormatError,
      `net.onnx: not a whole ONNX model: field 1 of a ${message} says it has 9 bytes, but only 1 are left (byte `,
    );
  }
});

Deno.test("a field that says it is longer than what is left names the byte and both lengths", () => {
  const cut = smallModel().subarray(0, 40);
  const { message } = assertThrows(() => readSkeleton(new BytesSource(cut, "cut.onnx")), ModelFormatError);
  assert(
    /cut\.onnx: not a whole ONNX model: field \d+ of a \w+ says it has \d+ bytes, but only \d+ are left/.test(message),
    message,
  );
});

Deno.test("the field number that stands for a payload, and one beyond the greatest, are refused in a file", () => {
  const forged = fieldBytes(7, fieldBytes(5, varintFieldBytes(19999, 0)));
  assertThrows(() => readSkeleton(new BytesSource(forged)), ModelFormatError, "field number 19999");
  const beyond = new BytesSource(concat([smallModel(), varintFieldBytes(2 ** 29, 0)]));
  assertThrows(() => readSkeleton(beyond), ModelFormatError, "field number 536870912");
});

Deno.test("a varint beyond ten bytes and a wire type that does not exist are refused", () => {
  assertThrows(() => readSkeleton(new BytesSource(new Uint8Array(20).fill(0xff))), ModelFormatError);
  assertThrows(() => readSkeleton(new BytesSource(Uint8Array.of(7 * 8 + 7, 0))), ModelFormatError, "wire type 7");
});
