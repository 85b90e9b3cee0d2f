import { readAttribute } from "../proto/attribute.ts";
import { TEXT } from "../proto/text.ts";
import { concat, contentsOf, fieldBytes, splice, varintFieldBytes, type WireField, wireFields } from "../proto/wire.ts";
import { CALL_FIELD, domainNamed, functionBodies, type FunctionBody, keyOfCall, textOf } from "./function_body.ts";
import { FIELD, type ImportedModel } from "./import.ts";
import { identityNode, mapped, renamedNode } from "./renamed.ts";

/** A call of a model-local function. */
export interface Call {
  /** What its nodes are named by, with a slash behind: unlike that of any other call. */
  readonly name: string;
  /** The function. */
  readonly function: string;
  /** Its first output. */
  readonly result: string;
}

/** What is known of operators. */
export interface KnownOperators {
  /** Whether a runtime has an operator of its own, so that it does not look at a function of that name. */
  isOperator(domain: string, opType: string): boolean;
  /** Whether an operator of ai.onnx that was written for one operator set means the same in another. */
  meansSame(opType: string, written: number, other: number): boolean;
}

/** A model in which calls are the nodes of their functions. */
export interface Inlined {
  /** The ModelProto. */
  readonly skeleton: Uint8Array;
  /** The calls that are gone, outer ones first. */
  readonly calls: readonly Call[];
  /** Calls that stay although they were asked for, with the reason; one per function and reason. */
  readonly refused: readonly (Call & { readonly reason: string })[];
}

/**
 * Bytes of nodes that inlining makes at most, beside four times those of the model without its weights, and how deep functions may
 * call functions: a few of them could make any number.
 */
const MOST_BYTES = 1 << 20, DEEPEST = 64;

const encoder = new TextEncoder();

/**
 * Puts the nodes of model-local functions in place of their calls: all of them, or those in `only`. Functions that nothing
 * calls any more go.
 */
export function inlineCalls(
  model: ImportedModel,
  operators: KnownOperators,
  only?: ReadonlySet<string>,
): Inlined {
  const inliner = new Inliner(model, operators, only), { wire } = model, { graph, functions } = FIELD.model;
  const [main] = contentsOf(wire, graph), before = inliner.reached(contentsOf(wireFields(main), FIELD.graph.node));
  const inlined = inliner.graph(main), { calls } = inliner, refused = [...inliner.refused.values()];
  if (calls.length === 0) return { skeleton: concat(wire.map(({ bytes }) => bytes)), calls, refused };
  const after = inliner.reached(contentsOf(wireFields(inlined), FIELD.graph.node));
  const isLeft = ({ number, content }: WireField) => {
    const key = number === functions && keyOfFunction(content!);
    return !key || after.has(key) || !before.has(key);
  };
  const skeleton = splice(wire.filter(isLeft), new Map([[graph as number, [fieldBytes(graph, inlined)]]]));
  return { skeleton: concat([skeleton, ...inliner.imports]), calls, refused };
}

function keyOfFunction(proto: Uint8Array): string {
  const fields = wireFields(proto), { domain, name, overload } = CALL_FIELD.function;
  return [domainNamed(textOf(fields, domain)), textOf(fields, name), textOf(fields, overload)].join("\n");
}

/** Where calls are inlined. */
interface Place {
  /** What names begin with there. */
  readonly prefix: string;
  /** Calls of the body they are in, by name. */
  readonly counts: Map<string, number>;
  /** The functions around them. */
  readonly outer: readonly FunctionBody[];
}

class Inliner {
  readonly calls: Call[] = [];
  readonly refused = new Map<string, Call & { reason: string }>();
  /** Operator sets that the model gets. */
  readonly imports: Uint8Array[] = [];
  readonly #bodies: ReadonlyMap<string, FunctionBody>;
  readonly #opsets: Map<string, number>;
  readonly #most: number;
  #bytes = 0;

  readonly model: ImportedModel;
  readonly operators: KnownOperators;
  readonly only?: ReadonlySet<string>;

  constructor(model: ImportedModel, operators: KnownOperators, only?: ReadonlySet<string>) {
    this.model = model;
    this.operators = operators;
    this.only = only;
    this.#bodies = functionBodies(model);
    this.#most = MOST_BYTES + 4 * model.wire.reduce((sum, { bytes }) => sum + bytes.length, 0);
    this.#opsets = new Map(model.graph.opsets);
  }

  graph(proto: Uint8Array): Uint8Array {
    return this.#graph(proto, { prefix: "", counts: new Map(), outer: [] });
  }

  /** Keys of the functions that nodes call, directly or not. */
  reached(nodes: readonly Uint8Array[]): Set<string> {
    const keys = new Set<string>(), waiting = [nodes];
    for (let next = waiting.pop(); next; next = waiting.pop()) {
      for (const fields of flattened(next)) {
        const body = this.#called(fields);
        if (!body || keys.has(body.key)) continue;
        keys.add(body.key);
        waiting.push(body.nodes);
      }
    }
    return keys;
  }

  #called(fields: readonly WireField[]): FunctionBody | undefined {
    const { domain, opType } = CALL_FIELD.node, body = this.#bodies.get(keyOfCall(fields));
    return body && !this.operators.isOperator(domainNamed(textOf(fields, domain)), textOf(fields, opType))
      ? body
      : undefined;
  }

  #graph(proto: Uint8Array, place: Place): Uint8Array {
    const fields = wireFields(proto), { node } = FIELD.graph;
    const nodes = this.#nodes(contentsOf(fields, node), place);
    return splice(fields, new Map([[node as number, nodes.map((bytes) => fieldBytes(node, bytes))]]));
  }

  /** Nodes with the calls among them inlined. */
  #nodes(nodes: readonly Uint8Array[], place: Place): Uint8Array[] {
    return nodes.flatMap((proto) => {
      const fields = wireFields(proto), body = this.#called(fields);
      if (body) return this.#call(proto, body, place);
      const { attribute } = FIELD.node, { graph, graphs } = FIELD.attribute;
      if (!contentsOf(fields, attribute).some((one) => subgraphs(one).length > 0)) return [proto];
      const inner = (bytes: Uint8Array) => this.#graph(bytes, place);
      return [mapped(proto, attribute, (one) => mapped(mapped(one, graph, inner), graphs, inner))];
    });
  }

  #call(proto: Uint8Array, body: FunctionBody, { prefix, counts, outer }: Place): Uint8Array[] {
    const fields = wireFields(proto);
    const names = (number: number) => contentsOf(fields, number).map((name) => TEXT.decode(name));
    const outputs = names(FIELD.node.output), own = textOf(fields, CALL_FIELD.node.name);
    const base = own || prefix + textOf(fields, CALL_FIELD.node.opType), count = (counts.get(base) ?? 0) + 1;
    counts.set(base, count);
    const name = count > 1 ? `${base}_${count}` : base;
    const call: Call = { name, function: body.label, result: outputs.find((output) => output) ?? "" };
    if (this.only && !this.only.has(name)) return [proto];
    const size = body.nodes.reduce((sum, node) => sum + node.length + 8 * name.length, 0);
    const reason = this.#whyNot(body, outer, size);
    if (reason) {
      const key = `${body.label}\n${reason}`;
      if (!this.refused.has(key)) this.refused.set(key, { ...call, reason });
      return [proto];
    }
    this.calls.push(call);
    this.#bytes += size;
    const inside: Place = { prefix: `${name}/`, counts: new Map(), outer: [...outer, body] };
    return this.#nodes(this.#renamed(body, name, fields, outputs), inside);
  }

  #whyNot(body: FunctionBody, outer: readonly FunctionBody[], size: number): string | undefined {
    if (outer.includes(body)) return "it calls itself";
    if (outer.length >= DEEPEST) return `functions call one another deeper than ${DEEPEST}`;
    if (this.#bytes + size > this.#most) {
      return `the nodes would take more than ${(this.#most / 2 ** 20).toFixed(1)} MiB`;
    }
    for (const fields of flattened(body.nodes)) {
      const domain = domainNamed(textOf(fields, CALL_FIELD.node.domain)), own = body.opsets.get(domain);
      const known = this.#opsets.get(domain);
      if (own === undefined || known === undefined || known === own || this.#called(fields)) continue;
      const opType = textOf(fields, CALL_FIELD.node.opType);
      if (domain === "" && this.operators.meansSame(opType, own, known)) continue;
      return `it takes version ${own} of the operators of '${
        domain || "ai.onnx"
      }', the model version ${known}, where ${opType} ` +
        "may mean something else";
    }
  }

  /** The nodes of a body as they are at a call. */
  #renamed(body: FunctionBody, name: string, fields: readonly WireField[], outputs: readonly string[]): Uint8Array[] {
    const given = contentsOf(fields, FIELD.node.input).map((input) => TEXT.decode(input)), graph = this.model.graph;
    const attributes = new Map(
      contentsOf(fields, FIELD.node.attribute).map((one) => [textOf(wireFields(one), CALL_FIELD.attribute.name), one]),
    );
    const renames = new Map(body.inputs.map((input, index) => [input, given[index] ?? ""]));
    const passed: [string, string][] = []; // an input that is an output, and an output that is one twice
    body.outputs.forEach((output, index) => {
      if (!outputs[index]) return;
      if (renames.has(output)) passed.push([renames.get(output)!, outputs[index]]);
      else renames.set(output, outputs[index]);
    });
    for (const [domain, version] of body.opsets) this.#import(domain, version);
    const scope = {
      fresh: (inner: string) => graph.freshName(`${name}/${inner}`),
      named: (inner: string) => {
        if (!renames.has(inner)) renames.set(inner, scope.fresh(inner));
        return renames.get(inner)!;
      },
      attribute: (reference: string) => attributes.get(reference) ?? body.defaults.get(reference),
    };
    return [
      ...body.nodes.map((node) => renamedNode(node, scope)),
      ...passed.map(([from, to]) => identityNode(from, to, scope.fresh("Identity"))),
    ];
  }

  #import(domain: string, version: number): void {
    if (this.#opsets.has(domain)) return;
    this.#opsets.set(domain, version);
    const content = concat([fieldBytes(1, encoder.encode(domain)), varintFieldBytes(2, version)]);
    this.imports.push(fieldBytes(FIELD.model.opsetImport, content));
  }
}

/** The fields of nodes and of those in their subgraphs. */
function* flattened(nodes: readonly Uint8Array[]): Generator<WireField[]> {
  for (const node of nodes) {
    const fields = wireFields(node);
    yield fields;
    const graphs = contentsOf(fields, FIELD.node.attribute).flatMap(subgraphs);
    for (const graph of graphs) yield* flattened(contentsOf(wireFields(graph), FIELD.graph.node));
  }
}

function subgraphs(attribute: Uint8Array): readonly Uint8Array[] {
  return readAttribute(attribute).graphs;
}
