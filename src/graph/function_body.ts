import { TEXT } from "../proto/text.ts";
import { contentsOf, type WireField, wireFields } from "../proto/wire.ts";
import { FIELD, type ImportedModel } from "./import.ts";

/** Field numbers of a FunctionProto, a NodeProto and an AttributeProto that inlining reads beside {@link FIELD}. */
export const CALL_FIELD = {
  function: { name: 1, opsetImport: 9, domain: 10, attributeDefault: 11, overload: 13 },
  node: { name: 3, opType: 4, domain: 7, overload: 8 },
  attribute: { name: 1, reference: 21 },
} as const;

/** A model-local function as the file has it. */
export interface FunctionBody {
  /** What a call of it names: domain, name and overload. */
  readonly key: string;
  /** Name, with the domain in front: `pkg.Linear`. */
  readonly label: string;
  /** Names of its inputs. */
  readonly inputs: readonly string[];
  /** Names of its outputs. */
  readonly outputs: readonly string[];
  /** NodeProtos. */
  readonly nodes: readonly Uint8Array[];
  /** AttributeProtos that stand for attributes a call leaves out, by name. */
  readonly defaults: ReadonlyMap<string, Uint8Array>;
  /** Versions of the operator sets that its nodes come from. */
  readonly opsets: ReadonlyMap<string, number>;
}

/** The text of the first field with this number; empty where there is none. */
export function textOf(fields: readonly WireField[], number: number): string {
  const [content] = contentsOf(fields, number);
  return content ? TEXT.decode(content) : "";
}

/** What a node calls, if it is a call: to be looked up among functions. */
export function keyOfCall(fields: readonly WireField[]): string {
  const { domain, opType, overload } = CALL_FIELD.node;
  return keyOf(textOf(fields, domain), textOf(fields, opType), textOf(fields, overload));
}

/** The default domain has two names. */
export function domainNamed(domain: string): string {
  return domain === "ai.onnx" ? "" : domain;
}

/** The functions of a model that a call reaches: of two with one key the first. */
export function functionBodies({ wire, functions }: ImportedModel): Map<string, FunctionBody> {
  const bodies = new Map<string, FunctionBody>(), F = CALL_FIELD.function;
  contentsOf(wire, FIELD.model.functions).forEach((bytes, index) => {
    const fields = wireFields(bytes), names = (number: number) => contentsOf(fields, number).map(text);
    const name = textOf(fields, F.name), domain = domainNamed(textOf(fields, F.domain));
    const body: FunctionBody = {
      key: keyOf(domain, name, textOf(fields, F.overload)),
      label: domain ? `${domain}.${name}` : name,
      inputs: names(FIELD.function.input),
      outputs: names(FIELD.function.output),
      nodes: contentsOf(fields, FIELD.function.node),
      defaults: new Map(
        contentsOf(fields, F.attributeDefault).map((
          proto,
        ) => [textOf(wireFields(proto), CALL_FIELD.attribute.name), proto]),
      ),
      opsets: functions[index].opsets,
    };
    if (!bodies.has(body.key)) bodies.set(body.key, body);
  });
  return bodies;
}

function keyOf(domain: string, name: string, overload: string): string {
  return [domainNamed(domain), name, overload].join("\n");
}

function text(content: Uint8Array): string {
  return TEXT.decode(content);
}
