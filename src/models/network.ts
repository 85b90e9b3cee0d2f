import { floatAttribute, newAttribute, tensorAttribute } from "../graph/attribute.ts";
import { type Attribute, type Dim, Node, type Value } from "../graph/graph.ts";
import type { ImportedModel } from "../graph/import.ts";
import { addOutput, type NewModel, newModel } from "../graph/new_model.ts";
import { inferNode } from "../ops/infer.ts";
import { exportTensor } from "../graph/tensor_proto.ts";
import type { ElementType } from "../tensor/element_type.ts";
import { transposed } from "../tensor/arrange.ts";
import { filledTensor, reshaped, type Tensor, valueTensor } from "../tensor/tensor.ts";
import type { Variant } from "./names.ts";
import { type Distribution, randomTensor } from "./random_tensor.ts";

/** Mean and variance of the inputs of one BatchNormalization, one entry per channel. */
export interface ChannelStatistics {
  /** Means. */
  readonly mean: Float32Array;
  /** Variances of the population (divided by n, as ONNX does in training mode; PyTorch's running_var divides by n − 1). */
  readonly variance: Float32Array;
}

/** Statistics of every BatchNormalization by its module's path, such as `layer1.0.bn1`. */
export type Statistics = ReadonlyMap<string, ChannelStatistics>;

/** What a network is built for. */
export interface NetworkInit {
  /** Name of the architecture. */
  name: string;
  /** Shape of its input. */
  input: readonly Dim[];
  /** Element type of its input, default float32. */
  inputType?: ElementType;
  /** Seed of its weights. */
  seed: number;
  /** Statistics for inference; without them BatchNormalization trains and its batch statistics are the outputs. */
  statistics?: Statistics;
  /** Trained values by name, which take the place of the random ones; one that it has none of is drawn. */
  weights?: (name: string) => Tensor | undefined;
  /** Name of the file of the trained values, which takes the seed's place in the metadata. */
  trainedOn?: string;
  /** Names, or whole paths, of its containers that are never called themselves, as ModuleLists, and so are no scope. */
  uncalled?: ReadonlySet<string>;
  /** Version of the default operator set, default 17; see {@link OPSET}. */
  opset?: number;
  /** What it computes otherwise, as the network that its trained weights are of does. */
  variant?: Variant;
}

/** Operator sets that a network can be written for: PyTorch's TorchScript exporter ends at 20, its newer one at 23. */
export const OPSET = { least: 13, usual: 17, most: 23 } as const;

/** The first IR version that knows an operator set. */
function irVersion(opset: number): number {
  return opset < 15 ? 7 : opset < 19 ? 8 : opset < 21 ? 9 : opset < 23 ? 10 : 11;
}

/** An attribute of a new node: whole numbers and text as they are, a FLOAT as an {@link Attribute}. */
export type Attributes = Record<string, number | string | readonly number[]> | readonly Attribute[];

/**
 * A network under construction, named as PyTorch's exporter would: parameters by the path in the state dict
 * (`layer1.0.conv1.weight`), nodes by the modules around them (`/layer1/layer1.0/conv1/Conv`).
 */
export class Network {
  /** Its input. */
  readonly input: Value;
  readonly #init: NetworkInit;
  readonly #model: NewModel;
  readonly #names = new Set<string>();
  /** In training: the values that are statistics, by the name they are fetched by. */
  readonly #measured: Value[] = [];

  /** An empty network. */
  constructor(init: NetworkInit) {
    this.#init = init;
    this.#model = newModel({
      name: init.name,
      opset: this.opset,
      irVersion: irVersion(this.opset),
      producer: "layerfuse",
      metadata: {
        architecture: init.name,
        ...init.trainedOn === undefined ? { seed: String(init.seed) } : { weights: init.trainedOn },
      },
      inputs: [{ name: "input", type: init.inputType ?? "float32", shape: init.input }],
    });
    this.input = this.#model.graph.inputs[0];
  }

  /** A node with one output, in the module at `path` ("" is the network itself). */
  op(opType: string, inputs: readonly (Value | undefined)[], path: string, attributes: Attributes = {}): Value {
    return this.#node(opType, inputs, path, attributes)[0];
  }

  /** A node with several outputs; those of them that shape inference does not know get `shapes`. */
  outputs(
    opType: string,
    inputs: readonly (Value | undefined)[],
    path: string,
    attributes: Attributes,
    count: number,
    shapes?: readonly (readonly Dim[])[],
  ): Value[] {
    const values = [...this.#node(opType, inputs, path, attributes, count)];
    shapes?.forEach((shape, index) => this.shaped(values[index], shape));
    return values;
  }

  /** The value with the shape that it is known to have, where inference does not find it (behind a computed Slice). */
  shaped(x: Value, shape: readonly Dim[]): Value {
    x.shape = shape;
    return x;
  }

  /** The default operator set's version. */
  get opset(): number {
    return this.#init.opset ?? OPSET.usual;
  }

  /** What it computes otherwise than the architecture of its name. */
  get variant(): Variant {
    return this.#init.variant ?? {};
  }

  /** ε of the normalization at a path: the usual one, or the variant's. */
  epsilon(path: string, usual: number): number {
    const [pattern, epsilon] = this.variant.epsilon ?? [];
    return pattern?.test(path) ? epsilon! : usual;
  }

  /** Shapes of what a state dict has for this network so far, by name: parameters and running statistics. */
  readonly learned: Map<string, readonly number[]> = new Map();

  /**
   * A learned parameter: the trained one, or drawn at random from its own stream. `stored` is what a state dict has where
   * the exporter stores it otherwise: transposed (a matrix for MatMul), or under another shape.
   */
  parameter(
    name: string,
    dims: readonly number[],
    distribution: Distribution,
    stored: "transposed" | readonly number[] = dims,
  ): Value {
    const drawn = randomTensor(this.#init.seed, name, dims, distribution);
    this.learned.set(name, stored === "transposed" ? dims.toReversed() : stored);
    const trained = this.#init.weights?.(name);
    if (!trained || stored === dims) return this.constant(name, trained ?? drawn);
    return this.constant(name, stored === "transposed" ? transposed(trained, [1, 0]) : reshaped(trained, dims));
  }

  /** The tensor of a learned parameter, from which the exporter computes what it stores; no initializer by itself. */
  tensor(name: string, dims: readonly number[], distribution: Distribution): Tensor {
    this.learned.set(name, dims);
    return this.#init.weights?.(name) ?? randomTensor(this.#init.seed, name, dims, distribution);
  }

  /** What a state dict has and nothing draws, such as running statistics: the trained one, or `otherwise`. */
  buffer(name: string, otherwise: Tensor): Value {
    this.learned.set(name, otherwise.dims);
    return this.constant(name, this.#init.weights?.(name) ?? otherwise);
  }

  /** An initializer. */
  constant(name: string, tensor: Tensor): Value {
    const { graph } = this.#model;
    const value = graph.value(name);
    if (value.initializer) throw new Error(`${this.#init.name}: two initializers are called '${name}'`);
    Object.assign(value, { initializer: tensor, type: tensor.type, shape: tensor.dims });
    return value;
  }

  /**
   * A Constant node, as the exporter leaves them for shapes, pads and bounds: a scalar where `values` is a number, else a list
   * of numbers, or a tensor of shape `dims`.
   */
  literal(
    path: string,
    type: ElementType,
    values: number | ArrayLike<number>,
    dims: readonly number[] = typeof values === "number" ? [] : [values.length],
  ): Value {
    const tensor = valueTensor(
      type,
      dims,
      typeof values === "number" ? Float64Array.of(values) : Float64Array.from(values),
    );
    return this.op("Constant", [], path, [
      tensorAttribute("value", tensor, exportTensor("", tensor, this.#model.payloads)),
    ]);
  }

  /** ConstantOfShape with ones, int64, where the exporter computes the arguments of an `expand`. `shape` has one entry. */
  ones(path: string, shape: Value): Value {
    const one = valueTensor("int64", [1], Float64Array.of(1));
    const value = tensorAttribute("value", one, exportTensor("", one, this.#model.payloads));
    return this.op("ConstantOfShape", [shape], path, [value]);
  }

  /**
   * BatchNormalization (ε = 1e-5, momentum 0.9). Scales are drawn from U(low, high), by default U(0.5, 1.5), and shifts from
   * N(0, 0.1²): a freshly initialised network has 1 and 0, which would hide a wrong fold.
   */
  batchNorm(
    x: Value,
    path: string,
    scale: { low: number; high: number } = { low: 0.5, high: 1.5 },
    epsilon: number = 1e-5,
  ): Value {
    const { statistics } = this.#init;
    const channels = this.channels(x);
    const vector = (name: string, stored: Float32Array | undefined, otherwise: number) =>
      this.buffer(
        `${path}.${name}`,
        stored
          ? valueTensor("float32", [channels], Float64Array.from(stored))
          : filledTensor("float32", [channels], otherwise),
      );
    const inputs = [
      x,
      this.parameter(`${path}.weight`, [channels], { kind: "uniform", ...scale }),
      this.parameter(`${path}.bias`, [channels], { kind: "normal", std: 0.1 }),
      vector("running_mean", statistics?.get(path)?.mean, 0),
      vector("running_var", statistics?.get(path)?.variance, 1),
    ];
    const attributes = [
      floatAttribute("epsilon", this.epsilon(path, epsilon)),
      floatAttribute("momentum", statistics ? 0.9 : 0),
      ...this.opset >= 14 ? [newAttribute("training_mode", statistics ? 0 : 1)] : [],
    ];
    if (statistics) return this.op("BatchNormalization", inputs, path, attributes);
    const names = [meanName(path), varianceName(path)];
    const [y, ...measured] = this.#node("BatchNormalization", inputs, path, attributes, 1, names);
    this.#measured.push(...measured);
    return y;
  }

  /** Number of channels of a value (its second dimension). */
  channels(x: Value): number {
    return this.size(x, 1);
  }

  /** Size of a dimension that is fixed by the architecture. */
  size(x: Value, axis: number): number {
    const size = x.shape?.at(axis);
    if (typeof size !== "number") {
      throw new Error(`${this.#init.name}: '${x.name}' has no fixed size along axis ${axis}`);
    }
    return size;
  }

  /**
   * Ends the network: `results` become its outputs, `output`, `output_1`, …, declared with `shapes`; or in training the
   * statistics do.
   */
  finish(results: Value | readonly Value[], ...shapes: (readonly Dim[])[]): ImportedModel {
    const { graph } = this.#model;
    if (!this.#init.statistics && this.#measured.length > 0) {
      for (const value of this.#measured) addOutput(this.#model, value);
      return this.#model;
    }
    const values = Array.isArray(results) ? results as Value[] : [results as Value];
    values.forEach((x, index) => {
      const output = graph.value(index === 0 ? "output" : `output_${index}`);
      Object.assign(output, { type: x.type, shape: x.shape });
      graph.renameOutput(x, output);
      graph.dropValue(x);
      addOutput(this.#model, output, shapes[index]);
    });
    return this.#model;
  }

  #node(
    opType: string,
    inputs: readonly (Value | undefined)[],
    path: string,
    attributes: Attributes,
    count = 1,
    more: readonly string[] = [],
  ): Value[] {
    const { graph } = this.#model;
    const name = this.#unused(`${scopeOf(path, this.#init.uncalled ?? new Set())}/${opType}`);
    const node = new Node(graph, {
      opType,
      name,
      inputs,
      outputs: [
        ...Array.from({ length: count }, (_, index) => graph.value(`${name}_output_${index}`)),
        ...more.map((output) => graph.value(output)),
      ],
      attributes: Array.isArray(attributes)
        ? attributes as readonly Attribute[]
        : Object.entries(attributes).map(([name, value]) => newAttribute(name, value)),
    });
    node.order = this.#names.size;
    graph.addNode(node);
    inferNode(node);
    for (const value of node.outputs) value!.type ??= "float32";
    return node.outputs as Value[];
  }

  /** The exporter numbers equal names from the second on: Relu, Relu_1, … */
  #unused(base: string): string {
    let name = base;
    for (let number = 1; this.#names.has(name); number++) name = `${base}_${number}`;
    this.#names.add(name);
    return name;
  }
}

/** Name of the output that holds the batch means of the BatchNormalization at `path`. */
export function meanName(path: string): string {
  return `${path}.batch_mean`;
}

/** Whether a value is called as one of the statistics are. */
export function isStatistic(name: string): boolean {
  return /\.batch_(mean|var)$/.test(name);
}

/** Name of the output that holds the batch variances of the BatchNormalization at `path`. */
export function varianceName(path: string): string {
  return `${path}.batch_var`;
}

/**
 * `layer1.0.conv1` → `/layer1/layer1.0/conv1`: the numbered children of a container carry its name in front. A ModuleList, which
 * is never called itself, is no scope: `h.0.attn` → `/h.0/attn`.
 */
function scopeOf(path: string, uncalled: ReadonlySet<string>): string {
  let previous = "", scope = "", full = "";
  for (const part of path === "" ? [] : path.split(".")) {
    previous = /^\d+$/.test(part) && previous ? `${previous}.${part}` : part;
    full += full ? `.${part}` : part;
    if (!uncalled.has(part) && !uncalled.has(full)) scope += `/${previous}`;
  }
  return scope;
}
