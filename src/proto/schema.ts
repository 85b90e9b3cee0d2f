/** The message types of the ONNX schema. */
import { type Field, isScalar, MessageType } from "./message.ts";
import { ONNX_PROTO } from "./onnx_proto.ts";

/** The message types of a schema, as far as ONNX's goes: the numbers of enums are int32. */
function parseSchema(text: string): ReadonlyMap<string, MessageType> {
  const types = new Map<string, MessageType>();
  const scopes: { name: string; fields: (() => Field)[]; oneof?: string[] }[] = [{ name: "", fields: [] }];
  const nearest = (scope: string, name: string): MessageType | undefined =>
    scope ? types.get(`${scope}.${name}`) ?? nearest(scope.replace(/\.?[^.]*$/, ""), name) : types.get(name);
  const token = /(message|enum|oneof) (\w+) \{|(repeated )?(\w+) (\w+) = (\d+)( \[packed = true\])?;|\}/g;
  for (const [what, kind, name, repeated, type, field, number, packed] of text.matchAll(token)) {
    const { name: scope, fields, oneof } = scopes.at(-1)!;
    if (what === "}") scopes.pop();
    else if (kind === "enum") scopes.push({ name: scope, fields: [] });
    else if (kind === "oneof") scopes.push({ name: scope, fields, oneof: [] });
    else if (kind === "message") {
      const own: (() => Field)[] = [], path = scope ? `${scope}.${name}` : name;
      types.set(path, new MessageType(path, () => own.map((one) => one())));
      scopes.push({ name: path, fields: own });
    } else {
      oneof?.push(field);
      fields.push(() => ({
        number: Number(number),
        name: field,
        type: isScalar(type) ? type : nearest(scope, type) ?? "int32",
        isList: repeated !== undefined,
        isPacked: packed !== undefined,
        oneof: oneof ?? [],
      }));
    }
  }
  return types;
}

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

const TYPES = parseSchema(ONNX_PROTO);

/** An ONNX message type, such as `NodeProto`. */
export function messageType(name: string): MessageType {
  return TYPES.get(name)!;
}

const reach = new Map<MessageType, boolean>();

/** Whether a TensorProto can sit somewhere inside a message of this type; `around` are the types that were asked before it. */
function mayHoldTensor(type: MessageType, around?: Set<MessageType>): boolean {
  const known = reach.get(type);
  if (known !== undefined) return known;
  if (type.name === "TensorProto") return true;
  const asked = around ?? new Set();
  if (asked.has(type)) return false;
  asked.add(type);
  const found = [...type.fields.values()].some(({ type }) => type instanceof MessageType && mayHoldTensor(type, asked));
  if (found || !around) reach.set(type, found); // a type that holds another of its own is not known before all of it is
  return found;
}

/** The message type of a field; undefined for a field that is none, or is in no version of the schema. */
export function messageAt({ fields }: MessageType, fieldNumber: number): MessageType | undefined {
  const type = fields.get(fieldNumber)?.type;
  return type instanceof MessageType ? type : undefined;
}

/** The message type of a field that must be walked to find tensors; undefined for every other field. */
export function tensorPath(type: MessageType, fieldNumber: number): MessageType | undefined {
  const inner = messageAt(type, fieldNumber);
  return inner && mayHoldTensor(inner) ? inner : undefined;
}

/** A decoded message as plain objects: what was set, and every list; 64-bit integers as numbers. */
export function plain(message: unknown): unknown {
  if (Array.isArray(message)) return message.map(plain);
  if (typeof message === "bigint") return Number(message);
  if (!message || typeof message !== "object" || message instanceof Uint8Array) return message;
  return Object.fromEntries(Object.entries(message).map(([name, value]) => [name, plain(value)]));
}
