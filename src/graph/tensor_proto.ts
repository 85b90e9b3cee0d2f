import { ModelFormatError } from "../io/errors.ts";
import { messageType, PAYLOAD_FIELD, type PayloadKind } from "../proto/schema.ts";
import type { Payload } from "../proto/skeleton.ts";
import { readRange } from "../io/source.ts";
import {
  concat,
  eachContent,
  fieldBytes,
  fieldsOf,
  packedInt32,
  packedInt64,
  varintFieldBytes,
  without,
} from "../proto/wire.ts";
import { type ElementType, formatOf, type NumericType } from "../tensor/element_type.ts";
import { byteLength, encodedChunks, encodePart } from "../tensor/encode.ts";
import { float8Bytes, halfBytes, smallLength, smallTensor } from "../tensor/small_types.ts";
import { type Bytes, sizeOf, storedTensor, type Tensor, valueTensor } from "../tensor/tensor.ts";

/** TensorProto.DataType by number. */
const TYPES: Record<number, ElementType> = {
  1: "float32",
  2: "uint8",
  3: "int8",
  4: "uint16",
  5: "int16",
  6: "int32",
  7: "int64",
  8: "string",
  9: "bool",
  10: "float16",
  11: "float64",
  12: "uint32",
  13: "uint64",
  16: "bfloat16",
};
const CODES = new Map(Object.entries(TYPES).map(([code, type]) => [type, Number(code)]));

/** The element type of a TensorProto.DataType number; `opaque` for those that are only carried along. */
export function elementType(code: number): ElementType {
  return TYPES[code] ?? "opaque";
}

/** The TensorProto.DataType number of an element type. */
export function elementCode(type: ElementType): number {
  return CODES.get(type)!;
}

interface TensorProto {
  dims: number[];
  data_type: number;
  name: string;
  payload: number[];
  raw_data: Uint8Array;
  float_data: number[];
  double_data: number[];
  int32_data: number[];
  int64_data: (number | { toString(): string })[];
  uint64_data: (number | { toString(): string })[];
}

/** A tensor as the file has it. */
export interface ImportedTensor {
  /** Name. */
  readonly name: string;
  /** Its elements. */
  readonly tensor: Tensor;
  /** How many elements the file has data for: a shape of text, or of a sparse tensor, may say any number. */
  readonly stored: number;
}

/** Number of its elements of text, of which there may be millions. */
const STRING_DATA = 6;
/** Numbers of what is not decoded with the rest: texts, doc string and metadata. */
const TEXTS = [STRING_DATA, 12, 16];

/** Messages below this size are decoded whole: to leave something out takes longer. */
const SMALL = 1 << 12;

/** Reads a TensorProto of a skeleton; its data stays where it is. Throws where shape and data do not agree. */
export function importTensor(proto: Uint8Array, payloads: readonly Payload[]): ImportedTensor {
  const rest = proto.length < SMALL ? proto : without(proto, ...TEXTS);
  const message = messageType("TensorProto").decode(rest) as unknown as TensorProto;
  const dims = message.dims.map(Number);
  const type = elementType(message.data_type);
  const { name } = message;
  if (type === "string" || type === "opaque") {
    const carried = storedTensor(type, dims, { read: () => formatOf(type) }, proto);
    const tensor = small(message, payloads, carried) ?? ofDigits(proto, carried);
    return { name, tensor: tensor ?? carried, stored: tensor?.size ?? 0 };
  }
  const expected = sizeOf(dims) * formatOf(type).bytes;
  const check = (found: number) => {
    if (found === expected) return;
    throw new ModelFormatError(
      `tensor '${name}': shape [${dims}] of ${type} needs ${expected} bytes of data, the model has ${found}.`,
    );
  };
  const payload = payloadOf(message, payloads);
  if (payload && "chunks" in payload) {
    check(payload.length);
    const tensor = asWritten(payload.origin as Tensor, dims, proto);
    return { name, tensor, stored: tensor.size };
  }
  if (payload && isPlain(payload.kind)) {
    const { source, offset, length } = payload.range;
    check(length);
    const tensor = storedTensor(type, dims, { read: (at, into) => source.read(offset + at, into) }, proto);
    return { name, tensor, stored: tensor.size };
  }
  if (!payload) {
    const data = inlineData(message, type);
    check(data.length);
    const tensor = storedTensor(type, dims, new HeldBytes(data), proto);
    return { name, tensor, stored: tensor.size };
  }
  let held: Uint8Array | undefined;
  const bytes = () => {
    if (held) return held;
    const data = decodeVarints(name, payload.kind, readRange(payload.range), type);
    check(data.length);
    return held = data;
  };
  const read = (at: number, into: Uint8Array) => into.set(bytes().subarray(at, at + into.length));
  const tensor = storedTensor(type, dims, { read }, proto);
  return { name, tensor, stored: Math.min(tensor.size, payload.range.length) };
}

/** A tensor of numbers below 8 bits, or of 8-bit floats, where they are raw data, or bytes in int32_data, as many as they must be. */
function small(message: TensorProto, payloads: readonly Payload[], carried: Tensor): Tensor | undefined {
  const { data_type, raw_data, int32_data } = message, wanted = smallLength(data_type, carried.dims);
  const payload = payloadOf(message, payloads);
  if (payload && ("chunks" in payload || payload.kind !== "raw_data" && payload.kind !== "int32_data")) {
    return undefined;
  }
  if (payload?.kind === "int32_data") {
    const bytes = () => decodeVarints(message.name, "int32_data", readRange(payload.range), "uint8");
    return wanted === bytes().length ? smallTensor(data_type, carried, new HeldBytes(bytes())) : undefined;
  }
  const length = payload ? payload.range.length : raw_data.length || int32_data.length;
  if (length !== wanted) return undefined;
  const held = raw_data.length > 0 ? raw_data.slice() : Uint8Array.from(int32_data);
  return smallTensor(data_type, carried, {
    read: (at, into) =>
      payload
        ? payload.range.source.read(payload.range.offset + at, into)
        : into.set(held.subarray(at, at + into.length)),
  });
}

/** Texts of more elements are only carried along. */
const MOST_TEXTS = 1 << 12;

/** A tensor of text that says a number in every element, in digits alone, as one that can be read. */
function ofDigits(proto: Uint8Array, carried: Tensor): Tensor | undefined {
  if (carried.type !== "string" || carried.size > MOST_TEXTS) return undefined;
  const decoder = new TextDecoder(), texts: string[] = [];
  for (const bytes of eachContent(fieldsOf(proto), STRING_DATA)) texts.push(decoder.decode(bytes));
  if (texts.length !== carried.size) return undefined;
  const values = Float64Array.from(texts, Number);
  const isPlain = texts.every((text, at) => /^[+-]?\d+(\.\d+)?$/.test(text) && Math.abs(values[at]) < 2 ** 53);
  const { read, bound } = valueTensor("float64", carried.dims, values);
  return isPlain ? { ...carried, isReadable: true, read, bound } : undefined;
}

/** Bytes that are in memory. */
class HeldBytes implements Bytes {
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  read(offset: number, into: Uint8Array): void {
    into.set(this.#bytes.subarray(offset, offset + into.length));
  }
}

/** The data of a tensor that is not in the message itself. As in ONNX Runtime, raw data goes before any other, the last of it. */
function payloadOf(message: TensorProto, payloads: readonly Payload[]): Payload | undefined {
  const given = message.payload.map((index) => payloads[index]),
    raw = given.findLast(({ kind }) => kind === "raw_data");
  if (raw || given.length === 0) return raw;
  if (message.raw_data.length > 0) return undefined;
  const [first] = given;
  if (given.length > 1 || message[first.kind].length > 0) {
    throw new ModelFormatError(`tensor '${message.name}': its data is given twice, in ${first.kind} and elsewhere.`);
  }
  return first;
}

/** A computed tensor read before it is written, each element rounded as its file will have it. */
function asWritten(tensor: Tensor, dims: readonly number[], proto: Uint8Array): Tensor {
  const stored = storedTensor(tensor.type, dims, { read: (at, into) => encodePart(tensor, at, into) }, proto);
  return { ...stored, bound: () => tensor.bound() * (1 + 2 ** -8) }; // bfloat16, the coarsest, rounds by less than 2⁻⁸
}

function isPlain(kind: PayloadKind): boolean {
  return kind === "raw_data" || kind === "float_data" || kind === "double_data";
}

function inlineData(message: TensorProto, type: NumericType): Uint8Array {
  if (message.raw_data.length > 0) return message.raw_data; // a part of the skeleton
  if (message.float_data.length > 0) return new Uint8Array(Float32Array.from(message.float_data).buffer);
  if (message.double_data.length > 0) return new Uint8Array(Float64Array.from(message.double_data).buffer);
  if (message.int32_data.length > 0) return narrow(message.int32_data, type);
  const wide = message.int64_data.length > 0 ? message.int64_data : message.uint64_data;
  return widen(wide.map((value) => BigInt(value.toString())), type);
}

function decodeVarints(name: string, kind: PayloadKind, bytes: Uint8Array, type: NumericType): Uint8Array {
  try {
    return kind === "int32_data" ? narrow(packedInt32(bytes), type) : widen(packedInt64(bytes), type);
  } catch (error) {
    throw new ModelFormatError(`tensor '${name}': its ${kind} cannot be read (${(error as Error).message}).`);
  }
}

/** int32_data holds each small type's bits: float16 and bfloat16 as unsigned 16-bit numbers. */
function narrow(values: readonly number[], type: NumericType): Uint8Array {
  const bits = new Int32Array(values);
  switch (formatOf(type).bytes) {
    case 1:
      return new Uint8Array(Uint8Array.from(bits).buffer);
    case 2:
      return new Uint8Array(Uint16Array.from(bits).buffer);
    default:
      return new Uint8Array(bits.buffer);
  }
}

/** uint64_data also holds uint32. */
function widen(values: readonly bigint[], type: NumericType): Uint8Array {
  const bits = BigInt64Array.from(values.map((value) => BigInt.asIntN(64, value)));
  if (formatOf(type).bytes === 8) return new Uint8Array(bits.buffer);
  return new Uint8Array(Uint32Array.from(values.map(Number)).buffer);
}

/** Elements of an 8-bit float type by its number, or of 4 bits where they are in range, as they are stored. */
export function packedTensor(code: number, dims: readonly number[], values: Float64Array): Tensor | undefined {
  const bytes = float8Bytes(code, values) ?? halfBytes(code, values);
  if (!bytes) return undefined;
  const proto = concat([...dimFields(dims), varintFieldBytes(2, code), fieldBytes(9, bytes)]);
  return importTensor(proto, []).tensor;
}

/** A tensor of text. */
export function textTensor(dims: readonly number[], texts: readonly string[]): Tensor {
  const encoder = new TextEncoder(), data = texts.map((text) => fieldBytes(6, encoder.encode(text)));
  return importTensor(concat([...dimFields(dims), varintFieldBytes(2, elementCode("string")), ...data]), []).tensor;
}

/** Tensors below this size are written into the skeleton at once. */
const INLINE_BYTES = 64;

/** Writes a tensor as a TensorProto of a skeleton, adding its data to `payloads` where that is to be streamed. */
export function exportTensor(name: string, tensor: Tensor, payloads: Payload[]): Uint8Array {
  const head = [fieldBytes(8, new TextEncoder().encode(name))];
  if (tensor.origin instanceof Uint8Array) {
    return concat([...dimFields(tensor.dims), without(tensor.origin, 1, 8), ...head]);
  }
  const fields = [...dimFields(tensor.dims), varintFieldBytes(2, elementCode(tensor.type)), ...head];
  const length = byteLength(tensor);
  if (length < INLINE_BYTES) {
    const parts: Uint8Array[] = [];
    for (const chunk of encodedChunks(tensor)) parts.push(chunk.slice());
    return concat([...fields, fieldBytes(9, concat(parts))]);
  }
  payloads.push({ kind: "raw_data", length, chunks: () => encodedChunks(tensor), origin: tensor });
  return concat([...fields, varintFieldBytes(PAYLOAD_FIELD, payloads.length - 1)]);
}

function dimFields(dims: readonly number[]): Uint8Array[] {
  return dims.map((dim) => varintFieldBytes(1, dim));
}
