import type { Node, Value } from "../../graph/graph.ts";
import { BLOCK } from "./blocked.ts";
import type { Region } from "./region.ts";

/** What an element costs that is copied into the blocked layout or out of it, in multiply-accumulates; more of a large value. */
const COPY = 15, COPY_LARGE = 45, LARGE = 1.5e6;
/** Threads that the gate reckons with, and how much faster they make the plain kernels of a line, at most and at least. */
const THREADS = 2, PLAIN_SPEEDUP = 1.75, LEAST_SPEEDUP = 1.1;
/** Multiply-accumulates of a layer from which threads help the plain kernels, and how many times more they help most with. */
const LEAST_SHARED = 1.5e6, MOST_SHARED = 6;
/** Blocks of output channels that the blocked kernels do at a time: that many are one piece of work, for one thread. */
const BLOCKS_AT_A_TIME = 4;
/** Length of a line where it is not known, and the length below which the blocked kernels have less to gain. */
const USUAL = 1000, SHORT = 128;

/** Operators that ONNX Runtime runs in the blocked layout, and those that it runs as part of the convolution before them. */
const BLOCKED = new Set(
  "Add AveragePool BatchNormalization Concat Conv Gelu GlobalAveragePool GlobalMaxPool MaxPool Mul Relu Sigmoid Sum Tanh"
    .split(" "),
);
const STORED = new Set(["Clip", "HardSigmoid", "LeakyRelu"]);

/**
 * Multiply-accumulates' worth of time that a region gains on images, after what is copied at its borders and around operators
 * that have no blocked kernel. The numbers are measured (`deno task bench:calibrate`): a convolution of whole blocks takes a
 * tenth less and small ones more, the zeros that fill up blocks cost, and one channel at a time is several times faster.
 * A line is shared out among threads by {@link BLOCKS_AT_A_TIME} blocks of output channels and not by positions: 64 channels are
 * one thread's work, where the plain kernels keep two busy with a layer that is large enough to be divided.
 */
export function gainOfRegion(region: Region): number {
  let gain = gains.get(region);
  if (gain === undefined) gains.set(region, gain = worked(region));
  return gain;
}

const gains = new WeakMap<Region, number>();

function worked({ nodes, entries, exits }: Region): number {
  const moved = [...entries, ...exits];
  let gain = 0;
  for (const [node, { kernel, data }] of nodes) {
    if (kernel) gain += lengthOf(node.output) * gainPerPosition(kernel, node.number("group", 1), node.output);
    else if (!BLOCKED.has(node.opType) && !isStored(node)) {
      moved.push(
        node.output,
        ...data.map((at) => node.inputs[at]!),
      );
    }
  }
  return gain - moved.reduce((sum, value) => sum + costOfCopy(channelsOf(value) * lengthOf(value)), 0);
}

function gainPerPosition([out, perGroup, taps]: readonly number[], group: number, value: Value): number {
  const macs = out * perGroup * taps;
  if (group > 1) {
    if (perGroup === 1) return taps > 1 ? 15 * macs : 0;
    return perGroup % BLOCK === 0 && (out / group) % BLOCK === 0 ? 0.4 * macs : 0;
  }
  if (taps === 1 || perGroup >= 8 && perGroup % 4 !== 0) return 0;
  const filled = (channels: number) => Math.ceil(channels / BLOCK) * BLOCK / channels;
  const zeros = filled(out) * (perGroup < 8 ? 1 : filled(perGroup)) - 1;
  const alone = 0.08 + 6 / out - 0.9 * zeros - (lengthOf(value) < SHORT ? 0.1 : 0);
  const threads = speedupOfThreads(out, batchOf(value)) / plainSpeedup(macs * lengthOf(value) * batchOf(value));
  return (1 - (1 - alone) / Math.min(1, threads)) * macs;
}

/** How much faster {@link THREADS} threads make a blocked convolution of a line: as much as the one with most to do allows. */
function speedupOfThreads(out: number, batch: number): number {
  const blocks = Math.ceil(out / BLOCK), pieces = Math.ceil(blocks / BLOCKS_AT_A_TIME) * batch;
  return blocks * batch / Math.min(blocks * batch, Math.ceil(pieces / THREADS) * BLOCKS_AT_A_TIME);
}

/** How much faster they make a plain one of so many multiply-accumulates: dividing a little work takes as long as half of it. */
function plainSpeedup(macs: number): number {
  const share = Math.log(macs / LEAST_SHARED) / Math.log(MOST_SHARED);
  return Math.min(PLAIN_SPEEDUP, Math.max(LEAST_SPEEDUP, 1 + share * (PLAIN_SPEEDUP - 1)));
}

function costOfCopy(elements: number): number {
  return (elements > LARGE ? COPY_LARGE : COPY) * elements;
}

function isStored(node: Node): boolean {
  const [x] = node.inputs;
  return STORED.has(node.opType) && x?.producer?.is("Conv") === true && x.users.size === 1;
}

function lengthOf({ shape }: Value): number {
  const length = shape?.[2];
  return typeof length === "number" ? length : USUAL;
}

function batchOf({ shape }: Value): number {
  const batch = shape?.[0];
  return typeof batch === "number" ? batch : 1;
}

function channelsOf({ shape }: Value): number {
  const channels = shape?.[1];
  return typeof channels === "number" ? channels : BLOCK;
}
