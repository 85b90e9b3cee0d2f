import { stridesOf } from "./arrange.ts";
import { limitDepth } from "./depth.ts";
import { expressed } from "./expression.ts";
import { heldValues, rowsTensor } from "./rows.ts";
import { sizeOf, type Tensor } from "./tensor.ts";

/** A convolution kernel [M, C/group, k…] and where its taps lie in a larger one. */
export interface PlacedKernel {
  /** The kernel. */
  readonly weight: Tensor;
  /** Its number of groups. */
  readonly group: number;
  /** Index of its first tap in the larger kernel, one entry a spatial axis. */
  readonly offset: readonly number[];
  /** Distance of its taps in the larger kernel. */
  readonly step: readonly number[];
}

/** Place of every tap of a kernel with spatial size `from` in one of spatial size `to`, row-major. */
function taps(from: readonly number[], to: readonly number[], offset: readonly number[], step: readonly number[]) {
  const own = stridesOf(from), target = stridesOf(to);
  return Int32Array.from(
    { length: sizeOf(from) },
    (_, tap) =>
      from.reduce((sum, size, axis) => {
        const index = Math.floor(tap / own[axis]) % size;
        return sum + (offset[axis] + step[axis] * index) * target[axis];
      }, 0),
  );
}

/**
 * The sum of kernels in one of shape `dims` ([M, C/group, k…]) with `group` groups, a divisor of each part's: every part is
 * put in zeros, at its taps and among the input channels of its group.
 */
export function summedKernels(parts: readonly PlacedKernel[], dims: readonly number[], group: number): Tensor {
  const [rows, perGroup, ...kernel] = dims, area = sizeOf(kernel), width = perGroup * area;
  const places = parts.map(({ weight, offset, step }) => taps(weight.dims.slice(2), kernel, offset, step));
  const bound = () => parts.reduce((sum, { weight }) => sum + weight.bound(), 0);
  const total = rowsTensor(parts[0].weight.type, dims, bound, (first, count, into) => {
    parts.forEach(({ weight, group: own }, index) => {
      const place = places[index], channels = weight.dims[1];
      const values = new Float64Array(count * channels * place.length);
      weight.read(first * channels * place.length, values);
      for (let row = 0, at = 0; row < count; row++) {
        const shift = inputOf(first + row, rows, own, channels) - inputOf(first + row, rows, group, perGroup);
        for (let c = 0; c < channels; c++) {
          const base = row * width + (shift + c) * area;
          for (let tap = 0; tap < place.length; tap++) into[base + place[tap]] += values[at++];
        }
      }
    });
  });
  const weights = parts.map(({ weight }) => weight);
  const placed = () => JSON.stringify([dims, group, parts.map(({ group, offset, step }) => [group, offset, step])]);
  return limitDepth(expressed(total, "sum of kernels", weights, placed), weights);
}

/** First input channel that output channel `row` of `rows` sees, with `perGroup` input channels a group. */
function inputOf(row: number, rows: number, group: number, perGroup: number): number {
  return Math.floor(row / (rows / group)) * perGroup;
}

/**
 * The kernel of `second` after `first`, in shape `dims` ([M, C/group, k…]): W[m, c, d₁·i + s₁·d₂·j] = Σ W₂[m, n, j]·W₁[n, c, i].
 * `steps` are the distances of both kernels' taps in the result; `group` divides both numbers of groups.
 */
export function composedKernels(
  { weight: first, group: group1 }: { readonly weight: Tensor; readonly group: number },
  { weight: second, group: group2 }: { readonly weight: Tensor; readonly group: number },
  steps: readonly [first: readonly number[], second: readonly number[]],
  dims: readonly number[],
  group: number,
): Tensor {
  const [rows, perGroup, ...kernel] = dims, area = sizeOf(kernel), width = perGroup * area;
  const [middle, own1, ...kernel1] = first.dims, [, own2, ...kernel2] = second.dims;
  const zero = kernel.map(() => 0);
  const place1 = taps(kernel1, kernel, zero, steps[0]), place2 = taps(kernel2, kernel, zero, steps[1]);
  const inner = heldValues(first), width1 = own1 * place1.length;
  const bound = () => first.bound() * second.bound() * own2 * Math.min(place1.length, place2.length);
  const whole = rowsTensor(second.type, dims, bound, (start, count, into) => {
    const left = inner(), right = new Float64Array(count * own2 * place2.length);
    second.read(start * own2 * place2.length, right);
    for (let row = 0, at = 0; row < count; row++) {
      const m = start + row, n0 = inputOf(m, rows, group2, own2), c0 = inputOf(m, rows, group, perGroup);
      for (let n = n0; n < n0 + own2; n++) {
        const shift = inputOf(n, middle, group1, own1) - c0;
        for (let j = 0; j < place2.length; j++) {
          const factor = right[at++], base = row * width + place2[j];
          if (factor === 0) continue;
          for (let c = 0, from = n * width1; c < own1; c++) {
            const to = base + (shift + c) * area;
            for (let i = 0; i < place1.length; i++) into[to + place1[i]] += factor * left[from++];
          }
        }
      }
    }
  });
  const parameters = () => JSON.stringify([group1, group2, steps, dims, group]);
  return limitDepth(expressed(whole, "composition of kernels", [first, second], parameters), [first, second]);
}

/** A kernel [R, C, k…] with its second axis multiplied by a matrix [M, C]: [R, M, k…]. */
export function mixedKernel(kernel: Tensor, matrix: Tensor): Tensor {
  const [rows, inner, ...spatial] = kernel.dims, outer = matrix.dims[0], area = sizeOf(spatial);
  const factors = heldValues(matrix);
  const bound = () => kernel.bound() * matrix.bound() * inner;
  const mixed = rowsTensor(kernel.type, [rows, outer, ...spatial], bound, (first, count, into) => {
    const values = new Float64Array(count * inner * area), weights = factors();
    kernel.read(first * inner * area, values);
    for (let row = 0; row < count; row++) {
      for (let m = 0; m < outer; m++) {
        const to = (row * outer + m) * area;
        for (let c = 0; c < inner; c++) {
          const factor = weights[m * inner + c], from = (row * inner + c) * area;
          for (let tap = 0; tap < area; tap++) into[to + tap] += factor * values[from + tap];
        }
      }
    }
  });
  return limitDepth(expressed(mixed, "mix of a kernel", [kernel, matrix]), [kernel, matrix]);
}

/**
 * A kernel whose taps are put into a smaller one of spatial size `kernel`: tap t of axis a comes to `places[a][t]`, and taps that
 * come to the same place are added.
 */
export function foldedKernel(
  weight: Tensor,
  kernel: readonly number[],
  places: readonly (readonly number[])[],
): Tensor {
  const [rows, channels, ...own] = weight.dims, from = sizeOf(own), to = sizeOf(kernel), target = stridesOf(kernel);
  const steps = stridesOf(own);
  const place = Array.from(
    { length: from },
    (_, tap) =>
      own.reduce((sum, size, axis) => sum + places[axis][Math.floor(tap / steps[axis]) % size] * target[axis], 0),
  );
  const folded = rowsTensor(
    weight.type,
    [rows, channels, ...kernel],
    () => weight.bound() * from,
    (first, count, into) => {
      const values = new Float64Array(count * channels * from);
      weight.read(first * channels * from, values);
      values.forEach((value, at) => into[Math.floor(at / from) * to + place[at % from]] += value);
    },
  );
  return limitDepth(expressed(folded, "folded kernel", [weight], () => JSON.stringify([kernel, place])), [weight]);
}
