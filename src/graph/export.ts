import type { Payload } from "../proto/skeleton.ts";
import { messageType } from "../proto/schema.ts";
import { TEXT } from "../proto/text.ts";
import {
  concat,
  contentsOf,
  fieldBytes,
  fieldParts,
  firstContent,
  splice,
  spliced,
  textField,
  type WireField,
  wireFields,
} from "../proto/wire.ts";
import { tensorAttribute } from "./attribute.ts";
import type { Attribute, Graph, Node, Value } from "./graph.ts";
import { FIELD, type ImportedModel } from "./import.ts";
import { elementCode, exportTensor } from "./tensor_proto.ts";
import { shapeOfFile } from "./unnamed.ts";

/** A skeleton and the data that belongs to it. */
export interface ExportedModel {
  /** The ModelProto without tensor data. */
  readonly skeleton: Uint8Array;
  /** The data: what was stored before, then what is computed. */
  readonly payloads: Payload[];
}

const name = (bytes: Uint8Array | undefined) => TEXT.decode(bytes);

/**
 * Writes changed graphs back into the model they were read from. Only nodes, initializers, value infos and (below IR
 * version 4) inputs are replaced; every other byte is the original's.
 */
export function exportModel(model: ImportedModel): ExportedModel {
  const payloads = [...model.payloads];
  const exporter = new Exporter(payloads, model.irVersion);
  const functions = model.functions.map((body) => fieldBytes(FIELD.model.functions, exporter.function(body)));
  const replacements = new Map([[FIELD.model.graph as number, [
    ...fieldParts(FIELD.model.graph, exporter.graphParts(model.graph)),
  ]]]);
  if (functions.length > 0) replacements.set(FIELD.model.functions, functions);
  return { skeleton: splice(model.wire, replacements), payloads };
}

class Exporter {
  readonly payloads: Payload[];
  readonly irVersion: number;

  constructor(payloads: Payload[], irVersion: number) {
    this.payloads = payloads;
    this.irVersion = irVersion;
  }

  graph(graph: Graph): Uint8Array {
    return concat(this.graphParts(graph));
  }

  graphParts(graph: Graph): Uint8Array[] {
    const F = FIELD.graph;
    const known = storedNames(graph);
    const inputs = new Set(graph.inputs.map((value) => value.name));
    const added = graph.initializers.filter((value) => !known.has(value.name));
    const asNodes = !graph.listsInitializers;
    const nodes = asNodes ? added.map((value) => [this.constant(value)]) : [];
    for (const node of sorted(graph)) nodes.push(this.node(node));
    const replacements = new Map<number, Uint8Array[]>([
      [F.node, nodes.flatMap((parts) => fieldParts(F.node, parts))],
      [F.initializer, [
        ...fieldsWhere(
          graph.wire,
          F.initializer,
          (proto) => graph.values.get(tensorName(proto))?.initializer !== undefined,
        ),
        ...asNodes
          ? []
          : added.map((value) =>
            fieldBytes(F.initializer, exportTensor(value.name, value.initializer!, this.payloads))
          ),
      ]],
      [
        F.sparseInitializer,
        fieldsWhere(graph.wire, F.sparseInitializer, (proto) => graph.values.has(sparseName(proto))),
      ],
      [
        F.valueInfo,
        fieldsWhere(
          graph.wire,
          F.valueInfo,
          (proto) => !graph.hasWrongClaims && graph.values.has(valueInfoName(proto)),
        ),
      ],
      ...graph.hasWrongClaims
        ? [
          [
            F.output,
            contentsOf(graph.wire, F.output).map((proto) =>
              fieldBytes(F.output, outputInfo(graph.find(valueInfoName(proto))) ?? proto)
            ),
          ] as const,
        ]
        : [],
      [F.input, [
        ...fieldsWhere(graph.wire, F.input, (proto) => inputs.has(valueInfoName(proto))),
        ...this.irVersion < 4 && !graph.parent ? added.map((value) => fieldBytes(F.input, valueInfo(value))) : [],
      ]],
    ]);
    return spliced(graph.wire, replacements);
  }

  function(graph: Graph): Uint8Array {
    const F = FIELD.function;
    const constants = graph.initializers.map((value) => this.constant(value));
    const nodes = sorted(graph).map((node) => this.node(node));
    return splice(
      graph.wire,
      new Map([
        [F.node, [...constants.map((node) => [node]), ...nodes].flatMap((parts) => fieldParts(F.node, parts))],
        [
          F.valueInfo,
          contentsOf(graph.wire, F.valueInfo)
            .filter((proto) => !graph.hasWrongClaims && graph.values.has(valueInfoName(proto)))
            .map((proto) => fieldBytes(F.valueInfo, proto)),
        ],
      ]),
    );
  }

  /** An initializer of a body that cannot have one, as a Constant node. */
  private constant(value: Value): Uint8Array {
    const { bytes } = tensorAttribute("value", value.initializer!, exportTensor("", value.initializer!, this.payloads));
    return concat([
      textField(FIELD.node.output, value.name),
      textField(4, "Constant"),
      fieldBytes(FIELD.node.attribute, bytes),
    ]);
  }

  /** The parts of a NodeProto. */
  private node(node: Node): Uint8Array[] {
    const F = FIELD.node;
    const names = (field: number, values: readonly (Value | undefined)[]) =>
      values.map((value) => textField(field, value?.name ?? ""));
    const inner = node.subgraphs.length > 0;
    if (node.proto && !node.isChanged && !inner) return [node.proto];
    const wire = node.proto && wireFields(node.proto);
    const replacements = new Map([[F.input as number, names(F.input, node.inputs)], [
      F.output as number,
      names(F.output, node.outputs),
    ]]);
    const attributes = [...node.attributes.values()].map((attribute) =>
      fieldBytes(F.attribute, this.attribute(attribute))
    );
    if (wire && node.name) replacements.set(3, [textField(3, node.name)]); // a copy may have another
    const hasOwn = wire?.some(({ number }) => number === F.attribute); // or it was given others
    if (inner || !hasOwn) replacements.set(F.attribute, attributes);
    return spliced(wire ?? header(node), replacements);
  }

  private attribute(attribute: Attribute): Uint8Array {
    if (!attribute.graphs) return attribute.bytes;
    const field = attribute.graphs.length === 1 && contentsOf(wireFields(attribute.bytes), FIELD.attribute.graph)[0]
      ? FIELD.attribute.graph
      : FIELD.attribute.graphs;
    const bodies = attribute.graphs.map((graph) => fieldBytes(field, this.graph(graph)));
    return splice(wireFields(attribute.bytes), new Map([[field as number, bodies]]));
  }
}

/** The NodeProto that a node was read from, without its attributes; undefined for a new node. */
export function withoutAttributes({ proto }: Node): Uint8Array | undefined {
  return proto && splice(wireFields(proto), new Map([[FIELD.node.attribute, []]]));
}

/** The fields of a new node, inputs, outputs and attributes left to the splice. */
function header(node: Node): WireField[] {
  const fields = [fieldBytes(1, new Uint8Array()), fieldBytes(2, new Uint8Array())];
  if (node.name) fields.push(textField(3, node.name));
  fields.push(textField(4, node.opType));
  if (node.domain) fields.push(textField(7, node.domain));
  return wireFields(concat(fields));
}

/** Names of the initializers that the file has. */
function storedNames({ wire }: Graph): Set<string> {
  const names = new Set<string>();
  for (const proto of contentsOf(wire, FIELD.graph.initializer)) names.add(tensorName(proto));
  for (const proto of contentsOf(wire, FIELD.graph.sparseInitializer)) names.add(sparseName(proto));
  return names;
}

/** The fields with a number whose content is wanted, as they are. */
function fieldsWhere(
  wire: Iterable<WireField>,
  number: number,
  isWanted: (proto: Uint8Array) => boolean,
): Uint8Array[] {
  const parts: Uint8Array[] = [];
  for (const field of wire) {
    if (field.number === number && field.content && isWanted(field.content)) parts.push(field.bytes);
  }
  return parts;
}

function tensorName(proto: Uint8Array): string {
  return name(firstContent(proto, 8));
}

function sparseName(proto: Uint8Array): string {
  return tensorName(firstContent(proto, 1)!);
}

function valueInfoName(proto: Uint8Array): string {
  return name(firstContent(proto, 1));
}

/** An output as it is known to be; undefined where nothing speaks against what the file says of it. */
function outputInfo(value: Value | undefined): Uint8Array | undefined {
  const { name, type: element, shape, claim } = value ?? {};
  if (claim || !element || element === "opaque") return undefined;
  const type = messageType("ValueInfoProto");
  const dim = shapeOfFile(shape)?.map((size) =>
    typeof size === "number" ? { dim_value: size } : size === null ? {} : { dim_param: size }
  );
  return type.encode({
    name,
    type: { tensor_type: { elem_type: elementCode(element), ...dim && { shape: { dim } } } },
  }).finish();
}

function valueInfo(value: Value): Uint8Array {
  const type = messageType("ValueInfoProto");
  const { type: element, dims } = value.initializer!;
  return type.encode({
    name: value.name,
    type: { tensor_type: { elem_type: elementCode(element), shape: { dim: dims.map((dim) => ({ dim_value: dim })) } } },
  }).finish();
}

/**
 * The nodes that are left, each after those it takes values from, otherwise in the order of the file (so an unchanged
 * graph keeps its order). Values captured by subgraphs count.
 */
export function sorted(graph: Graph): Node[] {
  const nodes = graph.nodes.toSorted((a, b) => a.order - b.order);
  if (isInOrder(nodes, graph)) return nodes;
  const done = new Set<Node>(), entered = new Set<Node>(), out: Node[] = [];
  for (const root of nodes) {
    const stack = [root];
    while (stack.length > 0) {
      const node = stack[stack.length - 1];
      const open = entered.has(node) ? [] : producers(node, graph).filter((producer) => !entered.has(producer));
      entered.add(node);
      if (open.length > 0) { for (const producer of open.reverse()) stack.push(producer); }
      else {
        stack.pop();
        if (!done.has(node)) out.push(node);
        done.add(node);
      }
    }
  }
  return out;
}

/** Whether each node comes after those it takes values from, as in most files. */
export function isInOrder(nodes: readonly Node[], graph: Graph): boolean {
  const done = new Set<Node>();
  for (const node of nodes) {
    for (const value of node.inputs) {
      const producer = value?.producer;
      if (producer?.graph === graph && !done.has(producer)) return false;
    }
    if (node.subgraphs.length > 0) {
      for (const producer of producersWithin(node, graph)) if (!done.has(producer)) return false;
    }
    done.add(node);
  }
  return true;
}

function* producersWithin(node: Node, graph: Graph): Generator<Node> {
  for (const value of node.inputs) {
    const producer = value?.producer;
    if (producer?.graph === graph) yield producer;
  }
  for (const inner of node.subgraphs) {
    for (const nested of inner.nodes) yield* producersWithin(nested, graph);
    for (const value of inner.outputs) if (value.producer?.graph === graph) yield value.producer;
  }
}

function producers(node: Node, graph: Graph): Node[] {
  return [...new Set(producersWithin(node, graph))];
}
