import protobuf from "./protobuf.ts";

/** Messages below this size are taken whole: not to copy them takes longer. */
const SMALL = 1 << 12;

/** One field of a message as it stands on the wire: where it lies, since most views of it are never asked for. */
export class WireField {
  /** Field number. */
  readonly number: number;
  readonly #message: Uint8Array;
  readonly #start: number;
  readonly #content: number;
  readonly #end: number;

  /** The field from `start` to `end` of a message; its content begins at `content`, which is −1 for other wire types. */
  constructor(message: Uint8Array, number: number, start: number, content: number, end: number) {
    this.number = number;
    this.#message = message;
    this.#start = start;
    this.#content = content;
    this.#end = end;
  }

  /** Tag and value, to be copied as they are. */
  get bytes(): Uint8Array {
    return this.#message.subarray(this.#start, this.#end);
  }

  /** The content of a length-delimited field (a view); undefined for other wire types. */
  get content(): Uint8Array | undefined {
    return this.#content < 0 ? undefined : this.#message.subarray(this.#content, this.#end);
  }
}

/** The fields of a message, in order, unknown ones included. */
export function wireFields(message: Uint8Array): WireField[] {
  const reader = protobuf.Reader.create(message), fields: WireField[] = [];
  while (reader.pos < reader.len) fields.push(nextField(reader, message));
  return fields;
}

/** The fields of a message, read anew whenever they are gone through: there may be millions. */
export function fieldsOf(message: Uint8Array): Iterable<WireField> {
  return { [Symbol.iterator]: () => eachField(message) };
}

/** The fields of a message one by one: of lists of numbers there may be millions. */
export function* eachField(message: Uint8Array): Generator<WireField> {
  const reader = protobuf.Reader.create(message);
  while (reader.pos < reader.len) yield nextField(reader, message);
}

function nextField(reader: protobuf.Reader, message: Uint8Array): WireField {
  const start = reader.pos, tag = reader.uint32();
  let content = -1;
  if ((tag & 7) === 2) {
    const length = reader.uint32();
    content = reader.pos;
    reader.skip(length);
  } else reader.skipType(tag & 7);
  return new WireField(message, tag >>> 3, start, content, reader.pos);
}

/** The content of the length-delimited field that a reader is at, behind its tag: a view. */
export function contentAt(reader: protobuf.Reader): Uint8Array {
  const length = reader.uint32(), start = reader.pos;
  reader.skip(length);
  return reader.buf.subarray(start, start + length);
}

/** The contents of every length-delimited field with this number. */
export function contentsOf(fields: Iterable<WireField>, number: number): Uint8Array[] {
  return [...eachContent(fields, number)];
}

/** The same one by one: there may be millions. */
export function* eachContent(fields: Iterable<WireField>, number: number): Generator<Uint8Array> {
  for (const field of fields) {
    const content = field.number === number ? field.content : undefined;
    if (content) yield content;
  }
}

/** The content of the first length-delimited field with this number; undefined where there is none. */
export function firstContent(message: Uint8Array, number: number): Uint8Array | undefined {
  const reader = protobuf.Reader.create(message);
  while (reader.pos < reader.len) {
    const tag = reader.uint32();
    if (tag === number * 8 + 2) return contentAt(reader);
    reader.skipType(tag & 7);
  }
}

/** A message without its fields of some numbers. */
export function without(message: Uint8Array, ...numbers: readonly number[]): Uint8Array {
  const parts: Uint8Array[] = [];
  let start = 0, at = 0; // fields that stay beside one another are one part
  for (const { number, bytes } of eachField(message)) {
    const end = at + bytes.length;
    if (numbers.includes(number)) {
      if (at > start) parts.push(message.subarray(start, at));
      start = end;
    }
    at = end;
  }
  return concat([...parts, message.subarray(start)]);
}

/** Bytes of a varint. */
function varintLength(value: number): number {
  let length = 1;
  for (; value >= 128; value = Math.floor(value / 128)) length++;
  return length;
}

/** Writes a varint; returns where it ends. */
function putVarint(out: Uint8Array, at: number, value: number): number {
  for (; value >= 128; value = Math.floor(value / 128)) out[at++] = (value % 128) | 128;
  out[at++] = value;
  return at;
}

/** A varint on the wire. */
export function varintBytes(value: number): Uint8Array {
  const out = new Uint8Array(varintLength(value));
  putVarint(out, 0, value);
  return out;
}

/** A length-delimited field on the wire. */
export function fieldBytes(number: number, content: Uint8Array): Uint8Array {
  const tag = number * 8 + 2, { length } = content;
  const out = new Uint8Array(varintLength(tag) + varintLength(length) + length);
  out.set(content, putVarint(out, putVarint(out, 0, tag), length));
  return out;
}

const encoder = new TextEncoder();

/** A field of text on the wire: ASCII, which most names are, is put there at once. */
export function textField(number: number, text: string): Uint8Array {
  const tag = number * 8 + 2, { length } = text;
  const out = new Uint8Array(varintLength(tag) + varintLength(length) + length);
  const start = putVarint(out, putVarint(out, 0, tag), length);
  for (let at = 0; at < length; at++) {
    const code = text.charCodeAt(at);
    if (code > 127) return fieldBytes(number, encoder.encode(text));
    out[start + at] = code;
  }
  return out;
}

/** A length-delimited field on the wire, of the parts of its content: what is large is not copied. */
export function fieldParts(number: number, content: readonly Uint8Array[]): Uint8Array[] {
  const length = content.reduce((sum, part) => sum + part.length, 0);
  if (length < SMALL) return [fieldBytes(number, concat(content))];
  return [concat([varintBytes(number * 8 + 2), varintBytes(length)]), ...content];
}

/** A varint field on the wire. */
export function varintFieldBytes(number: number, value: number): Uint8Array {
  return concat([varintBytes(number * 8), varintBytes(value)]);
}

/** The number in a varint field. */
export function varintOf({ bytes }: WireField): number {
  const reader = protobuf.Reader.create(bytes);
  reader.uint32(); // the tag
  return reader.uint32();
}

/** The number in a varint field, 64 bits wide; rounded above 2^53. */
export function int64Of({ bytes }: WireField): number {
  const reader = protobuf.Reader.create(bytes);
  reader.uint32(); // the tag
  return Number(reader.int64());
}

/** All parts in one array. */
export function concat(parts: readonly Uint8Array[]): Uint8Array {
  if (parts.length === 1) return parts[0];
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  parts.reduce((at, part) => (out.set(part, at), at + part.length), 0);
  return out;
}

/**
 * The message with some of its fields replaced: all fields of a number in `replacements` give way to the fields listed
 * there, in the place of the first of them (at the end where there was none). Every other byte stays as it is.
 * What is listed are whole fields, tag included.
 */
export function splice(
  fields: Iterable<WireField>,
  replacements: ReadonlyMap<number, readonly Uint8Array[]>,
): Uint8Array {
  return concat(spliced(fields, replacements));
}

/** The parts of what {@link splice} gives: of a large message there is no need for all of it at once. */
export function spliced(
  fields: Iterable<WireField>,
  replacements: ReadonlyMap<number, readonly Uint8Array[]>,
): Uint8Array[] {
  const pending = new Map(replacements);
  const parts: Uint8Array[] = [];
  const emit = (number: number) => {
    for (const part of pending.get(number) ?? []) parts.push(part); // more than a call takes arguments
    pending.delete(number);
  };
  for (const field of fields) {
    if (!replacements.has(field.number)) parts.push(field.bytes);
    else emit(field.number);
  }
  for (const number of [...pending.keys()]) emit(number);
  return parts;
}

/** The varints of a packed field, as 32-bit numbers (int32, as protobuf writes them). */
export function packedInt32(content: Uint8Array): number[] {
  const reader = protobuf.Reader.create(content), values: number[] = [];
  while (reader.pos < reader.len) values.push(reader.int32());
  return values;
}

/** The varints of a packed field, as 64-bit numbers. */
export function packedInt64(content: Uint8Array): bigint[] {
  const reader = protobuf.Reader.create(content), values: bigint[] = [];
  while (reader.pos < reader.len) {
    const isSmall = content[reader.pos] < 128; // most are
    values.push(BigInt(isSmall ? content[reader.pos++] : reader.int64().toString()));
  }
  return values;
}
