import { newAttribute } from "../../graph/attribute.ts";
import { constantOf } from "../../ops/constant.ts";
import type { Dim, Node, Value } from "../../graph/graph.ts";
import { isSame, isUnpadded, windowOf } from "../../ops/window.ts";
import type { Builder } from "../../ops/builder.ts";
import { Skip } from "../../ops/skip.ts";
import { composedKernels, summedKernels } from "../../tensor/kernels.ts";
import { multiplied } from "../../tensor/multiply.ts";
import { filledTensor, forEachChunk, sizeOf, type Tensor, valueTensor } from "../../tensor/tensor.ts";
import type { AffineMap } from "../../ops/affine_map.ts";
import { biasOf, fitted, nameAfter, weightOf } from "../weights.ts";
import { chain, outputOf, type Slide, slidesOf, union } from "./geometry.ts";
import { type Diagonal, type LinearMap, scaledBias, summedBias, sumOf, type Work } from "./linear_map.ts";

/** What a {@link Convolution} is made of. */
type ConvolutionInit = Pick<Convolution, "x" | "nodes" | "work" | "isSure" | "weight" | "bias" | "group" | "slides">;

/** Conv nodes, average pools and identities, alone or put together, as one convolution. */
export class Convolution implements LinearMap {
  readonly kind = "convolution";
  readonly x!: Value;
  readonly nodes!: readonly Node[];
  readonly work!: Work;
  readonly isSure!: boolean;
  /** Kernel [M, C/group, k…]. */
  readonly weight!: Tensor;
  /** One summand an output channel; undefined where there is none. */
  readonly bias!: Float64Array | undefined;
  /** Number of groups. */
  readonly group!: number;
  /** How it slides, one entry a spatial axis. */
  readonly slides!: readonly Slide[];

  /** A convolution of parts that fit. */
  constructor(init: ConvolutionInit) {
    Object.assign(this, init);
  }

  get cost(): Work {
    return { macs: this.weight.size, parameters: this.weight.size + (this.bias?.length ?? 0) };
  }

  get label(): string {
    return this.nodes[this.nodes.length - 1]?.label ?? `'${this.x.name}'`;
  }

  plus(other: LinearMap): Convolution | Skip {
    if (!(other instanceof Convolution)) return new Skip("other-channels", `${other.label} is a matrix product`);
    const [m, n] = [this, other].map(({ weight }) => weight.dims[0]);
    if (m !== n) return new Skip("other-channels", `${this.label} has ${m} output channels, ${other.label} has ${n}`);
    const misfit = unlike(this, other);
    if (misfit) return misfit;
    const spatial = spatialOf(this.x), slides: Slide[] = [], places: ReturnType<typeof placed>[] = [];
    for (let axis = 0; axis < this.slides.length; axis++) {
      const both = union(this.slides[axis], other.slides[axis], spatial?.[axis] ?? null);
      if (both instanceof Skip) return new Skip(both.code, `${this.label} and ${other.label}: ${both.reason}`);
      slides.push(both.slide);
      places.push(placed(both.offsets, both.steps));
    }
    const group = gcd(this.group, other.group);
    const dims = [m, this.weight.dims[1] * this.group / group, ...slides.map(({ size }) => size)];
    const parts = [this, other].map(({ weight, group }, index) => ({
      weight,
      group,
      offset: places.map((place) => place[index].offset),
      step: places.map((place) => place[index].step),
    }));
    return new Convolution({
      ...this,
      nodes: [...this.nodes, ...other.nodes],
      work: sumOf(this.work, other.work),
      isSure: this.isSure && other.isSure,
      weight: summedKernels(parts, dims, group),
      bias: summedBias(this.bias, other.bias),
      group,
      slides,
    });
  }

  then(next: LinearMap): Convolution | Skip {
    if (!(next instanceof Convolution)) return new Skip("other-channels", `${next.label} is a matrix product`);
    const misfit = unlike(this, next, this.weight.dims[0], next.weight.dims[1] * next.group);
    if (misfit) return misfit;
    const isPadded = next.slides.some(({ begin, end }) => begin !== 0 || end !== 0);
    const isTap = this.slides.every(({ size, begin, end }) => size === 1 && begin === 0 && end === 0);
    if (isPadded && !isTap) {
      return new Skip(
        "shift-at-border",
        `${next.label} pads the result of ${this.label} with zeros, and a kernel that does the work of both would see ` +
          `the input there`,
      );
    }
    if (isPadded && this.bias?.some((value) => value !== 0)) {
      return new Skip(
        "shift-at-border",
        `${next.label} pads the result of ${this.label} with zeros, and its bias would have to end at that border`,
      );
    }
    const ratio = positions(this, next);
    const chains = this.slides.map((slide, axis) => chain(slide, next.slides[axis]));
    const slides = chains.map(({ slide }) => slide), group = gcd(this.group, next.group);
    const dims = [
      next.weight.dims[0],
      this.weight.dims[1] * this.group / group,
      ...slides.map(({ size }) => size),
    ];
    const steps = [chains.map(({ steps }) => steps[0]), chains.map(({ steps }) => steps[1])] as const;
    return new Convolution({
      x: this.x,
      nodes: [...this.nodes, ...next.nodes],
      work: sumOf({ macs: this.work.macs * (ratio ?? 1), parameters: this.work.parameters }, next.work),
      isSure: this.isSure && next.isSure && ratio !== undefined,
      weight: composedKernels(this, next, steps, dims, group),
      bias: this.bias ? summedBias(next.bias, biasThrough(this.bias, next)) : next.bias,
      group,
      slides,
    });
  }

  scaled(affine: AffineMap, nodes: readonly Node[], parameters: number): Convolution | Skip {
    const channels = this.weight.dims[0], fit = fitted(affine, { axis: 1, channels });
    if (fit instanceof Skip) return fit;
    const factor = { dims: [channels, ...this.weight.dims.slice(1).map(() => 1)], values: fit.scale };
    return new Convolution({
      ...this,
      nodes: [...this.nodes, ...nodes],
      work: sumOf(this.work, { macs: 0, parameters }),
      weight: multiplied(this.weight, factor),
      bias: scaledBias(this.bias, fit.scale, fit.shift),
    });
  }

  diagonal({ x, affine, nodes, parameters }: Diagonal): Convolution | Skip {
    const channels = this.weight.dims[1] * this.group;
    if (channels !== this.weight.dims[0]) {
      return new Skip(
        "other-channels",
        `${this.label} makes ${
          this.weight.dims[0]
        } channels of ${channels}, so '${x.name}' itself is no convolution like it`,
      );
    }
    const fit = fitted(affine, { axis: 1, channels });
    if (fit instanceof Skip) return fit;
    return new Convolution({
      x,
      nodes,
      work: { macs: 0, parameters },
      isSure: true,
      weight: valueTensor(this.weight.type, [channels, 1, ...this.slides.map(() => 1)], fit.scale),
      bias: scaledBias(undefined, fit.scale, fit.shift),
      group: channels,
      slides: this.slides.map(() => ({ size: 1, stride: 1, dilation: 1, begin: 0, end: 0 })),
    });
  }

  emit(build: Builder): Value {
    const main = mainOf(this.nodes), { slides, group, bias, weight } = this;
    const weightName = nameAfter(main.inputs[1], `${main.label}.weight`);
    const ints = (name: string, of: (slide: Slide) => number) => newAttribute(name, slides.map(of));
    return build.node("Conv", [
      this.x,
      build.initializer(weightName, weight),
      bias && build.initializer(
        nameAfter(main.inputs[2], `${weightName}.bias`),
        valueTensor(weight.type, [bias.length], bias),
      ),
    ], {
      name: main.name,
      output: main.output.name,
      after: main,
      attributes: [
        ints("dilations", ({ dilation }) => dilation),
        newAttribute("group", group),
        ints("kernel_shape", ({ size }) => size),
        newAttribute("pads", [...slides.map(({ begin }) => begin), ...slides.map(({ end }) => end)]),
        ints("strides", ({ stride }) => stride),
      ],
    });
  }
}

/** A Conv node or an average pool of constant divisor as a convolution; undefined for another operator. */
export function convolutionAt(node: Node): Convolution | Skip | undefined {
  if (node.is("Conv")) return convolution(node);
  if (node.is("AveragePool")) return averagePool(node);
}

function convolution(node: Node): Convolution | Skip {
  const weight = weightOf(node, 1, "weight");
  if (weight instanceof Skip) return weight;
  const [channels, perGroup, ...kernel] = weight.dims, group = node.number("group", 1), x = node.inputs[0]!;
  if (kernel.length === 0 || channels % group !== 0 || perGroup === 0) {
    return new Skip(
      "invalid-parameter",
      `the weight of ${node.label} has the shape [${weight.dims}], which is no kernel for group ${group}`,
    );
  }
  const slides = slidesOf(windowOf(node, kernel, spatialOf(x)), node.label);
  if (slides instanceof Skip) return slides;
  const bias = node.has(2) ? biasOf(node, 2, channels) : undefined;
  if (bias instanceof Skip) return bias;
  const work = { macs: weight.size, parameters: weight.size + (bias?.length ?? 0) };
  return new Convolution({ x, nodes: [node], work, isSure: true, weight, bias, group, slides });
}

/** An average pool whose windows all have the same divisor: a depthwise convolution by 1/k. */
function averagePool(node: Node): Convolution | Skip | undefined {
  const x = node.inputs[0]!, kernel = node.numbers("kernel_shape"), channels = x.shape?.[1], type = x.type;
  if (!kernel || typeof channels !== "number" || !type || node.outputs.length !== 1) return undefined;
  const window = windowOf(node, kernel, spatialOf(x));
  const slides = slidesOf(window, node.label);
  if (slides instanceof Skip) return slides;
  if (!isUnpadded(window) && (node.number("count_include_pad", 0) === 0 || isSame(node))) {
    return new Skip(
      "shift-at-border",
      `${node.label} does not count padded cells, so its windows at the border have another divisor`,
    );
  }
  if (window.ceil && slides.some((slide, axis) => !fillsWindows(slide, spatialOf(x)?.[axis] ?? null))) {
    return new Skip(
      "shift-at-border",
      `${node.label} may have partial windows at the end (ceil_mode), which have another divisor`,
    );
  }
  const size = sizeOf(kernel);
  return new Convolution({
    x,
    nodes: [node],
    work: { macs: channels * size, parameters: 0 },
    isSure: true,
    weight: filledTensor(type, [channels, 1, ...kernel], 1 / size),
    bias: undefined,
    group: channels,
    slides,
  });
}

/** Whether the last window ends where the padded input does. */
function fillsWindows(slide: Slide, length: Dim): boolean {
  if (typeof length !== "number") return false;
  return (length + slide.begin + slide.end - slide.dilation * (slide.size - 1) - 1) % slide.stride === 0;
}

function gcd(a: number, b: number): number {
  return b === 0 ? a : gcd(b, a % b);
}

function spatialOf(x: Value): readonly Dim[] | undefined {
  return x.shape?.slice(2);
}

/** Why two convolutions do not fit together: types, ranks, channels. */
function unlike(
  a: Convolution,
  b: Convolution,
  left: number = a.weight.dims[1] * a.group,
  right: number = b.weight.dims[1] * b.group,
): Skip | undefined {
  if (a.weight.type !== b.weight.type) {
    return new Skip("element-type", `${a.label} has ${a.weight.type} weights, ${b.label} ${b.weight.type}`);
  }
  if (a.slides.length !== b.slides.length) {
    return new Skip("other-geometry", `${a.label} and ${b.label} have kernels of different ranks`);
  }
  if (left !== right) {
    return new Skip("other-channels", `${a.label} has ${left} channels where ${b.label} has ${right}`);
  }
}

function placed(offsets: readonly [number, number], steps: readonly [number, number]) {
  return [0, 1].map((index) => ({ offset: offsets[index], step: steps[index] }));
}

/** W₂·b₁ summed over all taps: what a bias becomes behind an unpadded convolution. */
function biasThrough(bias: Float64Array, { weight, group }: Convolution): Float64Array {
  const [channels, perGroup, ...kernel] = weight.dims, area = sizeOf(kernel), out = new Float64Array(channels);
  forEachChunk(weight, (values, start) => {
    for (let at = 0; at < values.length; at++) {
      const block = Math.floor((start + at) / area), m = Math.floor(block / perGroup);
      out[m] += values[at] * bias[Math.floor(m / (channels / group)) * perGroup + block % perGroup];
    }
  });
  return out;
}

/** How many positions of the first result there are, at least, for one of the second. */
function positions(first: Convolution, second: Convolution): number | undefined {
  const spatial = spatialOf(first.x);
  let ratio = 1;
  for (let axis = 0; axis < first.slides.length; axis++) {
    const middle = outputOf(first.slides[axis], spatial?.[axis] ?? null), slide = second.slides[axis];
    const last = outputOf(slide, middle);
    if (typeof middle === "number" && typeof last === "number" && last > 0) ratio *= middle / last;
    else if (slide.begin + slide.end > slide.dilation * (slide.size - 1)) return undefined;
  }
  return ratio;
}

/** The node a new one is named after: the Conv with the largest weight. */
function mainOf(nodes: readonly Node[]): Node {
  let main = nodes[0], most = -1;
  for (const node of nodes) {
    const size = node.is("Conv") ? constantOf(node.inputs[1])?.size ?? 0 : -1;
    if (size > most) [main, most] = [node, size];
  }
  return main;
}
