/** The reflection types that protobufjs makes of the ONNX schema. */
import protobuf from "./protobuf.ts";
import { ONNX_PROTO } from "./onnx_proto.ts";

const root = protobuf.parse(ONNX_PROTO, { keepCase: true }).root;

/** The field number of `TensorProto.payload`: 19000 to 19999 is never used by a schema. */
export const PAYLOAD_FIELD = 19999;

/** The fields of a TensorProto that hold element data, and whether their packed form is plain little-endian elements. */
export const PAYLOAD_FIELDS: ReadonlyMap<number, PayloadKind> = new Map([
  [4, "float_data"],
  [5, "int32_data"],
  [7, "int64_data"],
  [9, "raw_data"],
  [10, "double_data"],
  [11, "uint64_data"],
]);

/** Which field of a TensorProto a payload came from. */
export type PayloadKind = "float_data" | "int32_data" | "int64_data" | "raw_data" | "double_data" | "uint64_data";

const types = new Map<string, protobuf.Type>();

/** The reflection type of an ONNX message, such as `NodeProto`. */
export function messageType(name: string): protobuf.Type {
  let type = types.get(name);
  if (!type) types.set(name, type = root.lookupType(`onnx.${name}`).resolveAll() as protobuf.Type);
  return type;
}

const reach = new Map<protobuf.Type, boolean>();

/** Whether a TensorProto can sit somewhere inside a message of this type; `around` are the types that were asked before it. */
function mayHoldTensor(type: protobuf.Type, around?: Set<protobuf.Type>): boolean {
  const known = reach.get(type);
  if (known !== undefined) return known;
  if (type.name === "TensorProto") return true;
  const asked = around ?? new Set();
  if (asked.has(type)) return false;
  asked.add(type);
  const found = type.fieldsArray.some((field) => {
    const inner = field.resolve().resolvedType;
    return inner instanceof protobuf.Type && mayHoldTensor(inner, asked);
  });
  if (found || !around) reach.set(type, found); // a type that holds another of its own is not known before all of it is
  return found;
}

const messages = new Map<protobuf.Type, ReadonlyMap<number, protobuf.Type>>();

/** The message type of a field; undefined for a field that is none, or is in no version of the schema. */
export function messageAt(type: protobuf.Type, fieldNumber: number): protobuf.Type | undefined {
  let inner = messages.get(type);
  if (!inner) {
    const types = type.fieldsArray.map((field) => [field.id, field.resolve().resolvedType] as const);
    inner = new Map(types.filter((entry): entry is [number, protobuf.Type] => entry[1] instanceof protobuf.Type));
    messages.set(type, inner);
  }
  return inner.get(fieldNumber);
}

/** The message type of a field that must be walked to find tensors; undefined for every other field. */
export function tensorPath(type: protobuf.Type, fieldNumber: number): protobuf.Type | undefined {
  const inner = messageAt(type, fieldNumber);
  return inner && mayHoldTensor(inner) ? inner : undefined;
}

/** A decoded message as plain objects: what was set, and every list; 64-bit integers as numbers. */
export function plain(message: unknown): unknown {
  if (Array.isArray(message)) return message.map(plain);
  if (!message || typeof message !== "object" || message instanceof Uint8Array) return message;
  if ("toNumber" in message) return (message as { toNumber(): number }).toNumber();
  return Object.fromEntries(Object.entries(message).map(([name, value]) => [name, plain(value)]));
}
