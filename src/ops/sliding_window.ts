import type { Node } from "../graph/graph.ts";
import { MOST_MACS } from "../tensor/products.ts";
import { computedTensor, sizeOf, type Tensor, valuesOf } from "../tensor/tensor.ts";
import { withWork } from "../tensor/work.ts";
import type { Op } from "./op.ts";
import { isUnpadded, outputSize, type Window, windowOf } from "./window.ts";

type Evaluate = NonNullable<Op["evaluate"]>;

/** Where a window of a constant comes to lie. */
interface Placement {
  /** Sizes of the input along the spatial axes. */
  readonly from: readonly number[];
  /** Those of the result. */
  readonly to: readonly number[];
  /** How it slides. */
  readonly window: Window;
}

/** A window over a constant; undefined where it does not fit, or takes dilations and chooses its padding. */
function placementOf(node: Node, { dims }: Tensor, kernel: readonly number[]): Placement | undefined {
  const from = dims.slice(2), window = windowOf(node, kernel, from);
  const to = kernel.map((_, axis) => outputSize(window, axis, from[axis]));
  const isKnown = from.length === kernel.length && [...window.begin, ...to].every((size) => size !== null);
  return isKnown && (!window.isSame || isDense(window)) ? { from, to: to as number[], window } : undefined;
}

/** Calls `visit` with each place of a kernel, and the cells that it meets at each position of the result, -1 beside the input. */
function forEachTap({ from, to, window }: Placement, visit: (tap: number, cells: Int32Array) => void): void {
  const { kernel, strides, dilations, begin } = window, cells = new Int32Array(sizeOf(to));
  for (let tap = 0; tap < sizeOf(kernel); tap++) {
    cells.fill(0);
    for (let axis = 0; axis < kernel.length; axis++) {
      const place = Math.floor(tap / sizeOf(kernel.slice(axis + 1))) % kernel[axis], inner = sizeOf(to.slice(axis + 1));
      for (let at = 0; at < cells.length; at++) {
        const cell = (Math.floor(at / inner) % to[axis]) * strides[axis] + place * dilations[axis] - begin[axis]!;
        const isOutside = cell < 0 || cell >= from[axis] || cells[at] < 0;
        cells[at] = isOutside ? -1 : cells[at] * from[axis] + cell;
      }
    }
    visit(tap, cells);
  }
}

/** Whether no window that reaches the input steps over it. */
function isDense({ dilations }: Window): boolean {
  return dilations.every((step) => step === 1);
}

/** A Conv of a constant, such as weights that are filtered. */
export const convolved: Evaluate = (node, [x, w, bias]) => {
  const [channels, each, ...kernel] = w!.dims, [batch, inputs] = x!.dims, group = node.number("group", 1);
  const place = placementOf(node, x!, kernel);
  if (!place || kernel.length === 0 || inputs !== each * group || bias && bias.size !== channels) return undefined;
  const positions = sizeOf(place.to), macs = batch * w!.size * positions;
  if (!(Math.max(macs, sizeOf(kernel) * positions) <= MOST_MACS)) return undefined;
  const result = computedTensor(x!.type, [batch, channels, ...place.to], () => {
    const values = valuesOf(x!), weights = valuesOf(w!), cellsOf = sizeOf(place.from), taps = sizeOf(kernel);
    const out = new Float64Array(batch * channels * positions), shift = bias && valuesOf(bias);
    if (shift) { for (let at = 0; at < out.length; at++) out[at] = shift[Math.floor(at / positions) % channels]; }
    forEachTap(place, (tap, cells) => {
      for (let row = 0; row < batch * channels * each; row++) {
        const to = Math.floor(row / each), channel = to % channels, own = row % each;
        const input = Math.floor(to / channels) * inputs + Math.floor(channel * group / channels) * each + own;
        const weight = weights[(channel * each + own) * taps + tap];
        for (let at = 0; at < positions; at++) {
          if (cells[at] >= 0) out[to * positions + at] += weight * values[input * cellsOf + cells[at]];
        }
      }
    });
    return out;
  });
  return [withWork(result, macs)];
};

/** A MaxPool of a constant, or an AveragePool where no window reaches beside it. */
export const pooled: Evaluate = (node, [x]) => {
  const kernel = node.numbers("kernel_shape"),
    place = kernel && placementOf(node, x!, kernel),
    isMax = node.is("MaxPool");
  if (!place || node.outputs.length > 1 || !isUnpadded(place.window) && !(isMax && isDense(place.window))) {
    return undefined;
  }
  if (place.window.ceil && !isMax) return undefined;
  const [batch, channels] = x!.dims, positions = sizeOf(place.to), rows = batch * channels, taps = sizeOf(kernel);
  const macs = rows * positions * taps;
  if (!(Math.max(macs, positions * taps) <= MOST_MACS)) return undefined;
  const result = computedTensor(x!.type, [batch, channels, ...place.to], () => {
    const values = valuesOf(x!), out = new Float64Array(rows * positions).fill(isMax ? -Infinity : 0);
    forEachTap(place, (_tap, cells) => {
      for (let to = 0; to < out.length; to++) {
        const cell = cells[to % positions];
        if (cell < 0) continue;
        const value = values[Math.floor(to / positions) * sizeOf(place.from) + cell];
        out[to] = isMax ? Math.max(out[to], value) : out[to] + value / taps;
      }
    });
    return out;
  });
  return [withWork(result, macs)];
};

/** The mean, or the largest, of all positions of each channel of a constant. */
export const pooledWhole: Evaluate = (node, [x]) => {
  const { type, dims: [batch, channels, ...sizes] } = x!, count = sizeOf(sizes), isMax = node.is("GlobalMaxPool");
  return [computedTensor(type, [batch, channels, ...sizes.map(() => 1)], () => {
    const values = valuesOf(x!), out = new Float64Array(batch * channels).fill(isMax ? -Infinity : 0);
    values.forEach((value, at) => {
      const to = Math.floor(at / count);
      out[to] = isMax ? Math.max(out[to], value) : out[to] + value / count;
    });
    return out;
  })];
};
