/**
 * As much of protobufjs as the rewriter needs, for pages: reading and writing messages of one known schema, and nothing that
 * parses schemas or compiles functions. It takes a tenth of protobufjs' bytes, and runs where a page forbids `eval`.
 *
 * @module
 */

/** A field as the page's schema has it: number, name, scalar type or full name of a message, and whether it is a list, packed. */
export type FieldInit = readonly [id: number, name: string, type: string, isList: boolean, isPacked: boolean];

/** Messages by full name. */
export type Schema = Readonly<Record<string, readonly FieldInit[]>>;

type Message = Record<string, unknown>;

/** A 64-bit integer that a number does not hold. */
class Long {
  readonly value: bigint;

  constructor(value: bigint) {
    this.value = value;
  }

  toNumber(): number {
    return Number(this.value);
  }

  toString(): string {
    return String(this.value);
  }
}

/** Reads a message's bytes one after another. */
export class Reader {
  pos = 0;
  readonly len: number;
  readonly buf: Uint8Array;
  readonly #view: DataView;

  constructor(bytes: Uint8Array) {
    this.buf = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    this.len = bytes.length;
  }

  static create(bytes: Uint8Array): Reader {
    return new Reader(bytes);
  }

  varint(): bigint {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.buf[this.skip(1)];
      value |= BigInt(byte & 127) << shift;
      if (byte < 128) return value;
    }
    throw new Error("invalid varint encoding");
  }

  uint32(): number {
    let value = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      const byte = this.buf[this.skip(1)];
      if (shift < 32) value |= (byte & 127) << shift;
      if (byte < 128) return value >>> 0;
    }
    throw new Error("invalid varint encoding");
  }

  int32(): number {
    return this.uint32() | 0;
  }

  int64(): number | Long {
    return numberOf(BigInt.asIntN(64, this.varint()));
  }

  uint64(): number | Long {
    return numberOf(BigInt.asUintN(64, this.varint()));
  }

  float(): number {
    return this.#view.getFloat32(this.skip(4), true);
  }

  double(): number {
    return this.#view.getFloat64(this.skip(8), true);
  }

  bytes(): Uint8Array {
    const length = this.uint32(), start = this.skip(length);
    return this.buf.subarray(start, start + length);
  }

  string(): string {
    return new TextDecoder().decode(this.bytes());
  }

  /** Goes on by so many bytes; gives where it was. */
  skip(length: number): number {
    const start = this.pos;
    if (start + length > this.len) throw new RangeError(`index out of range: ${start} + ${length} > ${this.len}`);
    this.pos += length;
    return start;
  }

  skipType(wire: number): void {
    if (wire === 0) this.varint();
    else if (wire === 1) this.skip(8);
    else if (wire === 2) this.skip(this.uint32());
    else if (wire === 5) this.skip(4);
    else if (wire === 3) { for (let tag: number; (tag = this.uint32() & 7) !== 4;) this.skipType(tag); }
    else throw new Error(`invalid wire type ${wire} at offset ${this.pos}`);
  }
}

function numberOf(value: bigint): number | Long {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : new Long(value);
}

type Scalar = "int32" | "int64" | "uint32" | "uint64" | "float" | "double" | "bytes" | "string";

/** A field of a message. */
export class Field {
  readonly root: Root;
  readonly init: FieldInit;

  constructor(root: Root, init: FieldInit) {
    this.root = root;
    this.init = init;
  }

  get id(): number {
    return this.init[0];
  }

  get name(): string {
    return this.init[1];
  }

  get resolvedType(): Type | null {
    return this.root.types.get(this.init[2]) ?? null;
  }

  resolve(): Field {
    return this;
  }

  /** How values are written: 0 varint, 1 eight bytes, 2 with a length, 5 four bytes. */
  get wire(): number {
    return { double: 1, bytes: 2, string: 2, float: 5 }[this.init[2] as string] ?? (this.resolvedType ? 2 : 0);
  }

  read(reader: Reader): unknown {
    const inner = this.resolvedType;
    return inner ? inner.decode(reader.bytes()) : reader[this.init[2] as Scalar]();
  }

  write(value: unknown): Part[] {
    const inner = this.resolvedType, [, , type] = this.init;
    if (inner) return sized(inner.encode(value as Message).finish());
    if (type === "string") return sized(new TextEncoder().encode(value as string));
    if (type === "bytes") return sized(value as Uint8Array);
    if (type === "float") return [new Uint8Array(Float32Array.of(value as number).buffer)];
    if (type === "double") return [new Uint8Array(Float64Array.of(value as number).buffer)];
    return [varint(BigInt.asUintN(64, BigInt(String(value))))];
  }
}

/** Bytes one after another. */
type Part = ArrayLike<number>;

function varint(value: bigint): number[] {
  const out: number[] = [];
  for (; value > 127n; value >>= 7n) out.push(Number(value & 127n) | 128);
  return [...out, Number(value)];
}

function sized(bytes: Uint8Array): Part[] {
  return [varint(BigInt(bytes.length)), bytes];
}

function joined(parts: readonly Part[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

/** A message type. */
export class Type {
  readonly name: string;
  readonly fieldsArray: readonly Field[];
  readonly fieldsById: Readonly<Record<number, Field>>;
  /** What a field that was not set reads as. */
  readonly #defaults: Message;

  constructor(root: Root, name: string, fields: readonly FieldInit[]) {
    this.name = name;
    this.fieldsArray = [...fields].sort(([a], [b]) => a - b).map((init) => new Field(root, init));
    this.fieldsById = Object.fromEntries(this.fieldsArray.map((field) => [field.init[0], field]));
    this.#defaults = Object.fromEntries(fields.map(([, name, type]) => {
      const isMessage = type.includes(".");
      return [name, isMessage ? null : type === "string" ? "" : type === "bytes" ? new Uint8Array() : 0];
    }));
  }

  resolveAll(): Type {
    return this;
  }

  decode(bytes: Uint8Array): Message {
    const message: Message = Object.create(this.#defaults), reader = new Reader(bytes);
    for (const { init: [, name, , isList] } of this.fieldsArray) if (isList) message[name] = [];
    while (reader.pos < reader.len) {
      const tag = reader.uint32(), field = this.fieldsById[tag >>> 3], wire = tag & 7;
      if (!field) reader.skipType(wire);
      else if (!field.init[3]) message[field.name] = field.read(reader);
      else if (wire !== 2 || field.wire === 2) (message[field.name] as unknown[]).push(field.read(reader));
      else {for (const end = reader.uint32() + reader.pos; reader.pos < end;) {
          (message[field.name] as unknown[]).push(field.read(reader));
        }}
    }
    return message;
  }

  encode(message: Message): { finish(): Uint8Array } {
    const out: Part[] = [], tag = (id: number, wire: number) => out.push(varint(BigInt(id * 8 + wire)));
    for (const field of this.fieldsArray) {
      const { init: [id, name, , isList, isPacked], wire } = field,
        value = Object.hasOwn(message, name) ? message[name] : undefined;
      if (value === undefined || value === null) continue;
      if (isList && isPacked) {
        const values = (value as unknown[]).flatMap((one) => field.write(one));
        if (values.length > 0) out.push(varint(BigInt(id * 8 + 2)), ...sized(joined(values)));
        continue;
      }
      for (const one of isList ? value as unknown[] : [value]) {
        tag(id, wire);
        out.push(...field.write(one));
      }
    }
    return { finish: () => joined(out) };
  }
}

/** All messages. */
export class Root {
  readonly types: ReadonlyMap<string, Type>;

  constructor(schema: Schema) {
    this.types = new Map(
      Object.entries(schema).map(([name, fields]) => [name, new Type(this, name.split(".").at(-1)!, fields)]),
    );
  }

  lookupType(name: string): Type {
    return this.types.get(name)!;
  }
}

export default { Reader, Type, Root };
