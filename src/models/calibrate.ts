import { join } from "node:path";
import { availableParallelism } from "node:os";
import { normalSource, randomSource } from "../bench/random.ts";
import { type NamedTensors, openSession, type TensorData } from "../bench/session.ts";
import { TemporaryDirectory } from "../host/temporary_directory.ts";
import { sizeOf } from "../tensor/tensor.ts";
import type { Model } from "../fusion/model.ts";
import { type ChannelStatistics, isStatistic, meanName, type Statistics, varianceName } from "./network.ts";
import { segmentsOf } from "./segments.ts";

/**
 * Statistics of every BatchNormalization of a network in training mode, from one forward pass over a batch in ONNX Runtime.
 * With momentum 0 each node's running outputs are the statistics of this very batch, and it normalises by them, as a
 * training step does. The network runs in segments, so that the runtime holds the weights of one at a time.
 *
 * The same batch through the network in inference mode then gives the same activations. Weights and images depend on the
 * seed alone; the statistics are sums in float32 and may differ in the last bits from one processor type to another.
 *
 * @param training The network with its statistics as outputs.
 * @param paths Paths of its BatchNormalization modules.
 */
export async function calibrate(
  training: Model,
  paths: readonly string[],
  images: { dims: readonly number[]; data: Float32Array },
  { onRun, signal }: { onRun?: () => void; signal?: AbortSignal } = {},
): Promise<Statistics> {
  using directory = new TemporaryDirectory();
  const path = join(directory.path, "segment.onnx"), segments = segmentsOf(training.graphs(), SEGMENT);
  const values = new Map<string, TensorData>([["input", { type: "float32", ...images }]]);
  for (const [index, { inputs, outputs, model }] of segments.entries()) {
    await model((name) => values.get(name)!).save(path, { signal });
    if (index === 0) onRun?.();
    const held = outputs.length === 0 ? {} : await ran(path, inputs, values);
    for (const name of outputs) values.set(name, held[name]);
    const needed = new Set(segments.slice(index + 1).flatMap(({ inputs }) => inputs));
    for (const name of values.keys()) if (!needed.has(name) && !isStatistic(name)) values.delete(name);
  }
  const statistic = (name: string) => values.get(name)!.data as Float32Array;
  return new Map(paths.map((path): [string, ChannelStatistics] => [path, {
    mean: statistic(meanName(path)),
    variance: statistic(varianceName(path)),
  }]));
}

/** Elements of the weights that are run at a time: 8 MB. */
const SEGMENT = 2_000_000;

async function ran(
  path: string,
  inputs: readonly string[],
  values: ReadonlyMap<string, TensorData>,
): Promise<NamedTensors> {
  // as it is written: for its own layout the runtime would hold every weight a second time
  await using session = await openSession(path, { level: "disabled", threads: availableParallelism() });
  return await session.run(Object.fromEntries(inputs.map((name) => [name, values.get(name)!])));
}

/** Cell sizes of the patterns that an image is mixed of; 1 is white noise. */
const CELLS = [1, 2, 4, 8, 16, 32];

/**
 * A batch of images [N, C, H, W] (or clips [N, C, T, H, W], or signals [N, C, L]) to calibrate on, with mean 0 and variance 1
 * as normalised photographs have. Each mixes, in its own proportions, noise of all scales from pixels to a good part of the
 * image: with white noise alone all images would look the same to the deeper layers, and their variances would be far too
 * small.
 */
export function calibrationImages(
  seed: number,
  dims: readonly number[],
): { dims: readonly number[]; data: Float32Array } {
  const images = dims[0], width = dims[dims.length - 1], height = dims.length > 3 ? dims[dims.length - 2] : 1;
  const planes = sizeOf(dims) / (images * height * width);
  const uniform = randomSource(seed, 10), normal = normalSource(uniform);
  const data = new Float32Array(images * planes * height * width);
  for (let image = 0; image < images; image++) {
    const shares = CELLS.map(() => uniform() ** 4);
    const norm = Math.hypot(...shares);
    for (let channel = 0; channel < planes; channel++) {
      const plane = data.subarray((image * planes + channel) * height * width).subarray(0, height * width);
      CELLS.forEach((cell, scale) => addNoise(plane, width, cell, shares[scale] / norm, normal));
    }
  }
  return { dims, data };
}

/** Adds normal noise that changes from cell to cell, interpolated linearly within them. */
function addNoise(plane: Float32Array, width: number, cell: number, amount: number, normal: () => number): void {
  const height = plane.length / width, columns = Math.ceil(width / cell) + 1, rows = Math.ceil(height / cell) + 1;
  const grid = Float64Array.from({ length: columns * rows }, normal);
  // linear interpolation between independent values leaves (1 + 2f² − 2f) of the variance, 2/3 on average along each axis
  const gain = cell === 1 ? amount : amount * 1.5;
  for (let y = 0; y < height; y++) {
    const row = Math.floor(y / cell), down = y / cell - row;
    for (let x = 0; x < width; x++) {
      const column = Math.floor(x / cell), right = x / cell - column, at = row * columns + column;
      const top = grid[at] + (grid[at + 1] - grid[at]) * right;
      const bottom = grid[at + columns] + (grid[at + columns + 1] - grid[at + columns]) * right;
      plane[y * width + x] += gain * (top + (bottom - top) * down);
    }
  }
}
