/**
 * Random messages of the ONNX schema on the wire: any field any number of times in any order, packed or not, fields nobody
 * knows in between. What they mean makes no sense; every byte of it must survive.
 */
import fc from "fast-check";
import type protobuf from "protobufjs";
import { messageType } from "../../src/proto/schema.ts";
import { concat, fieldBytes, varintBytes } from "../../src/proto/wire.ts";

const VARINTS = new Set(["int32", "int64", "uint32", "uint64", "bool"]);

function tagged(number: number, wire: number, ...content: Uint8Array[]): Uint8Array {
  return concat([varintBytes(number * 8 + wire), ...content]);
}

const varint = fc.oneof(fc.nat(127), fc.nat(2 ** 31 - 1), fc.nat({ max: Number.MAX_SAFE_INTEGER })).map(varintBytes);
const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });

/** A field that is in no version of the schema. */
const unknownField: fc.Arbitrary<Uint8Array> = fc.tuple(
  fc.oneof(fc.integer({ min: 100, max: 18_000 }), fc.constant(536_870_911)),
  fc.oneof(
    varint.map((value) => [0, value] as const),
    bytes(8).map((value) => [1, value] as const),
    fc.uint8Array({ maxLength: 40 }).map((value) => [2, concat([varintBytes(value.length), value])] as const),
    bytes(4).map((value) => [5, value] as const),
  ),
).map(([number, [wire, content]]) => tagged(number, wire, content));

function arbitraryField(field: protobuf.Field, depth: number): fc.Arbitrary<Uint8Array> | undefined {
  const { id, type, repeated } = field, inner = field.resolve().resolvedType;
  if (field.name === "payload") return undefined; // ours, and refused in a file
  if (inner && "fields" in inner) {
    return depth > 0 ? arbitraryMessage(inner.name, depth - 1).map((content) => fieldBytes(id, content)) : undefined;
  }
  if (type === "string" || type === "bytes") {
    return fc.uint8Array({ maxLength: 48 }).map((content) => fieldBytes(id, content));
  }
  const isVarint = VARINTS.has(type) || inner !== null;
  const element = isVarint ? varint : bytes(type === "double" ? 8 : 4), wire = isVarint ? 0 : type === "double" ? 1 : 5;
  const single = element.map((content) => tagged(id, wire, content));
  return repeated
    ? fc.oneof(single, fc.array(element, { maxLength: 12 }).map((values) => fieldBytes(id, concat(values))))
    : single;
}

/** A message of a type, nested at most `depth` deep. */
export function arbitraryMessage(name: string, depth: number): fc.Arbitrary<Uint8Array> {
  const fields = messageType(name).fieldsArray.flatMap((field) => arbitraryField(field, depth) ?? []);
  return fc.array(fc.oneof(...fields, unknownField), { maxLength: depth > 2 ? 8 : 5, size: "max" }).map((parts) =>
    parts.length === 0 ? new Uint8Array() : concat(parts)
  );
}
