import { messageType } from "../proto/schema.ts";
import { concat, fieldBytes, varintFieldBytes } from "../proto/wire.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { Attribute, Node } from "./graph.ts";
import { elementCode, importTensor } from "./tensor_proto.ts";

/** AttributeProto.AttributeType by the JavaScript value. */
const FLOAT = 1, INT = 2, STRING = 3, FLOATS = 6, INTS = 7;

/** A new attribute: whole numbers become INT or INTS, text STRING. For FLOAT and FLOATS: {@link floatAttribute}. */
export function newAttribute(name: string, value: number | string | readonly number[]): Attribute {
  return new NewAttribute(name, value);
}

/** An attribute that is encoded when its bytes are asked for: most new nodes are replaced before they are written. */
class NewAttribute implements Attribute {
  readonly name: string;
  readonly value: number | string | readonly number[];

  constructor(name: string, value: number | string | readonly number[]) {
    this.name = name;
    this.value = value;
  }

  get bytes(): Uint8Array {
    const { name, value } = this;
    const fields = typeof value === "string"
      ? { type: STRING, s: new TextEncoder().encode(value) }
      : typeof value === "number"
      ? { type: INT, i: value }
      : { type: INTS, ints: value };
    return messageType("AttributeProto").encode({ name, ...fields }).finish();
  }
}

/** A new FLOAT or FLOATS attribute; its value is rounded to float32, as it is stored. */
export function floatAttribute(name: string, value: number | readonly number[]): Attribute {
  const type = messageType("AttributeProto");
  if (typeof value === "number") {
    const f = Math.fround(value);
    return { name, value: f, bytes: type.encode({ name, type: FLOAT, f }).finish() };
  }
  const floats = value.map(Math.fround);
  return { name, value: floats, bytes: type.encode({ name, type: FLOATS, floats }).finish() };
}

/** The attributes of a node with some changed or new ones (a FLOAT as an attribute); one that is undefined is left out. */
export function changedAttributes(
  { attributes }: Node,
  changes: Readonly<Record<string, number | string | readonly number[] | Attribute | undefined>>,
): Attribute[] {
  const others = [...attributes.values()].filter(({ name }) => !Object.hasOwn(changes, name));
  const changed = Object.entries(changes).flatMap(([name, value]) =>
    value === undefined ? [] : isAttribute(value) ? value : newAttribute(name, value)
  );
  return [...others, ...changed];
}

function isAttribute(value: number | string | readonly number[] | Attribute): value is Attribute {
  return typeof value === "object" && "bytes" in value;
}

/** The `value` attribute of a Constant node. */
export function tensorAttribute(name: string, tensor: Tensor, tensorProto: Uint8Array): Attribute {
  const type = messageType("AttributeProto");
  const head = type.encode({ name, type: 4 }).finish();
  const field = fieldBytes(5, tensorProto);
  const bytes = new Uint8Array(head.length + field.length);
  bytes.set(head);
  bytes.set(field, head.length);
  return { name, bytes, tensor };
}

/** An INT or INTS attribute as an int64 tensor, exact beyond 2^53 too. */
export function integerTensor({ bytes, value }: Attribute): Tensor {
  const type = messageType("AttributeProto"), given = Array.isArray(value) ? value as number[] : [value as number];
  const exact = () => {
    const { i, ints } = type.decode(bytes) as unknown as { i: unknown; ints: unknown[] };
    return BigInt64Array.from(Array.isArray(value) ? ints : [i], (number) => BigInt(String(number)));
  };
  const numbers = given.every(Number.isSafeInteger) ? BigInt64Array.from(given, BigInt) : exact();
  const raw = new Uint8Array(numbers.buffer), dims = Array.isArray(value) ? [varintFieldBytes(1, numbers.length)] : [];
  return importTensor(concat([...dims, varintFieldBytes(2, elementCode("int64")), fieldBytes(9, raw)]), []).tensor;
}
