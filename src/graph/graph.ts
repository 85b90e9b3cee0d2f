import type { AttributeValue } from "../proto/attribute.ts";
import type { WireField } from "../proto/wire.ts";
import type { ElementType } from "../tensor/element_type.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { NO_USERS, type Users, withoutUser, withUser } from "./users.ts";

/** One dimension: known, named, or unknown. */
export type Dim = number | string | null;

/** A shape of known rank. */
export type Shape = readonly Dim[];

/** What a file says of a value that a node makes (its value info, or its declaration as an output). */
export interface Claim {
  /** Element type. */
  readonly type?: ElementType;
  /** Shape. */
  readonly shape?: Shape;
}

/** An attribute of a node: its value as JavaScript has it, and its bytes for copying. */
export interface Attribute {
  /** Attribute name. */
  readonly name: string;
  /** The AttributeProto; that of a changed subgraph is written anew. */
  readonly bytes: Uint8Array;
  /** Name of the function attribute it takes its value from; its value is then unknown. */
  readonly reference?: string;
  /** Number, string, or list of them; undefined for every other kind. */
  readonly value?: AttributeValue;
  /** A tensor attribute. */
  readonly tensor?: Tensor;
  /** Subgraphs (`graph` or `graphs`). */
  readonly graphs?: readonly Graph[];
}

/** One value of a graph: a graph input, an initializer, or the output of a node. Each is used by name in the file. */
export class Value {
  /** The node that makes it; undefined for inputs and initializers. */
  producer?: Node;
  /** Its data, when it is an initializer. */
  initializer?: Tensor;
  /** Whether it is listed among the graph's inputs. */
  isInput = false;
  /** What the file says of its type and shape, where it is no input: a claim, which may be wrong. */
  claim?: Claim;
  /** How many times it is listed among the outputs of its graph or of a subgraph. */
  outputCount = 0;
  /** Element type, where known. */
  type?: ElementType;
  /** Shape, where at least the rank is known. */
  shape?: Shape;
  /** What its producer always gives, whatever the inputs of the model; undefined where that depends on them. */
  constant?: Tensor;
  /** What is known of its elements where it is small: sizes, names of dynamic dimensions, null for unknown ones. */
  elements?: readonly Dim[];
  #users: Users<Node> = NO_USERS;

  readonly graph: Graph;
  name: string;

  /** Made by {@link Graph.value} and import. */
  constructor(graph: Graph, name: string) {
    this.graph = graph;
    this.name = name;
  }

  /** How many inputs of each node take it, nodes of subgraphs included. */
  get users(): Users<Node> {
    return this.#users;
  }

  /** Counts inputs of a node that take it. */
  addUser(node: Node, count: number = 1): void {
    this.#users = withUser(this.#users, node, count);
  }

  /** Forgets a node that takes it, or all of them. */
  removeUsers(node?: Node): void {
    this.#users = node ? withoutUser(this.#users, node) : NO_USERS;
  }

  /** Whether it is a graph output, so that its name and values must stay. */
  get isOutput(): boolean {
    return this.outputCount > 0;
  }

  /** Whether a caller may replace this initializer: it is also an input, and the IR version (4 or later) allows it. */
  get isOverridable(): boolean {
    return this.isInput && this.graph.model.irVersion >= 4;
  }

  /** The one node that takes it, once, in the same graph; undefined where there are others, or it is a graph output. */
  get soleUser(): Node | undefined {
    if (this.users.size !== 1 || this.isOutput) return undefined;
    const [[user, count]] = this.users;
    return count === 1 && user.graph === this.graph ? user : undefined;
  }
}

/** A node: one operator applied to values. */
export class Node {
  /** Node name; may be empty. */
  name: string;
  /** Operator, such as `Conv`. */
  readonly opType: string;
  /** Operator domain; `ai.onnx` is the empty string. */
  readonly domain: string;
  /** Its operator, with the domain in front where that is not the default one: `Conv`, `com.microsoft.FusedConv`. */
  readonly operator: string;
  /** Inputs in order; an absent optional input is undefined. */
  readonly inputs: readonly (Value | undefined)[];
  /** Outputs in order; an absent optional output is undefined. */
  readonly outputs: readonly (Value | undefined)[];
  /** Attributes by name. */
  readonly attributes: ReadonlyMap<string, Attribute>;
  /** The subgraphs of its attributes. */
  readonly subgraphs: readonly Graph[];
  /** Whether an attribute takes its value from the enclosing function's caller. */
  readonly hasReferences: boolean;
  /** The NodeProto it was read from; undefined for a new node. */
  proto?: Uint8Array;
  /** Whether inputs or outputs changed since it was read. */
  isChanged = false;
  /** Place in the order of the file: a new node takes the place of the one it replaces. */
  order = 0;
  /** Whether it still belongs to its graph. */
  isRemoved = false;

  readonly graph: Graph;

  /** Made by import and {@link Graph.addNode}. */
  constructor(graph: Graph, init: NodeInit) {
    this.graph = graph;

    this.name = init.name ?? "";
    this.opType = init.opType;
    this.domain = init.domain ?? "";
    this.operator = this.domain === "" ? this.opType : `${this.domain}.${this.opType}`;
    this.inputs = [...init.inputs];
    this.outputs = [...init.outputs];
    const attributes = [...init.attributes ?? []];
    this.attributes = attributes.length === 0
      ? NO_ATTRIBUTES
      : new Map(attributes.map((attribute) => [attribute.name, attribute]));
    let subgraphs = NONE, hasReferences = false;
    for (const { graphs, reference } of this.attributes.values()) {
      if (graphs) subgraphs = [...subgraphs, ...graphs];
      if (reference !== undefined) hasReferences = true;
    }
    this.subgraphs = subgraphs;
    this.hasReferences = hasReferences;
    this.proto = init.proto;
  }

  /** What to call it in a message: its name, or its operator and first output. */
  get label(): string {
    return this.name || `${this.opType} → ${this.outputs.find((value) => value)?.name ?? "?"}`;
  }

  /** Whether it is this operator of the default domain. */
  is(...opTypes: string[]): boolean {
    return this.domain === "" && opTypes.includes(this.opType);
  }

  /** The first output. */
  get output(): Value {
    return this.outputs[0]!;
  }

  /** Version of the operator set this node's operator comes from: {@link Graph.opset}; of other domains 0 where the model does not say. */
  get opset(): number {
    return this.domain === "" ? this.graph.opset : this.graph.opsets.get(this.domain) ?? 0;
  }

  /** Value of a plain attribute. */
  attribute(name: string): AttributeValue | undefined {
    return this.attributes.get(name)?.value;
  }

  /** A number attribute. */
  number(name: string, otherwise: number): number {
    const value = this.attribute(name);
    return typeof value === "number" ? value : otherwise;
  }

  /** A list of numbers; undefined where absent. */
  numbers(name: string): readonly number[] | undefined {
    const value = this.attribute(name);
    return Array.isArray(value) ? value as readonly number[] : undefined;
  }

  /** A text attribute. */
  text(name: string, otherwise: string): string {
    const value = this.attribute(name);
    return typeof value === "string" ? value : otherwise;
  }

  /** Whether this input is there. */
  has(input: number): boolean {
    return this.inputs[input] !== undefined;
  }
}

const NONE: readonly Graph[] = [];
const NO_ATTRIBUTES: ReadonlyMap<string, Attribute> = new Map();

/** What a node is made of. */
export interface NodeInit {
  /** Operator. */
  opType: string;
  /** Domain, default `ai.onnx`. */
  domain?: string;
  /** Name. */
  name?: string;
  /** Inputs in order. */
  inputs: readonly (Value | undefined)[];
  /** Outputs in order. */
  outputs: readonly (Value | undefined)[];
  /** Attributes. */
  attributes?: Iterable<Attribute>;
  /** The NodeProto it was read from. */
  proto?: Uint8Array;
}

/** Facts of the whole model that its graphs need. */
export interface ModelFacts {
  /** IR version. */
  readonly irVersion: number;
  /** Every value and node name of every graph: new names are none of them. */
  readonly names: Set<string>;
  /**
   * What new names are made of, by them and by what they were first: what is named after one is `w_3`, not `w_2_2`, for there may be
   * thousands.
   */
  readonly numbered: Map<string, { readonly stem: string; next: number }>;
  /** Why initializers must not be taken as constants; undefined where they may. */
  readonly mutableWeights?: string;
  /** Elements of all tensors the file holds. */
  storedElements: number;
  /** Multiply-accumulates of the constants that are worked out. */
  constantWork: number;
  /** Elements of the large ones of them. */
  constantElements: number;
}

/** The newest operator set of the default domain that is known here, which is the newest that ONNX Runtime 1.30 runs. */
export const NEWEST_OPSET = 26;

/** A graph, a subgraph or a function body. */
export class Graph {
  readonly #nodes = new Set<Node>();
  #listed?: readonly Node[];
  /** Operators of the nodes that are or were there. */
  readonly opTypes: Set<string> = new Set();
  /** Inputs in order. */
  inputs: Value[] = [];
  /** Outputs in order. */
  outputs: Value[] = [];
  /** Every value that is named in this graph (those of outer graphs are in theirs). */
  readonly values: Map<string, Value> = new Map();
  /** Whether something in it contradicts what the file claims of its values, so that none of the claims is believed. */
  hasWrongClaims = false;
  /** How often nodes and their values changed: what was found out about them holds as long as this stays. */
  changes = 0;
  /** Fields of the GraphProto or FunctionProto. */
  wire: Iterable<WireField> = [];

  readonly model: ModelFacts;
  readonly opsets: ReadonlyMap<string, number>;
  readonly parent?: Graph;
  readonly isFunction: boolean;

  /** An empty graph. */
  constructor(
    model: ModelFacts,
    opsets: ReadonlyMap<string, number>,
    { parent, isFunction = false }: { parent?: Graph; isFunction?: boolean } = {},
  ) {
    this.model = model;
    this.opsets = opsets;
    this.parent = parent;
    this.isFunction = isFunction;
  }

  /** Nodes in topological order as far as the file has it, new ones last: a list of its own after each change. */
  get nodes(): readonly Node[] {
    return this.#listed ??= [...this.#nodes];
  }

  /** Values with data, in the order of the file, then new ones. */
  get initializers(): Value[] {
    return [...this.values.values()].filter(({ initializer }) => initializer !== undefined);
  }

  /** Version of the default domain's operator set; where the model does not say the newest, as ONNX Runtime takes it. */
  get opset(): number {
    return this.opsets.get("") ?? NEWEST_OPSET;
  }

  /** Whether new initializers can be listed: not in a function body, nor below IR version 4 (where they are inputs) in a subgraph. */
  get listsInitializers(): boolean {
    return !this.isFunction && (this.parent === undefined || this.model.irVersion >= 4);
  }

  /** Whether a new initializer is a constant: a function body has none, and below IR version 4 it would be a new graph input. */
  get takesConstants(): boolean {
    return !this.isFunction && this.model.irVersion >= 4;
  }

  /** The value of this name, in this graph or the ones around it. */
  find(name: string): Value | undefined {
    return this.values.get(name) ?? this.parent?.find(name);
  }

  /** The value of this name in this graph, made where there is none. */
  value(name: string): Value {
    let value = this.values.get(name);
    if (!value) {
      this.values.set(name, value = new Value(this, name));
      this.model.names.add(name);
    }
    return value;
  }

  /** A name that nothing in the model has. */
  freshName(base: string): string {
    const { names, numbered } = this.model, series = numbered.get(base) ?? { stem: base, next: 2 };
    let name = series.stem;
    while (names.has(name)) name = `${series.stem}_${series.next++}`;
    names.add(name);
    for (const one of name === base ? [] : [base, name]) numbered.set(one, series);
    return name;
  }

  /** Adds a node and connects it to its values. */
  addNode(node: Node): void {
    this.#nodes.add(node);
    this.#listed = undefined;
    this.opTypes.add(node.opType);
    this.changes++;
    if (node.name) this.model.names.add(node.name);
    for (const value of node.inputs) value?.addUser(node);
    for (const value of node.outputs) if (value) value.producer = node;
  }

  /** Takes a node out; its outputs keep existing only where another node takes them over. */
  removeNode(node: Node): void {
    node.isRemoved = true;
    this.#nodes.delete(node);
    this.#listed = undefined;
    this.changes++;
    for (const value of node.inputs) value?.removeUsers(node);
    for (const value of node.outputs) if (value?.producer === node) value.producer = undefined;
    for (const graph of node.subgraphs) for (const inner of graph.nodes) graph.removeNode(inner);
  }

  /** Makes every user of `from` take `to` instead. */
  replaceUses(from: Value, to: Value): void {
    this.changes++;
    for (const [node, count] of from.users) {
      const inputs = node.inputs as (Value | undefined)[]; // in place: a sum of thousands is changed as often
      for (let at = inputs.indexOf(from); at >= 0; at = inputs.indexOf(from, at + 1)) inputs[at] = to;
      node.isChanged = true;
      to.addUser(node, count);
    }
    from.removeUsers();
  }

  /** Makes the producer of `from` produce `to` in its place. */
  renameOutput(from: Value, to: Value): void {
    const node = from.producer!;
    this.changes++;
    (node as { outputs: readonly (Value | undefined)[] }).outputs = node.outputs.map((value) =>
      value === from ? to : value
    );
    node.isChanged = true;
    from.producer = undefined;
    to.producer = node;
  }

  /** Drops a value that nothing uses or produces, its initializer included. */
  dropValue(value: Value): void {
    this.values.delete(value.name);
    if (value.isInput) this.inputs = this.inputs.filter((input) => input !== value);
  }
}

/** Every graph of a list with the subgraphs of its nodes, outer ones first. */
export function* allGraphs(graphs: Iterable<Graph>): Generator<Graph> {
  for (const graph of graphs) {
    yield graph;
    for (const { subgraphs } of graph.nodes) if (subgraphs.length > 0) yield* allGraphs(subgraphs);
  }
}
