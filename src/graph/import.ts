import { ModelFormatError } from "../io/errors.ts";
import { readAttribute } from "../proto/attribute.ts";
import { type NodeContent, readNode } from "../proto/node.ts";
import { messageType, plain } from "../proto/schema.ts";
import type { Payload } from "../proto/skeleton.ts";
import { NAME, TEXT } from "../proto/text.ts";
import { readValueInfo, type ValueInfoContent } from "../proto/value_info.ts";
import { concat, contentsOf, eachContent, fieldsOf, type WireField, wireFields } from "../proto/wire.ts";
import { type Attribute, Graph, type ModelFacts, Node, Value } from "./graph.ts";
import { importSparse } from "./sparse.ts";
import { elementType, type ImportedTensor, importTensor } from "./tensor_proto.ts";
import { unnamedDim } from "./unnamed.ts";

/** A whole model as graphs. */
export interface ImportedModel {
  /** The main graph. */
  readonly graph: Graph;
  /** Bodies of model-local functions. */
  readonly functions: readonly Graph[];
  /** Fields of the ModelProto. */
  readonly wire: readonly WireField[];
  /** Data of stored tensors, to which export adds new ones. */
  readonly payloads: readonly Payload[];
  /** IR version. */
  readonly irVersion: number;
  /** Names that several nodes of a graph had; all but the first have others now. */
  readonly sharedNames?: ReadonlySet<string>;
}

/** Field numbers of the messages read here. */
export const FIELD = {
  model: { irVersion: 1, graph: 7, opsetImport: 8, functions: 25 },
  graph: { node: 1, initializer: 5, input: 11, output: 12, valueInfo: 13, sparseInitializer: 15 },
  function: { node: 7, input: 4, output: 5, valueInfo: 12 },
  node: { input: 1, output: 2, name: 3, opType: 4, attribute: 5, domain: 7 },
  attribute: { graph: 6, graphs: 11 },
} as const;

/** Reads the graphs of a model from its skeleton. Throws {@link ModelFormatError} where it is not ONNX. */
export function importModel(skeleton: Uint8Array, payloads: readonly Payload[], source: string): ImportedModel {
  const wire = decoded(source, "ModelProto", () => wireFields(skeleton));
  const [body, other] = contentsOf(wire, FIELD.model.graph);
  if (!body) {
    throw new ModelFormatError(`${source}: not an ONNX model: it has no graph. Expected a ModelProto (an .onnx file).`);
  }
  if (other) throw twice(source, "its graph");
  const head = decoded(source, "ModelProto", () => {
    const type = messageType("ModelProto");
    const read: number[] = [FIELD.model.irVersion, FIELD.model.opsetImport]; // a doc string may be as large as the weights
    const rest = wire.filter(({ number }) => read.includes(number));
    return plain(type.decode(join(rest))) as {
      ir_version?: number;
      opset_import: { domain?: string; version?: number }[];
    };
  });
  const facts: ModelFacts = {
    irVersion: head.ir_version ?? 0,
    names: new Set(),
    numbered: new Map(),
    mutableWeights: wire.some(({ number }) => number === 20) ? "the model carries training info" : undefined,
    storedElements: 0,
    constantWork: 0,
    constantElements: 0,
  };
  const importer = new Importer(facts, payloads, source);
  const graph = importer.graph(body, new Graph(facts, opsets(head.opset_import)));
  const functions = contentsOf(wire, FIELD.model.functions).map((bytes) => importer.function(bytes));
  return { graph, functions, wire, payloads, irVersion: facts.irVersion, sharedNames: importer.sharedNames };
}

function opsets(imports: readonly { domain?: string; version?: number }[]): Map<string, number> {
  return new Map(imports.map(({ domain, version }) => [domainOf(domain), version ?? 0]));
}

function domainOf(domain: string | undefined): string {
  return domain === undefined || domain === "ai.onnx" ? "" : domain;
}

function decoded<T>(source: string, what: string, decode: () => T): T {
  try {
    return decode();
  } catch (error) {
    throw unread(source, what, error);
  }
}

function unread(source: string, what: string, error: unknown): ModelFormatError {
  if (error instanceof ModelFormatError) return error;
  return new ModelFormatError(
    `${source}: not an ONNX model: a ${what} cannot be read (${(error as Error).message}).`,
  );
}

/** That something is there twice which the runtime reads now as the first and now as the last, or as one made of both. */
function twice(source: string, what: string): ModelFormatError {
  return new ModelFormatError(`${source}: not a valid ONNX model: ${what} is there twice; it must be there once.`);
}

/** The fields as one message again. */
function join(fields: readonly WireField[]): Uint8Array {
  return concat(fields.map(({ bytes }) => bytes));
}

class Importer {
  readonly facts: ModelFacts;
  readonly payloads: readonly Payload[];
  readonly source: string;
  readonly sharedNames = new Set<string>();
  private readonly texts = new Map<string, string>();

  constructor(
    facts: ModelFacts,
    payloads: readonly Payload[],
    source: string,
  ) {
    this.facts = facts;
    this.payloads = payloads;
    this.source = source;
  }

  graph(bytes: Uint8Array, graph: Graph): Graph {
    const wire = fieldsOf(bytes);
    graph.wire = wire;
    for (const proto of eachContent(wire, FIELD.graph.input)) {
      const value = this.valueInfo(graph, proto, { isInput: true });
      value.isInput = true;
      value.shape = value.shape?.map((dim, axis) => dim ?? unnamedDim(value.name, axis));
      graph.inputs.push(value);
    }
    for (const proto of eachContent(wire, FIELD.graph.initializer)) {
      this.initializer(graph, decoded(this.source, "TensorProto", () => importTensor(proto, this.payloads)));
    }
    for (const proto of contentsOf(wire, FIELD.graph.sparseInitializer)) {
      this.initializer(graph, decoded(this.source, "SparseTensorProto", () => importSparse(proto, this.payloads)));
    }
    const nodes = this.nodeContents(graph, eachContent(wire, FIELD.graph.node));
    for (const proto of eachContent(wire, FIELD.graph.valueInfo)) this.valueInfo(graph, proto, { onlyKnown: true });
    this.nodes(graph, nodes);
    for (const proto of eachContent(wire, FIELD.graph.output)) {
      const { name } = this.infoOf(proto);
      const own = graph.values.get(name) ?? graph.find(name);
      if (own) this.valueInfo(own.graph, proto);
      this.output(graph, own ?? graph.value(name));
    }
    return graph;
  }

  function(bytes: Uint8Array): Graph {
    const wire = fieldsOf(bytes);
    const type = messageType("FunctionProto");
    const rest = [...wire].filter(({ number }) => number === 9 || number === 10);
    const head = decoded(
      this.source,
      "FunctionProto",
      () =>
        plain(type.decode(join(rest))) as {
          opset_import: { domain?: string; version?: number }[];
        },
    );
    const graph = new Graph(this.facts, opsets(head.opset_import), { isFunction: true });
    graph.wire = wire;
    for (const name of this.names(contentsOf(wire, FIELD.function.input))) {
      const value = graph.value(name);
      value.isInput = true;
      graph.inputs.push(value);
    }
    const nodes = this.nodeContents(graph, eachContent(wire, FIELD.function.node));
    for (const proto of contentsOf(wire, FIELD.function.valueInfo)) this.valueInfo(graph, proto, { onlyKnown: true });
    this.nodes(graph, nodes);
    for (const name of this.names(contentsOf(wire, FIELD.function.output))) this.output(graph, graph.value(name));
    return graph;
  }

  private output(graph: Graph, value: Value): void {
    value.outputCount++;
    graph.outputs.push(value);
  }

  private initializer(graph: Graph, { name, tensor, stored }: ImportedTensor): void {
    const value = graph.value(name);
    if (value.initializer) throw twice(this.source, `initializer '${name}'`);
    value.initializer = tensor;
    value.type = tensor.type;
    value.shape = tensor.dims;
    this.facts.storedElements += stored;
  }

  private names(texts: readonly Uint8Array[]): string[] {
    return decoded(this.source, "name", () => texts.map((bytes) => NAME.decode(bytes)));
  }

  private readonly nameOf = (bytes: Uint8Array): string => {
    try {
      return NAME.decode(bytes);
    } catch (error) {
      throw unread(this.source, "name", error);
    }
  };

  private readonly infoOf = (proto: Uint8Array): ValueInfoContent => {
    try {
      return readValueInfo(proto);
    } catch (error) {
      throw unread(this.source, "ValueInfoProto", error);
    }
  };

  private valueInfo(graph: Graph, proto: Uint8Array, { onlyKnown = false, isInput = false } = {}): Value {
    const { name, elementType: code, dims: shape } = this.infoOf(proto);
    if (onlyKnown && !graph.values.has(name)) return new Value(graph, name);
    const value = graph.value(name), type = code ? elementType(code) : undefined;
    if (!isInput) value.claim = { type: value.claim?.type ?? type, shape: value.claim?.shape ?? shape };
    else {
      value.type ??= type;
      value.shape ??= shape;
    }
    return value;
  }

  /** Reads nodes, and makes all their outputs: a name captured from an outer graph is so told from one of this graph. */
  private nodeContents(graph: Graph, protos: Iterable<Uint8Array>): NodeContent[] {
    const contents: NodeContent[] = [];
    for (const proto of protos) {
      const content = decoded(this.source, "NodeProto", () => readNode(proto, this.nameOf));
      for (const name of content.outputs) if (name !== "") graph.value(name);
      contents.push(content);
    }
    return contents;
  }

  private nodes(graph: Graph, contents: readonly NodeContent[]): void {
    const seen = new Map<string, number>();
    contents.forEach(({ proto, inputs, outputs, attributes, ...texts }, order) => {
      const node = new Node(graph, {
        opType: this.one(TEXT.decode(texts.opType)),
        domain: this.one(domainOf(TEXT.decode(texts.domain))),
        name: TEXT.decode(texts.name),
        inputs: inputs.map((name) => name === "" ? undefined : graph.find(name) ?? graph.value(name)),
        outputs: outputs.map((name) => name === "" ? undefined : graph.value(name)),
        attributes: attributes.map((bytes) => this.attribute(graph, bytes)),
        proto,
      });
      if (node.attributes.size < attributes.length) throw twice(this.source, `an attribute of ${node.label}`);
      node.order = order;
      graph.addNode(node);
      if (node.name && seen.has(node.name)) this.rename(node, seen);
      seen.set(node.name, 0);
    });
  }

  /** One string for each operator and domain, since they are looked up again and again. */
  private one(text: string): string {
    const known = this.texts.get(text);
    if (known === undefined) this.texts.set(text, text);
    return known ?? text;
  }

  /** Gives a node a name of its own: reports name nodes, and ONNX wants them told apart. */
  private rename(node: Node, names: Map<string, number>): void {
    const shared = node.name;
    let count = names.get(shared)!;
    while (names.has(node.name)) node.name = `${shared}_${++count}`;
    names.set(shared, count);
    this.sharedNames.add(shared);
    node.isChanged = true;
  }

  private attribute(graph: Graph, bytes: Uint8Array): Attribute {
    const { name, reference, value, tensor: dense, sparse, graphs } = decoded(
      this.source,
      "AttributeProto",
      () => readAttribute(bytes),
    );
    const given = dense ? importTensor(dense, this.payloads) : sparse ? importSparse(sparse, this.payloads) : undefined;
    this.facts.storedElements += given?.stored ?? 0;
    const bodies = graphs.map((body) => this.graph(body, new Graph(this.facts, graph.opsets, { parent: graph })));
    return { name, bytes, reference, value, tensor: given?.tensor, graphs: bodies.length > 0 ? bodies : undefined };
  }
}
