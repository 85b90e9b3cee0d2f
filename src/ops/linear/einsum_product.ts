import { newAttribute } from "../../graph/attribute.ts";
import type { Node, Value } from "../../graph/graph.ts";
import { broadcasted } from "../../tensor/elementwise.ts";
import type { Factor } from "../../tensor/multiply.ts";
import { type Tensor, valuesOf, valueTensor } from "../../tensor/tensor.ts";
import { type AffineMap, fitted, hasShift } from "../affine_map.ts";
import type { Builder } from "../builder.ts";
import { contractedTensors } from "../einsum.ts";
import { Skip } from "../skip.ts";
import { LinearMap, type WeightFactor } from "./linear_map.ts";
import { type Channels, type LinearParts, parametersOf, sumOf } from "./linear_parts.ts";
import { MatrixProduct } from "./matrix_product.ts";

/** Letters of the axes of x, of the weight and of the result, one letter per axis; each at most once in each. */
export interface Labels {
  readonly x: string;
  readonly w: string;
  readonly out: string;
}

/** What an {@linkcode EinsumProduct} is made of. */
export interface EinsumParts extends LinearParts {
  /** Its equation, every axis of x with a letter; each letter of the weight is one of x's or the result's. */
  readonly labels: Labels;
  /** Which operand of `form` the weight is. */
  readonly weightIndex: number;
  /** What is added to the result, of its rank. */
  readonly addend?: Factor;
  /** Whether a part of it only multiplies element by element. */
  readonly isFactor?: boolean;
}

const tensorOf = ({ dims, values }: Factor): Tensor => valueTensor("float64", dims, values);

/** f of two arrays of one rank that broadcast over one another. */
function both(a: Factor, b: Factor, f: (x: number, y: number) => number): Factor {
  const result = broadcasted([tensorOf(a), tensorOf(b)], f)!;
  return { dims: result.dims, values: valuesOf(result) };
}

/** An array of so many axes that varies along one of them; along none where that is null. */
function along(values: Float64Array, axis: number | null, rank: number): Factor {
  return { dims: Array.from({ length: rank }, (_, at) => at === axis ? values.length : 1), values };
}

/**
 * Σ x[…]·W[…] over the letters that the result does not have, + b: a product with a constant over any axes, in any order, some
 * perhaps shared by x, W and the result. An affine map along an axis that W has too, before it or behind, goes into W.
 */
export class EinsumProduct extends LinearMap<EinsumParts> {
  readonly kind = "matrix product";

  get input(): Channels {
    const { x, w, out } = this.parts.labels, shared = [...x].filter((letter) => w.includes(letter));
    return this.#channels(x, shared.findLast((letter) => !out.includes(letter)) ?? shared.at(-1)!);
  }

  get output(): Channels {
    const { x, w, out } = this.parts.labels, shared = [...out].filter((letter) => w.includes(letter));
    return this.#channels(out, shared.findLast((letter) => !x.includes(letter)) ?? shared.at(-1) ?? "");
  }

  override get rank(): undefined {
    return undefined;
  }

  override get takesBias(): boolean {
    return false;
  }

  override get holdsFactor(): boolean {
    return this.parts.isFactor === true;
  }

  override biasNumbers(): Float64Array | Skip | undefined {
    const { addend } = this.parts, { axis, channels } = this.output;
    if (!addend) return undefined;
    if (addend.values.length === channels && addend.dims[axis] === channels) return addend.values;
    return new Skip("not-per-channel", `what is added to ${this.label} varies along several axes`);
  }

  override after(affine: AffineMap, nodes: readonly Node[] = []): EinsumProduct | Skip {
    const fit = this.#fitted(affine, "out"), { addend, labels: { out }, work } = this.parts;
    if (fit instanceof Skip) return fit;
    const [scale, shift] = [fit.scale, fit.shift].map((values) => along(values, affine.axis, out.length));
    const scaled = addend ? both(addend, scale, (x, by) => x * by) : undefined;
    return this.with({
      ...this.scaled(fit.scale, { factor: fit.factor }),
      addend: hasShift(fit) ? scaled ? both(scaled, shift, (x, y) => x + y) : shift : scaled,
      nodes: [...this.nodes, ...nodes],
      work: sumOf(work, { macs: 0, parameters: parametersOf(nodes) }),
    });
  }

  override before(affine: AffineMap, x: Value): EinsumProduct | Skip {
    const fit = this.#fitted(affine, "x"), { labels } = this.parts;
    if (fit instanceof Skip) return fit;
    const shift = along(fit.shift, affine.axis, labels.x.length);
    return this.with({
      ...this.scaled(fit.scale, { factor: fit.factor }),
      x,
      ...hasShift(fit) ? { addend: this.#with(this.#through(shift)) } : {},
    });
  }

  shiftThrough(): Skip {
    return new Skip("shift-blocked", `${this.label} takes a shift as an addition behind it`);
  }

  plus(other: LinearMap): EinsumProduct | Skip {
    const next = einsumOf(other);
    if (next instanceof Skip) return next;
    const [a, b] = [this, next].map(({ parts: { labels: { x, w, out } } }) => renamed(`${x},${w},${out}`).join());
    if (a !== b || `${this.parts.weight.dims}` !== `${next.parts.weight.dims}`) {
      return new Skip("other-geometry", `${this.label} and ${other.label} sum over other axes`);
    }
    const weight = broadcasted([this.parts.weight, next.parts.weight], (x, y) => x + y)!;
    return this.#joined(next, { weight, addend: this.#with(next.parts.addend) });
  }

  then(other: LinearMap): EinsumProduct | Skip {
    const next = einsumOf(other);
    if (next instanceof Skip) return next;
    const { x, w, out } = this.parts.labels;
    if (next.parts.labels.x.length !== out.length) {
      return new Skip("other-geometry", `${this.label} makes ${out.length} axes, ${next.label} takes others`);
    }
    const names = new Map([...next.parts.labels.x].map((letter, axis) => [letter, out[axis]]));
    const used = new Set(x + w + out);
    for (const letter of next.parts.labels.w) {
      if (names.has(letter)) continue;
      const fresh = LETTERS.find((one) => !used.has(one)) ?? "";
      used.add(fresh);
      names.set(letter, fresh);
    }
    const rename = (text: string) => [...text].map((letter) => names.get(letter)).join("");
    const second = rename(next.parts.labels.w), last = rename(next.parts.labels.out);
    const axes = [...new Set(w + second)].filter((letter) => x.includes(letter) || last.includes(letter)).join("");
    const weight = contractedTensors([w, second], axes, [this.parts.weight, next.parts.weight]);
    if (!weight) return new Skip("other-channels", `${this.label} and ${next.label} have axes of other lengths`);
    const { addend } = this.parts;
    return this.#joined(next, {
      labels: { x, w: axes, out: last },
      weight,
      addend: addend ? next.#with(next.#through(addend)) : next.parts.addend,
    });
  }

  override precededBy(first: LinearMap): LinearMap | Skip {
    const own = einsumOf(first);
    return own instanceof Skip ? own : own.then(this);
  }

  diagonal(): Skip {
    return new Skip("other-geometry", `'${this.x.name}' itself is no product like ${this.label}`);
  }

  emit(build: Builder): Value | Skip {
    const product = this.#product(build), { addend, origin, weight } = this.parts;
    if (product instanceof Skip || !addend) return product;
    const { node } = origin, last = this.nodes[this.nodes.length - 1], lead = addend.dims.findIndex((dim) => dim > 1);
    const dims = lead < 0 ? [] : addend.dims.slice(lead);
    const sum = build.initializer(origin.bias, valueTensor(weight.type, dims, addend.values));
    // an addition along several axes from earlier may still be there under the first name
    const name = last !== node && last.is("Add", "Sub")
      ? last.name
      : node.name && build.graph.freshName(`${node.name}/bias`);
    return build.node("Add", [product, sum], { name, output: node.output.name });
  }

  protected factorOf(side: "input" | "output", values: Float64Array): WeightFactor {
    const { labels, weight } = this.parts, letters = side === "input" ? labels.x : labels.out;
    return { factor: along(values, labels.w.indexOf(letters[this[side].axis]), weight.dims.length) };
  }

  #channels(letters: string, letter: string): Channels {
    const { labels: { w }, weight } = this.parts;
    return { axis: letters.indexOf(letter), channels: weight.dims[w.indexOf(letter)] ?? 1 };
  }

  /** A map along one axis of x or of the result, as it multiplies the weight. */
  #fitted(
    affine: AffineMap,
    side: "x" | "out",
  ): { scale: Float64Array; shift: Float64Array; factor: Factor } | Skip {
    const { labels, weight } = this.parts, { axis } = affine;
    if (axis === null) return { ...affine, factor: along(affine.scale, null, weight.dims.length) };
    const at = labels.w.indexOf(labels[side][axis]);
    if (at < 0) {
      return new Skip("other-axis", `it goes along axis ${axis}, which the constant of ${this.label} does not have`);
    }
    const fit = fitted(affine, { axis, channels: weight.dims[at] });
    return fit instanceof Skip ? fit : { ...fit, factor: along(fit.scale, at, weight.dims.length) };
  }

  /** What the weight makes of an array of x's rank. */
  #through({ dims, values }: Factor): Factor {
    const { labels: { x, w, out }, weight } = this.parts;
    const own = [...x].filter((_, axis) => dims[axis] > 1).join("");
    const shared = [...out].filter((letter) => own.includes(letter) || w.includes(letter)).join("");
    const tensor = valueTensor("float64", dims.filter((dim) => dim > 1), values);
    const result = contractedTensors([own, w], shared, [tensor, weight])!;
    return {
      dims: [...out].map((letter) => shared.includes(letter) ? result.dims[shared.indexOf(letter)] : 1),
      values: valuesOf(result),
    };
  }

  /** What is added already, and more. */
  #with(more: Factor | undefined): Factor | undefined {
    const { addend } = this.parts;
    return addend && more ? both(addend, more, (x, y) => x + y) : addend ?? more;
  }

  #joined(other: EinsumProduct, change: Partial<EinsumParts>): EinsumProduct | Skip {
    const [a, b] = [this.parts, other.parts], type = this.whyOtherType(other);
    if (type) return type;
    return this.joined(other, { ...change, isFactor: a.isFactor || b.isFactor, weightIndex: 1 });
  }

  #product(build: Builder): Value | Skip {
    const { x, form, weightIndex, labels, origin: { node } } = this.parts;
    const inputs = [x, this.weightInput(build)], naming = { name: node.name, output: node.output.name, after: node };
    if (form) return build.like(form, weightIndex === 1 ? inputs : inputs.toReversed());
    const [a, w, out] = renamed(`${labels.x},${labels.w},${labels.out}`), lead = a.slice(0, -1);
    if (w.length === 2 && a.length > 1 && w[0] === a.at(-1) && out === lead + w[1]) {
      return build.node("MatMul", inputs, naming);
    }
    if (build.graph.opset < 12) {
      return new Skip("unsupported-form", `there is no Einsum before opset 12 to take the place of ${this.label}`);
    }
    return build.node("Einsum", inputs, { ...naming, attributes: [newAttribute("equation", `${a},${w}->${out}`)] });
  }
}

const LETTERS = [..."abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"];

/** Lists of letters, separated by commas, with each letter named by the order in which they come. */
function renamed(text: string): string[] {
  const names = new Map<string, string>();
  const name = (letter: string) => {
    if (!names.has(letter)) names.set(letter, LETTERS[names.size]);
    return names.get(letter)!;
  };
  return text.split(",").map((letters) => [...letters].map(name).join(""));
}

/** A matrix product as such a product. */
function einsumOf(map: LinearMap): EinsumProduct | Skip {
  if (map instanceof EinsumProduct) return map;
  if (!(map instanceof MatrixProduct) || map.parts.isInputTransposed || map.parts.weight.dims.length !== 2) {
    return new Skip("other-channels", `${map.label} is no product of axes that keep their places`);
  }
  const { parts, output, input: { axis } } = map, bias = map.biasNumbers(), { inputRank, side } = parts;
  if (bias instanceof Skip) return bias;
  if (bias && bias.length !== output.channels) {
    return new Skip("not-per-channel", `C of ${map.label} varies along the rows`);
  }
  const x = LETTERS.slice(0, inputRank).join(""), [inner, outer] = [x[axis], LETTERS[inputRank]];
  const out = x.slice(0, axis) + outer + x.slice(axis + 1);
  const labels = { x, out, w: side === "right" ? inner + outer : outer + inner };
  return new EinsumProduct({
    ...parts,
    labels,
    weight: map.matrix,
    stored: undefined,
    bias: undefined,
    addend: bias && along(bias, axis, out.length),
    form: undefined,
    weightIndex: 1,
  });
}
