import type { Node, Value } from "../../graph/graph.ts";
import { sizeOf, valueTensor } from "../../tensor/tensor.ts";
import { axisOf } from "../constant.ts";
import { cutsOf } from "../slice_cuts.ts";
import { isFloat } from "../../tensor/element_type.ts";
import { windowFrom } from "./axis_window.ts";
import { Convolution } from "./convolution.ts";
import { weightlessParts } from "./linear_parts.ts";

/** Weights of zeros and ones of more elements than this are not written out. */
const MOST_WEIGHTS = 1 << 18;

/** Cells of x that stand side by side in channels of the result: x itself at some steps along its spatial axes. */
interface Patches {
  readonly x: Value;
  /** Step along each spatial axis, by which the size of x is divisible. */
  readonly steps: readonly number[];
  /** Where each channel of the result begins: a channel of x, and an offset along each spatial axis. */
  readonly places: readonly { readonly channel: number; readonly offsets: readonly number[] }[];
  /** The nodes, in order. */
  readonly nodes: readonly Node[];
}

/** Patches as a convolution whose windows lie side by side, with a kernel of zeros and ones and no arithmetic of its own. */
function convolutionOf(patches: Patches | undefined, node: Node): Convolution | undefined {
  const { x, steps, places, nodes } = patches ?? {}, channels = x?.shape?.[1];
  if (!x || !steps || !places || !nodes || typeof channels !== "number" || !isFloat(x.type)) return undefined;
  const dims = [places.length, channels, ...steps], area = sizeOf(steps);
  if (sizeOf(dims) > MOST_WEIGHTS) return undefined;
  const weights = new Float64Array(sizeOf(dims));
  places.forEach(({ channel, offsets }, out) => {
    const at = offsets.reduce((sum, offset, axis) => sum * steps[axis] + offset, 0);
    weights[(out * channels + channel) * area + at] = 1;
  });
  return new Convolution({
    ...weightlessParts(node, valueTensor(x.type!, dims, weights)),
    x,
    nodes,
    group: 1,
    window: windowFrom(steps.map((size) => ({ size, stride: size, dilation: 1, begin: 0, end: 0 }))),
    isTiling: true,
  });
}

/** What changes slowest from channel to channel of the result. */
type Order = "offsets" | "channels";

/**
 * Channels of x at each offset of a block, channel after channel for each offset or offset after offset for each channel. Undefined
 * where they are too many, as a model may claim them to be.
 */
function placesOf(
  offsets: readonly (readonly number[])[],
  channels: number,
  first: Order,
): Patches["places"] | undefined {
  if (offsets.length === 0 || offsets.length * channels > MOST_WEIGHTS) return undefined;
  const all = [...Array(channels).keys()];
  return first === "offsets"
    ? offsets.flatMap((offset) => all.map((channel) => ({ channel, offsets: offset })))
    : all.flatMap((channel) => offsets.map((offset) => ({ channel, offsets: offset })));
}

/** Every offset in a block of two axes, row by row; none where they are too many. */
function blockOffsets(block: number): number[][] {
  if (block * block > MOST_WEIGHTS) return [];
  return Array.from({ length: block * block }, (_, at) => [Math.floor(at / block), at % block]);
}

/** SpaceToDepth. */
export function spaceToDepthLinear(node: Node): Convolution | undefined {
  const [x] = node.inputs, block = node.number("blocksize", 1), channels = x?.shape?.[1];
  if (!x || typeof channels !== "number" || block < 2) return undefined;
  const places = placesOf(blockOffsets(block), channels, "offsets");
  return places && convolutionOf({ x, steps: [block, block], places, nodes: [node] }, node);
}

/** Concat of Slices of one value, each at steps from an offset to the end: Focus (YOLOv5), written out. */
export function concatLinear(node: Node): Convolution | undefined {
  const rank = node.output.shape?.length;
  if (!rank || rank < 3 || axisOf(node, rank, 1) !== 1 || node.inputs.length < 2) return undefined;
  const parts = node.inputs.map((value) => value && sliceOf(value, rank));
  const [first] = parts, channels = first?.x.shape?.[1];
  if (!first || typeof channels !== "number" || first.nodes.length === 0) return undefined;
  const offsets: number[][] = [], nodes = new Set<Node>();
  for (const part of parts) {
    if (part?.x !== first.x || `${part.steps}` !== `${first.steps}`) return undefined;
    offsets.push(part.offsets);
    for (const one of part.nodes) nodes.add(one);
  }
  // parts from the first and from the last offset have one length only where the step divides that of x
  const isWhole = first.steps.every((step, axis) =>
    step === 1 || [0, step - 1].every((offset) => offsets.some((one) => one[axis] === offset))
  );
  if (!isWhole) return undefined;
  const places = placesOf(offsets, channels, "offsets");
  return places && convolutionOf({ x: first.x, steps: first.steps, places, nodes: [...nodes, node] }, node);
}

/** A value as another one at steps along its spatial axes, through Slices that go to the end. */
function sliceOf(
  value: Value,
  rank: number,
): { x: Value; steps: number[]; offsets: number[]; nodes: Node[] } | undefined {
  const steps = new Array<number>(rank - 2).fill(1), offsets = new Array<number>(rank - 2).fill(0), nodes: Node[] = [];
  let x = value;
  for (let node = x.producer; node?.is("Slice") && !node.hasReferences; node = x.producer) {
    const from = node.inputs[0]!, cuts = cutsOf(node, rank);
    if (!cuts) return undefined;
    for (const { axis, start, end, step } of cuts) {
      if (typeof start !== "number" || typeof step !== "number" || typeof end !== "number") return undefined;
      const length = from.shape?.[axis], isToEnd = end >= 2 ** 31 - 1 || typeof length === "number" && end >= length;
      if (axis < 2 || steps[axis - 2] !== 1 || !isToEnd || step < 1 || start < 0 || start >= step) return undefined;
      [steps[axis - 2], offsets[axis - 2]] = [step, start];
    }
    nodes.unshift(node);
    x = from;
  }
  return { x, steps, offsets, nodes };
}

/** Orders in which a Transpose puts what was taken apart: channels first, or places first as SpaceToDepth has them. */
const ORDERS: Readonly<Record<string, Order>> = { "0,1,3,5,2,4": "channels", "0,3,5,1,2,4": "offsets" };

/** Reshape [N, C, h, b, w, b], Transpose, Reshape [N, C·b², h, w]: pixel-unshuffle, as PyTorch's exporters write it. */
export function unshuffleLinear(node: Node): Convolution | undefined {
  const transpose = node.inputs[0]?.producer,
    first = transpose?.is("Transpose") ? transpose.inputs[0]?.producer : undefined;
  const order = ORDERS[`${transpose?.numbers("perm")}`], x = first?.is("Reshape") ? first.inputs[0] : undefined;
  const shape = x?.shape, apart = first?.output.shape;
  if (order === undefined || shape?.length !== 4 || apart?.length !== 6) return undefined;
  const [batch, channels, height, width] = shape, block = apart[3];
  if (![channels, height, width, block].every((dim) => typeof dim === "number")) return undefined;
  const [rows, columns] = [Number(height) / Number(block), Number(width) / Number(block)];
  const isSame = (found: typeof shape | undefined, ...rest: number[]) =>
    found !== undefined && `${found.slice(1)}` === `${rest}` && (batch === found[0] && batch !== null);
  if (!isSame(apart, Number(channels), rows, Number(block), columns, Number(block))) return undefined;
  if (!isSame(node.output.shape, Number(channels) * Number(block) ** 2, rows, columns)) return undefined;
  const places = placesOf(blockOffsets(Number(block)), Number(channels), order);
  const steps = [Number(block), Number(block)];
  return places && convolutionOf({ x: x!, steps, places, nodes: [first!, transpose!, node] }, node);
}
