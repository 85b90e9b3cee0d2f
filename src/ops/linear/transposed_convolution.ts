import type { Attribute, Value } from "../../graph/graph.ts";
import { transposed } from "../../tensor/arrange.ts";
import { mixedKernel } from "../../tensor/kernels.ts";
import { matrixProduct, summedMatrices } from "../../tensor/matrices.ts";
import { forEachChunk, reshaped, sizeOf, type Tensor } from "../../tensor/tensor.ts";
import type { Builder } from "../builder.ts";
import { Skip } from "../skip.ts";
import { windowOf } from "../window.ts";
import { summedBias } from "./bias.ts";
import { Convolution, convolutionFactor } from "./convolution.ts";
import { LinearMap, type WeightFactor } from "./linear_map.ts";
import { type Channels, type LinearParts, sumOf } from "./linear_parts.ts";

/** What a {@linkcode TransposedConvolution} is made of. */
export interface TransposedParts extends LinearParts {
  /** Number of groups. */
  readonly group: number;
  /** The node whose attributes it has: it keeps its geometry in every combination. */
  readonly form: NonNullable<LinearParts["form"]>;
}

/** Attributes that say how a transposed convolution spreads its input. */
const GEOMETRY = [
  "auto_pad",
  "dilations",
  "group",
  "kernel_shape",
  "output_padding",
  "output_shape",
  "pads",
  "strides",
];

/**
 * A transposed convolution, any rank and group: W[Cin, Cout/g, k…]. Row c belongs to group c div (Cin/g), so its entry j makes
 * output channel o = (c div (Cin/g))·(Cout/g) + j.
 *
 * After it: W'[c, j] = s_o·W[c, j], b' = b·s + t. Before it: W'[c] = s_c·W[c]; a shift is spread evenly only by a 1×1 kernel at
 * stride 1 without padding, where b'[o] = b[o] + Σ_c W[c, j]·t_c. A 1×1 convolution after it: W'[c, m] = Σ V[m, n]·W[c, n]; before
 * it, where it has no bias: W'[c, m] = Σ V[n, c]·W[n, m]. Its work is counted per position of its input.
 */
export class TransposedConvolution extends LinearMap<TransposedParts> {
  readonly kind = "transposed convolution";

  get input(): Channels {
    return { axis: 1, channels: this.parts.weight.dims[0] };
  }

  get output(): Channels {
    return { axis: 1, channels: this.parts.weight.dims[1] * this.parts.group };
  }

  plus(other: LinearMap): TransposedConvolution | Skip {
    if (!(other instanceof TransposedConvolution)) return this.whyOtherKind(other);
    const [a, b] = [this.parts, other.parts], type = this.whyOtherType(other);
    if (type) return type;
    const of = ({ form }: TransposedParts) => JSON.stringify(GEOMETRY.map((name) => form.attribute(name) ?? null));
    if (of(a) !== of(b) || a.weight.dims.join() !== b.weight.dims.join()) {
      return new Skip("other-geometry", `${this.label} and ${other.label} have other attributes or kernels`);
    }
    const biases = this.biases(other), { dims } = a.weight;
    if (biases instanceof Skip) return biases;
    const flat = [a.weight, b.weight].map((weight) => reshaped(weight, [dims[0], sizeOf(dims.slice(1))]));
    return this.joined(other, {
      weight: reshaped(summedMatrices(flat), dims),
      form: a.form,
      bias: summedBias(...biases),
    });
  }

  then(next: LinearMap): TransposedConvolution | Skip {
    const matrix = this.#pointwise(next);
    if (matrix instanceof Skip) return matrix;
    const biases = this.biases(next);
    if (biases instanceof Skip) return biases;
    const [own, others] = biases, through = own && next.shiftThrough(own);
    if (through instanceof Skip) return through;
    const { macs, parameters } = next.parts.work, { form, origin } = this.parts;
    return this.joined(next, {
      form,
      origin,
      work: sumOf(this.parts.work, { macs: macs * this.#growth(), parameters }),
      weight: mixedKernel(this.parts.weight, matrix),
      bias: through ? summedBias(others, through) : others,
    });
  }

  override precededBy(first: LinearMap): TransposedConvolution | Skip {
    const matrix = this.#pointwise(first), bias = first.biasNumbers();
    if (matrix instanceof Skip) return matrix;
    if (bias instanceof Skip) return bias;
    if (bias?.some((entry) => entry !== 0)) {
      return new Skip(
        "shift-at-border",
        `${first.label} has a bias, and the cells of the result of ${this.label} see different numbers of its cells`,
      );
    }
    const [rows, ...rest] = this.parts.weight.dims, turned = transposed(matrix, [1, 0]);
    const product = matrixProduct(turned, reshaped(this.parts.weight, [rows, sizeOf(rest)]));
    const { form, origin } = this.parts;
    return this.joined(first, {
      form,
      origin,
      x: first.x,
      nodes: [...first.nodes, ...this.nodes],
      weight: reshaped(product, [turned.dims[0], ...rest]),
    });
  }

  diagonal(): Skip {
    return new Skip("other-geometry", `${this.label} is a transposed convolution: its input itself is none like it`);
  }

  emit(build: Builder, attributes?: Iterable<Attribute>): Value {
    const { x, form } = this.parts;
    return build.like(form, [x, this.weightInput(build), this.biasInput(build)], attributes);
  }

  shiftThrough(shift: Float64Array): Float64Array | Skip {
    const { weight, group } = this.parts, [inputs, perGroup, ...kernel] = weight.dims;
    if (!this.#isPointwise(kernel)) {
      return new Skip(
        "shift-at-border",
        `${this.label} is a transposed convolution that is not 1×1 at stride 1: its output cells see different numbers ` +
          `of input cells, so the shift would not come out even`,
      );
    }
    const sums = new Float64Array(this.output.channels);
    forEachChunk(weight, (values, start) => {
      for (let at = 0; at < values.length; at++) {
        const c = Math.floor((start + at) / perGroup), j = (start + at) % perGroup;
        sums[Math.floor(c / (inputs / group)) * perGroup + j] += values[at] * shift[c];
      }
    });
    return sums;
  }

  protected factorOf(side: "input" | "output", values: Float64Array): WeightFactor {
    return convolutionFactor(this.parts, side === "input", values);
  }

  /** The matrix V[m, n] of a 1×1 convolution without groups, of this one's type and rank. */
  #pointwise(other: LinearMap): Tensor | Skip {
    const { weight, group } = this.parts;
    if (!(other instanceof Convolution)) return this.whyOtherKind(other);
    if (!other.isPointwise || other.parts.group !== 1 || group !== 1) {
      return new Skip(
        "other-geometry",
        `${other.label} beside the transposed convolution ${this.label} is not 1×1 at stride 1, or one of them has groups`,
      );
    }
    const { weight: kernel } = other.parts;
    if (weight.dims.length !== kernel.dims.length) {
      return new Skip("other-geometry", `${this.label} and ${other.label} have kernels of different ranks`);
    }
    return this.whyOtherType(other) ?? reshaped(kernel, kernel.dims.slice(0, 2));
  }

  /** Output positions for one of the input, at least; 1 where that is not known. */
  #growth(): number {
    const { form, weight } = this.parts, kernel = weight.dims.slice(2);
    const x = this.x.shape, y = form.output.shape;
    const { strides, dilations, begin, end } = windowOf(form, kernel, undefined);
    let ratio = 1;
    for (let axis = 0; axis < kernel.length; axis++) {
      const from = x?.[axis + 2], to = y?.[axis + 2], before = begin[axis], after = end[axis];
      if (typeof from === "number" && typeof to === "number") ratio *= to / from;
      else if (form.numbers("output_shape") || before === null || after === null) return 1;
      else if (before + after <= dilations[axis] * (kernel[axis] - 1) + 1 - strides[axis]) ratio *= strides[axis];
      else return 1;
    }
    return ratio;
  }

  #isPointwise(kernel: readonly number[]): boolean {
    const { form } = this.parts;
    const all = (name: string, value: number) => (form.numbers(name) ?? []).every((entry) => entry === value);
    return kernel.every((size) => size === 1) && all("strides", 1) && all("pads", 0) && all("output_padding", 0) &&
      form.numbers("output_shape") === undefined;
  }
}
