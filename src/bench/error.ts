/**
 * How far two outputs are apart.
 *
 * @module
 */
import type { NamedTensors, TensorData } from "./session.ts";
import type { ErrorMeasures, ErrorSummary } from "./types.ts";
import { ErrorHistogram, UlpHistogram } from "./error_histogram.ts";
import { ScaledDot, ScaledSquares } from "./scaled_sum.ts";

/** Stands for an infinite error, since JSON has no infinity and `null <= limit` would pass a gate. */
export const INFINITE_ERROR: number = Number.MAX_VALUE;

/**
 * Compares every output of two models, and all of them together.
 *
 * With x the first and y the second: l2 = ‖x−y‖₂, relativeL2 = l2/‖x‖₂ (0 when both are 0), cosine = x·y/(‖x‖‖y‖) (1 when both
 * are all zero, 0 when one is), snrDb = 20·log10(‖x‖/l2). Norms neither underflow nor overflow, in float64 either. Empty
 * outputs are equal. Integers and booleans are compared as numbers, strings as equal (0) or not (1); as these have no rounding,
 * `unequal` counts those that differ at all. Top-1 and top-5 are taken where an output has a class axis only
 * ({@linkcode classCount}).
 *
 * NaN in both at one place, or the same infinity, is equal, and takes no part in norms. A NaN or infinity in one only makes
 * l2, maxAbs and relativeL2 {@link INFINITE_ERROR} and the cosine 0; `nonFinite` counts such places.
 *
 * @throws {Error} If an output is missing on one side, or types or shapes differ.
 */
export function measureError(before: NamedTensors, after: NamedTensors): ErrorSummary {
  const names = Object.keys(before);
  const extra = Object.keys(after).find((name) => !names.includes(name));
  if (extra !== undefined) {
    throw new Error(`output ${extra}: only the second model has it; the first has ${names.join(", ")}`);
  }
  const histogram = new ErrorHistogram();
  const ulps = new UlpHistogram();
  const total = new Accumulator();
  const outputs = Object.fromEntries(names.map((name) => {
    const [a, b] = [before[name], after[name]];
    if (!b) {
      throw new Error(`output ${name}: the second model has no such output, only ${Object.keys(after).join(", ")}`);
    }
    if (a.type !== b.type || a.dims.join() !== b.dims.join()) {
      throw new Error(`output ${name}: ${a.type} [${a.dims}] in the first model, ${b.type} [${b.dims}] in the second`);
    }
    const own = new Accumulator();
    const isDiscrete = !/float/.test(a.type);
    const [x, y] = [toNumbers(a), toNumbers(b)];
    for (let i = 0; i < x.length; i++) {
      const difference = differenceAt(a, b, x, y, i);
      own.add(x[i], y[i], difference, isDiscrete);
      histogram.add(difference);
      ulps.add(x[i], y[i], difference, a.type);
    }
    const classes = classCount(name, a);
    if (classes !== undefined) own.rows(x, y, classes);
    total.merge(own);
    return [name, own.measures()];
  }));
  return { ...total.measures(), outputs, histogram: histogram.toJSON(), ulpHistogram: ulps.toJSON() };
}

/** Sums from which the measures follow. */
class Accumulator {
  #error = new ScaledSquares();
  #x = new ScaledSquares();
  #y = new ScaledSquares();
  #dot = new ScaledDot();
  #maxAbs = 0;
  #mismatched = 0;
  #nonFinite = 0;
  #elements = 0;
  #unequal = 0;
  #discrete = 0;
  #rows = 0;
  #top1 = 0;
  #rows5 = 0;
  #top5 = 0;

  add(x: number, y: number, difference: number, isDiscrete: boolean): void {
    this.#elements++;
    if (isDiscrete) {
      this.#discrete++;
      if (difference !== 0) this.#unequal++;
    }
    if (!Number.isFinite(x) || !Number.isFinite(y)) {
      this.#nonFinite++;
      if (difference !== 0) this.#mismatched++;
      return;
    }
    const magnitude = Math.abs(difference);
    this.#error.add(magnitude);
    this.#x.add(x);
    this.#y.add(y);
    this.#dot.add(x, y);
    if (magnitude > this.#maxAbs) this.#maxAbs = magnitude;
  }

  /** Top-1 and top-5 agreement over rows of so many classes. */
  rows(x: ArrayLike<number>, y: ArrayLike<number>, width: number): void {
    for (let from = 0; width > 0 && from + width <= x.length; from += width) {
      const best = argmax(x, from, width);
      this.#rows++;
      if (argmax(y, from, width) === best) this.#top1++;
      if (width < 6) continue;
      this.#rows5++;
      if (rankOf(y, from, width, best) < 5) this.#top5++;
    }
  }

  merge(other: Accumulator): void {
    this.#error.merge(other.#error);
    this.#x.merge(other.#x);
    this.#y.merge(other.#y);
    this.#dot.merge(other.#dot);
    this.#maxAbs = Math.max(this.#maxAbs, other.#maxAbs);
    this.#mismatched += other.#mismatched;
    this.#nonFinite += other.#nonFinite;
    this.#elements += other.#elements;
    this.#unequal += other.#unequal;
    this.#discrete += other.#discrete;
    this.#rows += other.#rows;
    this.#top1 += other.#top1;
    this.#rows5 += other.#rows5;
    this.#top5 += other.#top5;
  }

  measures(): ErrorMeasures {
    const infinite = this.#mismatched > 0 || this.#maxAbs === Infinity;
    const [error, x, y] = [this.#error, this.#x, this.#y];
    const isExact = !infinite && error.isZero;
    const cosine = infinite ? 0 : isExact || (x.isZero && y.isZero) ? 1 : clamp(this.#dot.cosine(x, y));
    return {
      l2: infinite ? INFINITE_ERROR : finite(error.norm),
      norm: finite(x.norm),
      maxAbs: infinite ? INFINITE_ERROR : finite(this.#maxAbs),
      relativeL2: infinite ? INFINITE_ERROR : isExact ? 0 : x.isZero ? INFINITE_ERROR : finite(error.over(x)),
      cosine,
      snrDb: isExact ? null : infinite || x.isZero ? -INFINITE_ERROR : 20 * (x.log10 - error.log10),
      top1Agreement: this.#rows ? this.#top1 / this.#rows : null,
      top5Agreement: this.#rows5 ? this.#top5 / this.#rows5 : null,
      ...(this.#rows ? { classRows: this.#rows } : {}),
      ...(this.#nonFinite
        ? { nonFinite: { equal: this.#nonFinite - this.#mismatched, different: this.#mismatched } }
        : {}),
      ...(this.#discrete ? { unequal: { count: this.#unequal, of: this.#discrete } } : {}),
      elements: this.#elements,
    };
  }
}

function finite(value: number): number {
  return Number.isFinite(value) ? value : INFINITE_ERROR;
}

function clamp(cosine: number): number {
  return Number.isFinite(cosine) ? Math.max(-1, Math.min(1, cosine)) : 0;
}

/**
 * How many classes an output tells apart, where it has a class axis: floating-point scores of shape [N, C] or [N, C, 1, …], or
 * [N, L, C] where its name says that it holds logits, probabilities or scores. Undefined for anything else (images, boxes,
 * embeddings by position), where a largest element means nothing.
 */
export function classCount(name: string, { type, dims }: Pick<TensorData, "type" | "dims">): number | undefined {
  if (!type.startsWith("float")) return undefined;
  if (dims.length >= 2 && dims[1] >= 2 && dims.slice(2).every((dim) => dim === 1)) return dims[1];
  return dims.length === 3 && dims[2] >= 2 && /logit|prob|score/i.test(name) ? dims[2] : undefined;
}

/** A tensor's elements as numbers; 64-bit integers are rounded, and compared exactly in {@link differenceAt}. */
function toNumbers({ type, data }: TensorData): ArrayLike<number> {
  if (type === "float16" && data instanceof Uint16Array) {
    return new Float16Array(data.buffer, data.byteOffset, data.length);
  }
  if (type === "string") return new Float64Array(data.length);
  if (type === "int64" || type === "uint64") return Float64Array.from(data as ArrayLike<bigint>, Number);
  return data as ArrayLike<number>;
}

/** Zero where equal (NaN to NaN, ∞ to ∞ included); NaN or infinite where only one side is finite. */
function differenceAt(a: TensorData, b: TensorData, x: ArrayLike<number>, y: ArrayLike<number>, i: number): number {
  if (a.type === "string") return a.data[i] === b.data[i] ? 0 : 1;
  if (a.type === "int64" || a.type === "uint64") return Number((a.data[i] as bigint) - (b.data[i] as bigint));
  if (x[i] === y[i] || (Number.isNaN(x[i]) && Number.isNaN(y[i]))) return 0;
  return x[i] - y[i];
}

/** Index of the largest of a row; the first of equals, and a NaN before everything, as in NumPy. */
function argmax(values: ArrayLike<number>, from: number, width: number): number {
  let best = 0;
  for (let i = 0; i < width; i++) {
    const value = values[from + i];
    if (Number.isNaN(value)) return i;
    if (value > values[from + best]) best = i;
  }
  return best;
}

/** How many of a row are larger than one of it. */
function rankOf(values: ArrayLike<number>, from: number, width: number, index: number): number {
  let larger = 0;
  for (let i = 0; i < width; i++) {
    if (values[from + i] > values[from + index]) larger++;
  }
  return larger;
}
