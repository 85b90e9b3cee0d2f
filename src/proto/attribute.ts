import protobuf from "./protobuf.ts";
import { ModelFormatError } from "../io/errors.ts";
import { TEXT } from "./text.ts";
import { contentAt } from "./wire.ts";

/** What a plain attribute can hold. Integers above 2^53 are rounded: they are read, never written back. */
export type AttributeValue = number | string | readonly number[] | readonly string[];

/** What an AttributeProto says, messages in it as their bytes. */
export interface AttributeContent {
  /** Attribute name. */
  readonly name: string;
  /** Name of the function attribute it takes its value from. */
  readonly reference?: string;
  /** Number, string, or list of them; undefined for every other kind. */
  readonly value?: AttributeValue;
  /** TensorProto. */
  readonly tensor?: Uint8Array;
  /** SparseTensorProto. */
  readonly sparse?: Uint8Array;
  /** GraphProtos, of `g` and `graphs`. */
  readonly graphs: readonly Uint8Array[];
}

const VARINT = 0, DELIMITED = 2, FIXED32 = 5;

/**
 * Reads an AttributeProto. Its numbers are read one by one: the attributes of a tree ensemble are lists of millions, each of
 * which a general decoder makes an object of. Integers above 2^53 are rounded. Throws where the bytes are no message.
 */
export function readAttribute(bytes: Uint8Array): AttributeContent {
  const reader = protobuf.Reader.create(bytes);
  const ints: number[] = [], floats: number[] = [], strings: string[] = [], graphs: Uint8Array[] = [];
  let name = "",
    type = 0,
    reference: string | undefined,
    tensor: Uint8Array | undefined,
    graph: Uint8Array | undefined,
    sparse: Uint8Array | undefined;
  let f: number | undefined, i: number | undefined, s: string | undefined;
  while (reader.pos < reader.len) {
    const tag = reader.uint32();
    switch (tag) {
      case 1 * 8 + DELIMITED:
        name = TEXT.decode(contentAt(reader));
        break;
      case 2 * 8 + FIXED32:
        f = reader.float();
        break;
      case 3 * 8 + VARINT:
        i = intAt(reader);
        break;
      case 4 * 8 + DELIMITED:
        s = TEXT.decode(contentAt(reader));
        break;
      case 5 * 8 + DELIMITED:
        tensor = once(name, tensor, contentAt(reader));
        break;
      case 6 * 8 + DELIMITED:
        graphs.push(graph = once(name, graph, contentAt(reader)));
        break;
      case 11 * 8 + DELIMITED:
        graphs.push(contentAt(reader));
        break;
      case 7 * 8 + FIXED32:
        floats.push(reader.float());
        break;
      case 7 * 8 + DELIMITED:
        readPacked(reader, floats, floatAt);
        break;
      case 8 * 8 + VARINT:
        ints.push(intAt(reader));
        break;
      case 8 * 8 + DELIMITED:
        readPacked(reader, ints, intAt);
        break;
      case 9 * 8 + DELIMITED:
        strings.push(TEXT.decode(contentAt(reader)));
        break;
      case 20 * 8 + VARINT:
        type = reader.int32();
        break;
      case 21 * 8 + DELIMITED:
        reference = TEXT.decode(contentAt(reader));
        break;
      case 22 * 8 + DELIMITED:
        sparse = once(name, sparse, contentAt(reader));
        break;
      default:
        reader.skipType(tag & 7);
    }
  }
  const value = valueOf(type, { f, i, s, ints, floats, strings });
  return { name, reference: reference || undefined, value, tensor, sparse, graphs };
}

/** A message of an attribute that may have one of it: of two, protobuf makes one that has the fields of both. */
function once(attribute: string, before: Uint8Array | undefined, message: Uint8Array): Uint8Array {
  if (before) throw new ModelFormatError(`attribute '${attribute}' has two values; it must have one.`);
  return message;
}

/** The varint that a reader is at, 64 bits wide; rounded above 2^53. */
export function intAt(reader: protobuf.Reader): number {
  return reader.buf[reader.pos] < 128 ? reader.buf[reader.pos++] : Number(reader.int64()); // most take one byte
}

function floatAt(reader: protobuf.Reader): number {
  return reader.float();
}

function readPacked(reader: protobuf.Reader, into: number[], read: (reader: protobuf.Reader) => number): void {
  const length = reader.uint32();
  for (const end = reader.pos + length; reader.pos < end;) into.push(read(reader));
}

/** The value that an attribute of this type has. */
function valueOf(type: number, { f, i, s, ints, floats, strings }: {
  readonly f?: number;
  readonly i?: number;
  readonly s?: string;
  readonly ints: number[];
  readonly floats: number[];
  readonly strings: string[];
}): AttributeValue | undefined {
  const list = () => ints.length > 0 ? ints : floats.length > 0 ? floats : strings;
  switch (type) {
    case 1:
      return f ?? 0;
    case 2:
      return i ?? 0;
    case 3:
      return s ?? "";
    case 6:
    case 7:
    case 8:
      return list();
    case 0: // IR version 1 had no types
      return i ?? f ?? s ?? list();
    default:
      return undefined;
  }
}
