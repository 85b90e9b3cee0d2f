import type { Node, Value } from "../../graph/graph.ts";
import { type Factor, multiplied } from "../../tensor/multiply.ts";
import { valueTensor } from "../../tensor/tensor.ts";
import { type AffineMap, fitted, hasShift } from "../affine_map.ts";
import type { Builder } from "../builder.ts";
import { Skip } from "../skip.ts";
import { biasNumbers, isNumbers, scaledBias, summedBias } from "./bias.ts";
import { emitCompact, factorProduct, unviewed } from "./compact_weight.ts";
import {
  type Channels,
  type Diagonal,
  largerOrigin,
  type LayerCost,
  type LinearParts,
  parametersOf,
  sumOf,
} from "./linear_parts.ts";

/** What a weight, seen in the shape `view`, is multiplied by. */
export interface WeightFactor {
  /** The numbers. */
  readonly factor: Factor;
  /** Its own shape where absent. */
  readonly view?: readonly number[];
}

/**
 * One or more linear nodes seen as one map y = W·x + b of constants, the only view of a layer there is. Maps are values: each
 * method gives a new one, or why there is none. Weights are expressions that are evaluated when the model is saved.
 */
export abstract class LinearMap<P extends LinearParts = LinearParts> {
  /** What it is called in a reason. */
  abstract readonly kind: "convolution" | "transposed convolution" | "matrix product";
  /** Where its input channels lie, an axis of x. */
  abstract readonly input: Channels;
  /** Where its output channels lie, an axis of the result. */
  abstract readonly output: Channels;
  /** A factor per input or output channel, as it multiplies the stored weight. */
  protected abstract factorOf(side: "input" | "output", values: Float64Array): WeightFactor;
  /** W·t, one number per output channel; undefined where no weight sees the shift; why it is not the same at every position. */
  abstract shiftThrough(shift: Float64Array): Float64Array | Skip | undefined;
  /** W + V: the sum with another map of the same value. */
  abstract plus(other: LinearMap): LinearMap | Skip;
  /** V·W: another map after this one, where the result is the same everywhere, borders included. */
  abstract then(next: LinearMap): LinearMap | Skip;
  /** An affine map of x as a map of this one's kind and size. */
  abstract diagonal(diagonal: Diagonal): LinearMap | Skip;
  /** The one layer in its place, or why its operator cannot hold the bias. */
  abstract emit(build: Builder): Value | Skip;
  /** Another map before this one, asked by {@linkcode LinearMap.then} of a map of another kind. */
  precededBy?(first: LinearMap): LinearMap | Skip;

  readonly parts: P;

  /** A map of parts that fit. */
  constructor(parts: P) {
    this.parts = parts;
  }

  /** What it is applied to. */
  get x(): Value {
    return this.parts.x;
  }

  /** The nodes it stands for, in order. */
  get nodes(): readonly Node[] {
    return this.parts.nodes;
  }

  /** What it costs as one layer. */
  get cost(): LayerCost {
    const { weight, bias } = this.parts;
    const entries = isNumbers(bias) ? bias.length : bias?.initializer?.size ?? 0;
    return { macs: weight.size, parameters: weight.size + entries };
  }

  /** Whether it has weights of its own, which an affine map can go into at no cost. */
  get isLayer(): boolean {
    return this.parts.layers > 0;
  }

  /** Whether it treats every position alike, so that it changes places with what combines positions. */
  get isPointwise(): boolean {
    return false;
  }

  /** The one rank its operator takes; undefined where it takes any. */
  get rank(): number | undefined {
    return this.parts.weight.dims.length;
  }

  /** Whether its operator has an input for a bias. */
  get takesBias(): boolean {
    return true;
  }

  /** Whether a part of it only multiplies element by element, along several axes. */
  get holdsFactor(): boolean {
    return false;
  }

  /** What the last of them makes. */
  get result(): Value {
    return this.nodes[this.nodes.length - 1].output;
  }

  /** What to call it in a message. */
  get label(): string {
    return this.nodes[this.nodes.length - 1]?.label ?? `'${this.x.name}'`;
  }

  /** The bias, one number per output channel. */
  biasNumbers(): Float64Array | Skip | undefined {
    return biasNumbers(this.parts.bias, this.output.channels, this.label);
  }

  /** An affine map of the result: a·(W·x + b) + t, of `nodes` that go too. Always exact. */
  after(affine: AffineMap, nodes: readonly Node[] = []): LinearMap<P> | Skip {
    const fit = fitted(affine, this.output), bias = this.biasNumbers();
    if (fit instanceof Skip) return fit;
    if (bias instanceof Skip) return bias;
    return this.with({
      ...this.scaled(fit.scale, this.factorOf("output", fit.scale)),
      bias: scaledBias(bias, fit),
      nodes: [...this.nodes, ...nodes],
      work: sumOf(this.parts.work, { macs: 0, parameters: parametersOf(nodes) }),
    });
  }

  /** An affine map of the input: W·(a·x + t) + b, applied to `x`. */
  before(affine: AffineMap, x: Value): LinearMap<P> | Skip {
    const fit = fitted(affine, this.input);
    if (fit instanceof Skip) return fit;
    const scaled = { ...this.scaled(fit.scale, this.factorOf("input", fit.scale)), x };
    const extra = hasShift(fit) ? this.shiftThrough(fit.shift) : undefined;
    if (extra instanceof Skip) return extra;
    const bias = extra ? this.biasNumbers() : undefined;
    if (bias instanceof Skip) return bias;
    return this.with({ ...scaled, ...extra ? { bias: summedBias(bias, extra) } : {} });
  }

  /** A map of this kind with other parts. */
  protected with(change: Partial<LinearParts> | Partial<P>): this {
    const Kind = this.constructor as new (parts: P) => this;
    return new Kind({ ...this.parts, ...change });
  }

  /** A map of this kind that this one and another are together, as one new layer. */
  protected joined(other: LinearMap, change: Partial<P>): this {
    const [a, b] = [this.parts, other.parts];
    return this.with({
      nodes: [...a.nodes, ...b.nodes],
      layers: a.layers + b.layers,
      work: sumOf(a.work, b.work),
      stored: undefined,
      form: undefined,
      origin: largerOrigin(a.origin, b.origin),
      ...change,
    });
  }

  /** The biases of this map and another, or why one of them is not known. */
  protected biases(other: LinearMap): [own?: Float64Array, others?: Float64Array] | Skip {
    const own = this.biasNumbers(), others = other.biasNumbers();
    if (own instanceof Skip) return own;
    return others instanceof Skip ? others : [own, others];
  }

  /** That another map is of another kind, as a reason. */
  protected whyOtherKind(other: LinearMap): Skip {
    return new Skip("other-channels", `${other.label} is a ${other.kind}, ${this.label} a ${this.kind}`);
  }

  /** Why the weights of another map cannot be put together with those of this one; undefined where they are of one type. */
  protected whyOtherType({ parts: { weight: { type } }, label }: LinearMap): Skip | undefined {
    const own = this.parts.weight.type;
    return own === type ? undefined : new Skip("element-type", `${this.label} has ${own} weights, ${label} ${type}`);
  }

  /** The weight as an input of a new node: the stored one where nothing changed it. */
  protected weightInput(build: Builder): Value {
    const { weight, stored, compact, origin } = this.parts;
    const smaller = !stored && compact?.holds === weight ? emitCompact(compact, build) : undefined;
    return stored ?? smaller ?? build.initializer(origin.weight, weight);
  }

  /** The bias as an input of a new node, in a shape. */
  biasInput(build: Builder, dims?: readonly number[]): Value | undefined {
    const { bias, weight, origin } = this.parts;
    if (!isNumbers(bias)) return bias;
    return build.initializer(origin.bias, valueTensor(weight.type, dims ?? [bias.length], bias));
  }

  /** The weight with factors. */
  protected scaled(scale: Float64Array, { factor, view }: WeightFactor): Partial<LinearParts> {
    if (scale.every((value) => value === 1)) return {};
    const { weight, stored, compact } = this.parts, holds = multiplied(weight, factor, view);
    const before = compact?.holds === weight ? compact : undefined, value = before?.value ?? stored;
    if (!value?.producer) return { weight: holds, stored: undefined };
    const own = view ? unviewed(factor, view) : factor;
    const all = before ? factorProduct(before.factor, own) : own;
    return { weight: holds, stored: undefined, compact: { value, factor: all, holds } };
  }
}
