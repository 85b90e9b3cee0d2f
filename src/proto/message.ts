import { DEEPEST, Reader } from "./reader.ts";
import { TEXT } from "./text.ts";
import { concat, fieldBytes, varintBytes } from "./wire.ts";

/** What the values of a field are where they are no messages. */
type Scalar = "int32" | "int64" | "uint32" | "uint64" | "float" | "double" | "bytes" | "string";

/** Wire types; that of a message is 2, too. */
const WIRE: Readonly<Record<Scalar, number>> = {
  int32: 0,
  int64: 0,
  uint32: 0,
  uint64: 0,
  double: 1,
  bytes: 2,
  string: 2,
  float: 5,
};

/** Whether this is the name of a {@link Scalar}. */
export function isScalar(name: string): name is Scalar {
  return Object.hasOwn(WIRE, name);
}

/** A field of a message. */
export interface Field {
  /** Field number. */
  readonly number: number;
  /** Name. */
  readonly name: string;
  /** What its values are. */
  readonly type: Scalar | MessageType;
  /** Whether it has any number of values. */
  readonly isList: boolean;
  /** Whether they are written as one value. */
  readonly isPacked: boolean;
  /** Names of fields of which one at most is set, its own among them. */
  readonly oneof: readonly string[];
}

/** Values by the names of fields; 64-bit integers as numbers where those hold them. */
export type Message = Record<string, unknown>;

const NONE: readonly unknown[] = Object.freeze([]);

/** A message type: what its bytes mean. */
export class MessageType {
  /** Its name, with the types around it: `TypeProto.Tensor`. */
  readonly name: string;
  readonly #resolve: () => Field[];
  #fields?: ReadonlyMap<number, Field>;
  #unset?: ReturnType<typeof unset>;

  /** A type by its name; its fields are asked for when the first is, since they may be of types that are made later. */
  constructor(name: string, fields: () => Field[]) {
    this.name = name;
    this.#resolve = fields;
  }

  /** Its fields by number, the smallest first. */
  get fields(): ReadonlyMap<number, Field> {
    return this.#fields ??= new Map(
      this.#resolve().sort((a, b) => a.number - b.number).map((field) => [field.number, field]),
    );
  }

  /**
   * Reads a message; of what is there twice the last counts, and messages are put together. What is not set reads as 0, an empty
   * text, an empty list or null. Throws where the bytes are no message.
   */
  decode(bytes: Uint8Array, into: Message = this.#empty(), depth: number = 0): Message {
    if (depth > DEEPEST) throw new Error(`messages lie in one another deeper than ${DEEPEST}`);
    const reader = new Reader(bytes);
    while (reader.pos < reader.len) {
      const tag = reader.tag(), number = tag >>> 3, wire = tag & 7, field = this.fields.get(number);
      if (number === 0) throw new Error("illegal tag: field number 0");
      if (!field) {
        reader.skipType(wire, number);
        continue;
      }
      const { name, type, isList, oneof } = field, own = typeof type === "string" ? WIRE[type] : 2;
      const isPacked = isList && wire === 2 && own !== 2;
      if (wire !== own && !isPacked) reader.skipType(wire, number);
      else if (!isList) {
        for (const other of oneof) if (other !== name && Object.hasOwn(into, other)) delete into[other];
        into[name] = valueAt(reader, type, depth, (into[name] ?? undefined) as Message | undefined);
      } else {
        const list = into[name] === NONE ? into[name] = [] : into[name], values = list as unknown[];
        if (!isPacked) values.push(valueAt(reader, type, depth));
        else {
          const packed = new Reader(reader.bytes());
          while (packed.pos < packed.len) values.push(valueAt(packed, type, depth));
        }
      }
    }
    return into;
  }

  /** Writes a message: what is its own and neither undefined nor null, in the order of the numbers. */
  encode(message: Message): Uint8Array {
    const out: Uint8Array[] = [];
    for (const { number, name, type, isList, isPacked } of this.fields.values()) {
      const value = Object.hasOwn(message, name) ? message[name] : undefined;
      if (value === undefined || value === null) continue;
      const contents = (isList ? value as unknown[] : [value]).map((one) => contentOf(type, one));
      const wire = typeof type === "string" ? WIRE[type] : 2, tag = varintBytes(number * 8 + wire);
      if (isPacked) { if (contents.length > 0) out.push(fieldBytes(number, concat(contents))); }
      else for (const content of contents) out.push(...wire === 2 ? [fieldBytes(number, content)] : [tag, content]);
    }
    return concat(out);
  }

  /** A message of which nothing is set. */
  #empty(): Message {
    const { absent, lists } = this.#unset ??= unset([...this.fields.values()]),
      message: Message = Object.create(absent);
    for (const name of lists) message[name] = NONE;
    return message;
  }
}

/** What fields that are not set read as, and the names of those that are lists. */
function unset(fields: readonly Field[]): { readonly absent: Message; readonly lists: readonly string[] } {
  const absent = fields.filter(({ isList }) => !isList).map(({ name, type }) => {
    if (typeof type !== "string") return [name, null];
    return [name, type === "string" ? "" : type === "bytes" ? new Uint8Array() : 0];
  });
  return { absent: Object.fromEntries(absent), lists: fields.filter(({ isList }) => isList).map(({ name }) => name) };
}

function valueAt(reader: Reader, type: Scalar | MessageType, depth: number, before?: Message): unknown {
  if (typeof type !== "string") return type.decode(reader.bytes(), before, depth + 1);
  return type === "string" ? TEXT.decode(reader.bytes()) : reader[type]();
}

/** A value without its tag. */
function contentOf(type: Scalar | MessageType, value: unknown): Uint8Array {
  if (typeof type !== "string") return type.encode(value as Message);
  switch (type) {
    case "string":
      return new TextEncoder().encode(value as string);
    case "bytes":
      return value as Uint8Array;
    case "float":
      return new Uint8Array(Float32Array.of(value as number).buffer);
    case "double":
      return new Uint8Array(Float64Array.of(value as number).buffer);
    default:
      return integerBytes(value as number | bigint);
  }
}

/** A varint of 64 bits: two's complement where it is negative. */
function integerBytes(value: number | bigint): Uint8Array {
  if (typeof value === "number" && value >= 0 && Number.isSafeInteger(value)) return varintBytes(value);
  const out: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  for (; rest > 127n; rest >>= 7n) out.push(Number(rest & 127n) | 128);
  return Uint8Array.of(...out, Number(rest));
}
