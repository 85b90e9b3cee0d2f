import { withoutAttributes } from "../graph/export.ts";
import { type Attribute, type Graph, Node, type NodeInit, Value } from "../graph/graph.ts";
import { type Tensor, valueTensor } from "../tensor/tensor.ts";
import type { ConstantPool } from "./constant_pool.ts";

/** Stages new nodes and initializers for one replacement. Nothing of it is in the graph until the driver commits. */
export class Builder {
  /** Nodes in the order they were made. */
  readonly nodes: Node[] = [];
  /** New initializers. */
  readonly initializers: Value[] = [];

  readonly graph: Graph;
  readonly pool: ConstantPool;
  /** Fills in types and shapes of a node's outputs. */
  readonly infer: (node: Node) => void;

  /** For one application of one rule in a graph, whose initializers are in a pool. */
  constructor(
    graph: Graph,
    pool: ConstantPool,
    infer: (node: Node) => void,
  ) {
    this.graph = graph;
    this.pool = pool;
    this.infer = infer;
  }

  /** Whether anything is staged. */
  get isUsed(): boolean {
    return this.nodes.length > 0 || this.initializers.length > 0;
  }

  /** Whether a value is made by one of the nodes staged. */
  makes({ producer }: Value): boolean {
    return producer !== undefined && this.nodes.includes(producer);
  }

  /** Forgets everything staged so far: another way is tried. */
  reset(): void {
    this.nodes.length = 0;
    this.initializers.length = 0;
  }

  /** An initializer, named after `base` where there is none that equals it. */
  initializer(base: string, tensor: Tensor): Value {
    const same = this.pool.find(tensor, this.graph);
    if (same) return same;
    const value = new Value(this.graph, base);
    value.initializer = tensor;
    value.type = tensor.type;
    value.shape = tensor.dims;
    this.initializers.push(value);
    return value;
  }

  /** A vector of whole numbers as an initializer: axes, sizes, a shape. */
  integers(base: string, values: Iterable<number>): Value {
    const numbers = Float64Array.from(values);
    return this.initializer(base, valueTensor("int64", [numbers.length], numbers));
  }

  /**
   * A node with one output. `name` is usually that of the node it replaces; where `after` has the same operator and name, its
   * doc string and metadata stay.
   */
  node(
    opType: string,
    inputs: readonly (Value | undefined)[],
    init: { name?: string; attributes?: Iterable<Attribute>; output?: string; after?: Node } = {},
  ): Value {
    const { name = "", attributes, after, output } = init;
    const proto = after?.is(opType) && after.name === name ? withoutAttributes(after) : undefined;
    return this.#stage({ opType, name, attributes, proto }, inputs, [output || name || opType])[0]!;
  }

  /** A copy of a one-output node with other inputs: attributes, name, doc string and metadata stay. */
  like(node: Node, inputs: readonly (Value | undefined)[], attributes?: Iterable<Attribute>): Value {
    return this.#stage(copied(node, attributes), inputs, [node.output.name])[0]!;
  }

  /** A copy of a node with several outputs, some perhaps absent, with other inputs (and attributes); its outputs in that order. */
  again(
    node: Node,
    inputs: readonly (Value | undefined)[],
    attributes?: Iterable<Attribute>,
  ): readonly (Value | undefined)[] {
    return this.#stage(copied(node, attributes), inputs, node.outputs.map((value) => value?.name));
  }

  /** A node with as many outputs as `outputs` has names; the values in that order. */
  nodeWithOutputs(
    opType: string,
    inputs: readonly (Value | undefined)[],
    outputs: readonly string[],
    init: { name?: string; attributes?: Iterable<Attribute> } = {},
  ): Value[] {
    return this.#stage({ ...init, opType }, inputs, outputs) as Value[];
  }

  #stage(
    init: Omit<NodeInit, "inputs" | "outputs">,
    inputs: readonly (Value | undefined)[],
    names: readonly (string | undefined)[],
  ): (Value | undefined)[] {
    const outputs = names.map((name) => name === undefined ? undefined : new Value(this.graph, name));
    const node = new Node(this.graph, { ...init, inputs: trimmed(inputs), outputs });
    node.isChanged = true;
    this.infer(node);
    for (const value of outputs) if (value) value.producer = node;
    this.nodes.push(node);
    return outputs;
  }
}

/** What a copy of a node has of it, where its attributes are others perhaps. */
function copied(node: Node, attributes: Iterable<Attribute> | undefined): Omit<NodeInit, "inputs" | "outputs"> {
  const { opType, domain, name } = node, proto = attributes ? withoutAttributes(node) : node.proto;
  return { opType, domain, name, proto, attributes: attributes ?? node.attributes.values() };
}

/** Absent optional inputs at the end are left out. */
function trimmed(inputs: readonly (Value | undefined)[]): readonly (Value | undefined)[] {
  let length = inputs.length;
  while (length > 0 && inputs[length - 1] === undefined) length--;
  return inputs.slice(0, length);
}
