import { newAttribute } from "../../graph/attribute.ts";
import type { Dim, Value } from "../../graph/graph.ts";
import { composedKernels, summedKernels } from "../../tensor/kernels.ts";
import { forEachChunk, sizeOf, type Tensor, valueTensor } from "../../tensor/tensor.ts";
import { fitted } from "../affine_map.ts";
import type { Builder } from "../builder.ts";
import { Skip } from "../skip.ts";
import { isUnpadded, type Window } from "../window.ts";
import {
  type AxisWindow,
  axisWindows,
  composedWindow,
  extent,
  gcd,
  isPointwise,
  ONE_TAP,
  outputLength,
  type UnionWindow,
  unionWindow,
  whyTooLarge,
  windowFrom,
} from "./axis_window.ts";
import { scaledBias, summedBias } from "./bias.ts";
import { LinearMap, type WeightFactor } from "./linear_map.ts";
import { type Channels, type Diagonal, type LinearParts, parametersOf, sumOf } from "./linear_parts.ts";

/** What a {@linkcode Convolution} is made of. */
export interface ConvolutionParts extends LinearParts {
  /** Number of groups. */
  readonly group: number;
  /** How it slides. */
  readonly window: Window;
  /** Whether its windows lie side by side and cover all of its input, so that zeros around its result are zeros of its input. */
  readonly isTiling?: boolean;
}

/**
 * Convolutions, average pools and identities, alone or put together, as one convolution with the kernel W[M, C/g, k…].
 *
 * After it, y ↦ s·y + t: W'[m] = s_m·W[m], b' = b·s + t. Before it, x ↦ s·x + t: W'[m, i] = W[m, i]·s_c with the input channel
 * c of (m, i), exact at any padding because padded zeros stay zeros; b'[m] = b[m] + Σ W[m, i, k]·t_c, exact only where no
 * window sees a padded cell, or where that sum is made of zeros.
 */
export class Convolution extends LinearMap<ConvolutionParts> {
  readonly kind = "convolution";

  get input(): Channels {
    return { axis: 1, channels: this.parts.weight.dims[1] * this.parts.group };
  }

  get output(): Channels {
    return { axis: 1, channels: this.parts.weight.dims[0] };
  }

  /** Its window axis by axis; a reason where that is not known. */
  get axes(): AxisWindow[] | Skip {
    return axisWindows(this.parts.window, this.label);
  }

  /** Whether it treats every position alike: 1×1 at stride 1, unpadded. */
  override get isPointwise(): boolean {
    const { axes } = this;
    return !(axes instanceof Skip) && axes.every(isPointwise);
  }

  plus(other: LinearMap): Convolution | Skip {
    if (!(other instanceof Convolution)) return this.whyOtherKind(other);
    const [m, n] = [this.output.channels, other.output.channels];
    if (m !== n) {
      return new Skip("other-channels", `${this.label} has ${m} output channels, ${other.label} has ${n}`);
    }
    const misfit = this.#misfit(other, this.input.channels, other.input.channels),
      mine = this.axes,
      others = other.axes;
    if (misfit) return misfit;
    if (mine instanceof Skip) return mine;
    if (others instanceof Skip) return others;
    const spatial = spatialOf(this.x);
    const unions = mine.map((axis, at) => unionWindow(axis, others[at], spatial?.[at] ?? null));
    const apart = unions.find((union) => union instanceof Skip);
    if (apart) return new Skip(apart.code, `${this.label} and ${other.label}: ${apart.reason}`);
    const fits = unions as UnionWindow[], group = gcd(this.parts.group, other.parts.group);
    const kernel = fits.map(({ window }) => window.size), large = whyTooLarge(kernel, this.label);
    if (large) return large;
    const placed = [this, other].map(({ parts: { weight, group } }, index) => ({
      weight,
      group,
      offset: fits.map(({ offsets }) => offsets[index]),
      step: fits.map(({ steps }) => steps[index]),
    }));
    const biases = this.biases(other);
    if (biases instanceof Skip) return biases;
    return this.joined(other, {
      weight: summedKernels(placed, [m, this.input.channels / group, ...kernel], group),
      group,
      window: windowFrom(fits.map(({ window }) => window)),
      isTiling: undefined,
      bias: summedBias(...biases),
    });
  }

  then(next: LinearMap): LinearMap | Skip {
    if (!(next instanceof Convolution)) return next.precededBy?.(this) ?? this.whyOtherKind(next);
    const misfit = this.#misfit(next, this.output.channels, next.input.channels), first = this.axes, second = next.axes;
    if (misfit) return misfit;
    if (first instanceof Skip) return first;
    if (second instanceof Skip) return second;
    const isPadded = !isUnpadded(next.parts.window);
    const isTiling = this.parts.isTiling ||
      first.every(({ size, begin, end }) => size === 1 && begin === 0 && end === 0);
    if (isPadded && !isTiling) {
      return new Skip(
        "shift-at-border",
        `${next.label} pads the result of ${this.label} with zeros, and a kernel that does the work of both would see ` +
          `the input there`,
      );
    }
    const biases = this.biases(next);
    if (biases instanceof Skip) return biases;
    const [bias, after] = biases;
    if (isPadded && bias?.some((value) => value !== 0)) {
      return new Skip(
        "shift-at-border",
        `${next.label} pads the result of ${this.label} with zeros, and its bias would have to end at that border`,
      );
    }
    const through = bias && !isPadded ? next.#through(bias) : undefined;
    const ratio = this.#positionsFor(first, second), group = gcd(this.parts.group, next.parts.group);
    const chains = first.map((axis, at) => composedWindow(axis, second[at]));
    const kernel = chains.map(({ window }) => window.size), large = whyTooLarge(kernel, this.label);
    if (large) return large;
    const steps = [chains.map(({ steps }) => steps[0]), chains.map(({ steps }) => steps[1])] as const;
    const dims = [next.output.channels, this.input.channels / group, ...kernel];
    const { macs, parameters } = this.parts.work;
    return this.joined(next, {
      work: sumOf({ macs: macs * ratio, parameters }, next.parts.work),
      weight: composedKernels(this.parts, next.parts, steps, dims, group),
      group,
      window: windowFrom(chains.map(({ window }) => window)),
      isTiling: undefined,
      bias: summedBias(after, through),
    });
  }

  diagonal({ x, affine, nodes }: Diagonal): Convolution | Skip {
    const { axis, channels } = this.input, { weight, window, origin } = this.parts;
    if (channels !== this.output.channels) {
      return new Skip(
        "other-channels",
        `${this.label} makes ${this.output.channels} channels of ${channels}, so '${x.name}' itself is no convolution ` +
          `like it`,
      );
    }
    const fit = fitted(affine, { axis, channels });
    if (fit instanceof Skip) return fit;
    return new Convolution({
      x,
      nodes,
      layers: 0,
      work: { macs: 0, parameters: parametersOf(nodes) },
      weight: valueTensor(weight.type, [channels, 1, ...window.kernel.map(() => 1)], fit.scale),
      bias: scaledBias(undefined, fit),
      group: channels,
      window: windowFrom(window.kernel.map(() => ONE_TAP)),
      origin: { ...origin, size: -1 },
    });
  }

  emit(build: Builder): Value {
    const { x, form, window, group, origin } = this.parts, inputs = [x, this.weightInput(build), this.biasInput(build)];
    if (form) return build.like(form, inputs);
    const { node } = origin, pads = [...window.begin, ...window.end] as number[];
    return build.node("Conv", inputs, {
      name: node.name,
      output: node.output.name,
      after: node,
      attributes: [
        newAttribute("dilations", window.dilations),
        newAttribute("group", group),
        newAttribute("kernel_shape", window.kernel),
        newAttribute("pads", pads),
        newAttribute("strides", window.strides),
      ],
    });
  }

  shiftThrough(shift: Float64Array): Float64Array | Skip | undefined {
    const { window } = this.parts;
    if (isUnpadded(window)) return this.#through(shift);
    if (!this.#isVisible(shift)) return undefined;
    const pads = [...window.begin, ...window.end];
    return pads.includes(null)
      ? new Skip(
        "unknown-shape",
        `${this.label} pads by auto_pad, how much is not known without the input's size: its zeros would have to become ` +
          `the shift`,
      )
      : new Skip(
        "shift-at-border",
        `${this.label} pads its input with zeros (pads ${pads}), which a folded shift would have to turn into other ` +
          `values at the border`,
      );
  }

  protected factorOf(side: "input" | "output", values: Float64Array): WeightFactor {
    return convolutionFactor(this.parts, side === "output", values);
  }

  /** Why two convolutions do not fit together: types, ranks, channels. */
  #misfit(other: Convolution, left: number, right: number): Skip | undefined {
    const type = this.whyOtherType(other);
    if (type) return type;
    if (this.parts.window.kernel.length !== other.parts.window.kernel.length) {
      return new Skip("other-geometry", `${this.label} and ${other.label} have kernels of different ranks`);
    }
    if (left === right) return undefined;
    return new Skip("other-channels", `${this.label} has ${left} channels where ${other.label} has ${right}`);
  }

  /** How many positions of this result there are, at least, for one of the next; 1 where that is not known. */
  #positionsFor(first: readonly AxisWindow[], second: readonly AxisWindow[]): number {
    const spatial = spatialOf(this.x);
    let ratio = 1;
    for (const [axis, next] of second.entries()) {
      const middle = outputLength(first[axis], spatial?.[axis] ?? null), last = outputLength(next, middle);
      if (typeof middle === "number" && typeof last === "number" && last > 0) ratio *= middle / last;
      else if (next.begin + next.end <= extent(next) + 1 - next.stride) ratio *= next.stride;
      else if (next.begin + next.end > extent(next)) return 1;
    }
    return ratio;
  }

  /** Σ over i and k of W[m, i, k]·t_c, for every output channel m. */
  #through(shift: Float64Array): Float64Array {
    const sums = new Float64Array(this.output.channels);
    forEachWeight(this.parts, (value, m, c) => sums[m] += value * shift[c]);
    return sums;
  }

  /** Whether a weight that is not zero would see the shift, so that padding shows it. */
  #isVisible(shift: Float64Array): boolean {
    let isSeen = false;
    forEachWeight(this.parts, (value, _m, c) => isSeen ||= value !== 0 && shift[c] !== 0);
    return isSeen;
  }
}

/** Numbers along the first axis of a weight [channels, others per group, k…], or along the channels of the other side. */
export function convolutionFactor(
  { weight: { dims }, group }: { weight: Tensor; group: number },
  isAlongFirst: boolean,
  values: Float64Array,
): WeightFactor {
  const [channels, perGroup, ...kernel] = dims, ones = kernel.map(() => 1);
  return isAlongFirst
    ? { factor: { dims: [channels, 1, ...ones], values } }
    : { factor: { dims: [group, 1, perGroup, ...ones], values }, view: [group, channels / group, perGroup, ...kernel] };
}

/** Calls `visit` with each weight, its output channel and its input channel. */
function forEachWeight(
  { weight, group }: { weight: Tensor; group: number },
  visit: (value: number, m: number, c: number) => void,
): void {
  const [channels, perGroup, ...kernel] = weight.dims, area = sizeOf(kernel), perOut = channels / group;
  forEachChunk(weight, (values, start) => {
    for (let at = 0; at < values.length; at++) {
      const block = Math.floor((start + at) / area), m = Math.floor(block / perGroup);
      visit(values[at], m, Math.floor(m / perOut) * perGroup + block % perGroup);
    }
  });
}

/** The sizes over which a convolution slides. */
export function spatialOf(x: Value): readonly Dim[] | undefined {
  return x.shape?.slice(2);
}
