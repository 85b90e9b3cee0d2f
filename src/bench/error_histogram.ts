/**
 * Histograms of an error: by its size, and in units in the last place.
 *
 * @module
 */
import type { ErrorSummary } from "./types.ts";

/** Bins a decade in the histogram of log10(|difference|). */
const BINS_PER_DECADE = 2;

/** Distances at and above this, NaN against a number included, share the last bin. */
const ULP_LIMIT = 2 ** 32;

/** Counts log10(|difference|) in bins of half a decade. */
export class ErrorHistogram {
  #counts = new Map<number, number>();
  #zero = 0;

  /** Counts one difference; one that is not finite goes into no bin. */
  add(difference: number): void {
    if (difference === 0) {
      this.#zero++;
      return;
    }
    if (!Number.isFinite(difference)) return;
    const bin = Math.floor(Math.log10(Math.abs(difference)) * BINS_PER_DECADE);
    this.#counts.set(bin, (this.#counts.get(bin) ?? 0) + 1);
  }

  /** The bins from the smallest to the largest difference seen; no edges at all when everything was equal. */
  toJSON(): ErrorSummary["histogram"] {
    const bins = [...this.#counts.keys()];
    if (bins.length === 0) return { log10Edges: [], counts: [], zero: this.#zero };
    const first = Math.min(...bins);
    const length = Math.max(...bins) - first + 1;
    return {
      log10Edges: Array.from({ length: length + 1 }, (_, i) => (first + i) / BINS_PER_DECADE),
      counts: Array.from({ length }, (_, i) => this.#counts.get(first + i) ?? 0),
      zero: this.#zero,
    };
  }
}

/** Counts the distance of two numbers in units in the last place: 0, 1, 2, 3–4, 5–8, … */
export class UlpHistogram {
  #counts = new Map<number, number>();

  /**
   * Counts one pair. The unit is float32's, or float16's for float16 outputs; float64 is rounded to float32 first. Integers,
   * booleans and strings count the plain difference.
   */
  add(x: number, y: number, difference: number, type: string): void {
    const distance = difference === 0
      ? 0
      : !Number.isFinite(difference)
      ? ULP_LIMIT
      : type === "float16"
      ? float16Distance(x, y)
      : type.startsWith("float")
      ? float32Distance(x, y)
      : Math.abs(difference);
    const upTo = distance === 0 ? 0 : Math.min(ULP_LIMIT, 2 ** Math.ceil(Math.log2(distance)));
    this.#counts.set(upTo, (this.#counts.get(upTo) ?? 0) + 1);
  }

  /** All bins from 0 to the largest distance seen. */
  toJSON(): ErrorSummary["ulpHistogram"] {
    const bins = [0];
    const largest = Math.max(0, ...this.#counts.keys());
    for (let upTo = 1; upTo <= largest; upTo *= 2) bins.push(upTo);
    return bins.map((upTo) => ({ upTo, count: this.#counts.get(upTo) ?? 0 }));
  }
}

const float32 = new Float32Array(2);
const float32Bits = new Int32Array(float32.buffer);
const float16 = new Float16Array(2);
const float16Bits = new Int16Array(float16.buffer);

/** Steps between two float32 numbers: their bit patterns, made monotonic, subtracted. */
function float32Distance(x: number, y: number): number {
  float32[0] = x;
  float32[1] = y;
  return Math.abs(monotonic(float32Bits[0], 0x7fffffff) - monotonic(float32Bits[1], 0x7fffffff));
}

function float16Distance(x: number, y: number): number {
  float16[0] = x;
  float16[1] = y;
  return Math.abs(monotonic(float16Bits[0], 0x7fff) - monotonic(float16Bits[1], 0x7fff));
}

/** Sign and magnitude to two's complement: −0 and 0 both become 0. */
function monotonic(bits: number, magnitude: number): number {
  return bits < 0 ? -(bits & magnitude) : bits;
}
