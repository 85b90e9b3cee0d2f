/**
 * A random model under construction. Every value has a concrete shape (that of the run it is compared in), so that each step
 * can be valid by construction; what the file says of shapes is decided at the end.
 */
import {
  randomIn,
  tensor,
  type TestAttribute,
  type TestGraph,
  type TestModel,
  type TestNode,
  type TestTensor,
} from "../onnx_model.ts";
import type { Choices } from "./choices.ts";

/** A value: its name and the shape it has when it is run. */
export interface Wire {
  readonly name: string;
  readonly dims: readonly number[];
}

export type Attributes = Record<string, TestAttribute | undefined>;

/** Larger values are not made: the graphs are many, and small is enough. */
const MOST_ELEMENTS = 1 << 13;

/** Operators that ONNX Runtime has for float32 only. */
const FLOAT32_ONLY = new Set(
  "Conv ConvTranspose AveragePool GlobalAveragePool GlobalMaxPool InstanceNormalization PRelu LeakyRelu Resize Upsample"
    .split(" "),
);

export function sizeOf(dims: readonly number[]): number {
  return dims.reduce((a, b) => a * b, 1);
}

/** What all graphs of one model share. */
export interface Shared {
  readonly opset: number;
  readonly ir: number;
  /** TensorProto.DataType of all float values: 1 (float32) or 11 (float64). */
  readonly type: number;
  readonly counter: { value: number };
  readonly functions: NonNullable<TestModel["functions"]>;
  /** Extra inputs of the main graph, such as conditions. */
  readonly extraInputs: Record<string, number[]>;
  readonly types: Record<string, number>;
}

export class Draft {
  readonly nodes: TestNode[] = [];
  readonly initializers: Record<string, TestTensor> = {};
  readonly wires: Wire[] = [];
  readonly outputs: Set<string> = new Set();
  /** Weights that were made, to be shared by a later node of the same shape. */
  readonly weights: Wire[] = [];

  readonly shared: Shared;
  readonly parent?: Draft;

  constructor(shared: Shared, parent?: Draft) {
    this.shared = shared;
    this.parent = parent;
  }

  get opset(): number {
    return this.shared.opset;
  }

  fresh(base: string): string {
    return `${base}${this.shared.counter.value++}`;
  }

  /** Adds a node with one output of this shape; undefined where it would be too large or empty. */
  node(
    op: string,
    inputs: string[],
    dims: readonly number[],
    attributes: Attributes = {},
    { named = true, most = MOST_ELEMENTS } = {},
  ): Wire | undefined {
    return this.nodeOf(op, inputs, [dims], attributes, { named, most })?.[0];
  }

  nodeOf(
    op: string,
    inputs: string[],
    shapes: readonly (readonly number[])[],
    attributes: Attributes = {},
    { named = true, domain, most = MOST_ELEMENTS }: { named?: boolean; domain?: string; most?: number } = {},
  ): Wire[] | undefined {
    if (this.shared.type !== 1 && FLOAT32_ONLY.has(op)) return undefined;
    if (shapes.some((dims) => dims.some((dim) => !(dim > 0)) || sizeOf(dims) > most)) return undefined;
    const made = shapes.map((dims) => ({ name: this.fresh("v"), dims }));
    const kept = Object.entries(attributes).filter(([, value]) => value !== undefined) as [string, TestAttribute][];
    this.nodes.push({
      op,
      domain,
      inputs,
      outputs: made.map(({ name }) => name),
      name: named ? this.fresh(op.toLowerCase()) : "",
      attributes: Object.fromEntries(kept),
    });
    this.wires.push(...made);
    for (const { name } of made) this.shared.types[name] = this.shared.type;
    return made;
  }

  /** An integer constant (a shape, axes): an initializer, or a Constant node where a subgraph of an old IR has none. */
  integers(values: readonly number[], dims: number[] = [values.length]): string {
    return this.store("i", tensor(dims, values, 7));
  }

  /** One float, as an initializer (or a Constant node where a subgraph of an old IR has none). */
  number(value: number): string {
    return this.store("c", tensor([], [value], this.shared.type));
  }

  /** Values in ±[low, high], seeded by the number of things made so far. */
  values(dims: readonly number[], low: number, high: number, signed = true): TestTensor {
    const seed = this.shared.counter.value + 1;
    const { values } = randomIn(low, high, [...dims], seed);
    const signs = randomIn(-1, 1, [...dims], seed + 1000);
    const chosen = Float64Array.from(values, (value, i) => signed && signs.values[i] < 0 ? -value : value);
    return tensor([...dims], chosen, this.shared.type);
  }

  /** A float weight in one of the forms exporters use. */
  constant(form: Choices, given: TestTensor): string {
    const data = { ...given, type: given.type ?? this.shared.type }, { dims } = data;
    switch (form.below(12)) {
      case 6:
        return this.constantNode(data);
      case 7:
        return this.hidden("Identity", [this.store("c", data)]);
      case 8: // from a tensor without its 1s
        return this.reshaped(data, dims.filter((dim) => dim !== 1));
      case 9:
        return this.reshaped(data, [sizeOf(dims)]);
      case 10:
        return this.hidden("Cast", [this.store("c", { ...data, type: data.type === 1 ? 11 : 1 })], { to: data.type });
      case 11:
        if (dims.length !== 2) break;
        return this.hidden("Transpose", [this.store("c", {
          type: data.type,
          dims: [dims[1], dims[0]],
          values: Float64Array.from(
            { length: sizeOf(dims) },
            (_, i) => data.values[(i % dims[0]) * dims[1] + Math.floor(i / dims[0])],
          ),
        })], { perm: [1, 0] });
    }
    return this.store("w", data);
  }

  /** A layer's weight, now and then one that another layer has. */
  weight(form: Choices, data: TestTensor): string {
    const same = this.weights.find(({ dims }) => dims.join() === data.dims.join());
    if (same && form.once(4)) return same.name;
    const name = this.constant(form, data);
    this.weights.push({ name, dims: data.dims });
    return name;
  }

  private store(base: string, data: TestTensor): string {
    if (this.parent && this.shared.ir < 4) return this.constantNode(data);
    const name = this.fresh(base);
    this.initializers[name] = data;
    return name;
  }

  private constantNode(data: TestTensor): string {
    return this.hidden("Constant", [], { value: { tensor: data } });
  }

  private reshaped(data: TestTensor, dims: number[]): string {
    return this.hidden("Reshape", [this.store("c", { ...data, dims }), this.integers(data.dims)]);
  }

  /** A node whose result is a constant: no place for a step to go on. */
  hidden(op: string, inputs: string[], attributes: Record<string, TestAttribute> = {}): string {
    const name = this.fresh("k");
    this.nodes.push({ op, inputs, outputs: [name], name: this.fresh(op.toLowerCase()), attributes });
    return name;
  }

  /** The finished subgraph with one output. */
  subgraph(output: Wire): TestGraph {
    const types = { [output.name]: this.shared.type };
    return { nodes: this.nodes, outputs: { [output.name]: [...output.dims] }, initializers: this.initializers, types };
  }
}
