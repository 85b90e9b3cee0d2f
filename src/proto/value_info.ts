import protobuf from "./protobuf.ts";
import { intAt } from "./attribute.ts";
import { TEXT } from "./text.ts";
import { contentAt } from "./wire.ts";

/** What a ValueInfoProto says of a tensor. */
export interface ValueInfoContent {
  /** Name. */
  name: string;
  /** TensorProto.DataType of its elements. */
  elementType?: number;
  /** A size, a name, or null for each dimension; a negative size is an unknown one, as runtimes take it. */
  dims?: (number | string | null)[];
}

const VARINT = 0, DELIMITED = 2;

/** Kinds of types that are none of a tensor. */
const OTHER_TYPES: readonly number[] = [4, 5, 7, 8, 9].map((number) => number * 8 + DELIMITED);

/** Reads a ValueInfoProto without its doc strings: a model may have millions. Throws where the bytes are no message. */
export function readValueInfo(bytes: Uint8Array): ValueInfoContent {
  const info: ValueInfoContent = { name: "" };
  readFields(bytes, (tag, reader) => {
    if (tag === 1 * 8 + DELIMITED) info.name = TEXT.decode(contentAt(reader));
    else if (tag === 2 * 8 + DELIMITED) readType(contentAt(reader), info);
    else reader.skipType(tag & 7);
  });
  info.dims &&= info.dims.slice(); // what an array grew by stays with it
  return info;
}

function readType(bytes: Uint8Array, info: ValueInfoContent): void {
  readFields(bytes, (tag, reader) => {
    if (tag === 1 * 8 + DELIMITED) return readTensorType(contentAt(reader), info);
    if (OTHER_TYPES.includes(tag)) info.elementType = info.dims = undefined;
    reader.skipType(tag & 7);
  });
}

function readTensorType(bytes: Uint8Array, info: ValueInfoContent): void {
  readFields(bytes, (tag, reader) => {
    if (tag === 1 * 8 + VARINT) info.elementType = reader.int32();
    else if (tag === 2 * 8 + DELIMITED) readShape(contentAt(reader), info.dims ??= []);
    else reader.skipType(tag & 7);
  });
}

function readShape(bytes: Uint8Array, dims: (number | string | null)[]): void {
  readFields(bytes, (tag, reader) => {
    if (tag === 1 * 8 + DELIMITED) dims.push(dimOf(contentAt(reader)));
    else reader.skipType(tag & 7);
  });
}

function dimOf(bytes: Uint8Array): number | string | null {
  let dim = "" as number | string;
  readFields(bytes, (tag, reader) => {
    if (tag === 1 * 8 + VARINT) dim = intAt(reader);
    else if (tag === 2 * 8 + DELIMITED) dim = TEXT.decode(contentAt(reader));
    else reader.skipType(tag & 7);
  });
  return typeof dim === "number" ? dim < 0 ? null : dim : dim || null;
}

function readFields(bytes: Uint8Array, field: (tag: number, reader: protobuf.Reader) => void): void {
  const reader = protobuf.Reader.create(bytes);
  while (reader.pos < reader.len) {
    const tag = reader.uint32();
    if (tag < 8) throw new Error("illegal tag: field number 0");
    field(tag, reader);
  }
}
