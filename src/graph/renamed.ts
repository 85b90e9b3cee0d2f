import { TEXT } from "../proto/text.ts";
import { concat, contentsOf, fieldBytes, type WireField, wireFields } from "../proto/wire.ts";
import { CALL_FIELD, textOf } from "./function_body.ts";
import { FIELD } from "./import.ts";

const encoder = new TextEncoder();

/** What names mean where the nodes of a function's body go. */
export interface Scope {
  /** The new name of a name of the body. */
  named(name: string): string;
  /** A name that is new in the whole model. */
  fresh(name: string): string;
  /** The AttributeProto that a reference to an attribute of the function stands for; undefined where the call has none. */
  attribute(reference: string): Uint8Array | undefined;
}

/** A node of a body under its names outside; its own name tells where it comes from. */
export function renamedNode(proto: Uint8Array, scope: Scope): Uint8Array {
  const fields = wireFields(proto), { input, output, attribute } = FIELD.node, { name, opType } = CALL_FIELD.node;
  const own = fieldBytes(name, encoder.encode(scope.fresh(textOf(fields, name) || textOf(fields, opType))));
  return concat([
    ...fields.flatMap((field) => {
      const { number, content, bytes } = field;
      if (number === name) return [];
      if (number === input || number === output) return [fieldBytes(number, renamed(content!, scope))];
      if (number !== attribute) return [bytes];
      const given = renamedAttribute(content!, scope);
      return given ? [fieldBytes(number, given)] : [];
    }),
    own,
  ]);
}

function renamedAttribute(proto: Uint8Array, scope: Scope): Uint8Array | undefined {
  const fields = wireFields(proto), { graph, graphs } = FIELD.attribute, { name, reference } = CALL_FIELD.attribute;
  const referred = textOf(fields, reference);
  if (referred) {
    const given = scope.attribute(referred), own = contentsOf(fields, name);
    return given && concat([...own.map((bytes) => fieldBytes(name, bytes)), ...without(wireFields(given), name)]);
  }
  return concat(
    fields.map(({ number, content, bytes }) =>
      (number === graph || number === graphs) && content ? fieldBytes(number, renamedGraph(content, scope)) : bytes
    ),
  );
}

function without(fields: readonly WireField[], number: number): Uint8Array[] {
  return fields.filter((field) => field.number !== number).map(({ bytes }) => bytes);
}

/** A subgraph: what it makes itself gets new names, what it takes from around it those of the scope. */
function renamedGraph(proto: Uint8Array, outer: Scope): Uint8Array {
  const F = FIELD.graph, fields = wireFields(proto), own = new Map<string, string>();
  const declare = (name: string) => name && own.set(name, outer.fresh(name));
  for (const { number, content } of fields) {
    if (number === F.input) declare(textOf(wireFields(content!), NAME));
    if (number === F.initializer) declare(textOf(wireFields(content!), TENSOR_NAME));
    if (number === F.sparseInitializer) declare(sparseName(content!));
    if (number === F.node) {
      contentsOf(wireFields(content!), FIELD.node.output).forEach((name) => declare(TEXT.decode(name)));
    }
  }
  const scope: Scope = { ...outer, named: (name) => own.get(name) ?? outer.named(name) };
  return concat(fields.map(({ number, content, bytes }) => {
    if (!content) return bytes;
    if (number === F.node) return fieldBytes(number, renamedNode(content, scope));
    if (number === F.initializer) return fieldBytes(number, withName(content, TENSOR_NAME, scope));
    if (number === F.sparseInitializer) {
      return fieldBytes(number, mapped(content, 1, (values) => withName(values, TENSOR_NAME, scope)));
    }
    return number === F.input || number === F.output || number === F.valueInfo
      ? fieldBytes(number, withName(content, NAME, scope))
      : bytes;
  }));
}

/** Field numbers of names in a ValueInfoProto and a TensorProto. */
const NAME = 1, TENSOR_NAME = 8;

function sparseName(proto: Uint8Array): string {
  const [values] = contentsOf(wireFields(proto), 1);
  return values ? textOf(wireFields(values), TENSOR_NAME) : "";
}

function withName(proto: Uint8Array, number: number, scope: Scope): Uint8Array {
  return mapped(proto, number, (name) => renamed(name, scope));
}

function renamed(name: Uint8Array, scope: Scope): Uint8Array {
  return name.length > 0 ? encoder.encode(scope.named(TEXT.decode(name))) : name;
}

/** A message with the content of every field of one number mapped. */
export function mapped(proto: Uint8Array, number: number, map: (content: Uint8Array) => Uint8Array): Uint8Array {
  return concat(
    wireFields(proto).map((field) =>
      field.number === number && field.content ? fieldBytes(number, map(field.content)) : field.bytes
    ),
  );
}

/** An Identity node from one value to another. */
export function identityNode(from: string, to: string, name: string): Uint8Array {
  const { input, output } = FIELD.node, { name: named, opType } = CALL_FIELD.node;
  const parts: [number, string][] = [[input, from], [output, to], [named, name], [opType, "Identity"]];
  return concat(parts.map(([number, text]) => fieldBytes(number, encoder.encode(text))));
}
