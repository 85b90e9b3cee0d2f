/**
 * What is computed from the rounds: medians, a seeded bootstrap interval, Tukey's fences and the verdict.
 *
 * @module
 */
import { median, quantile, quantileSorted } from "simple-statistics";
import { randomSource } from "./random.ts";
import type { Interval, Verdict } from "./types.ts";

export { median };

/** Below this many rounds no verdict is given: a bootstrap of a handful of values is narrower than it should be. */
export const MIN_ROUNDS_FOR_VERDICT = 10;

/** How to resample. */
export interface BootstrapOptions {
  /** Seed of the resampling, default 0. */
  seed?: number;
  /** Number of resamples, default 2000. */
  resamples?: number;
  /** Coverage of the interval, default 0.95. */
  confidence?: number;
}

/**
 * Percentile bootstrap interval of the median (Efron 1979): resample with replacement, take the median of each resample, and
 * read the interval off their quantiles.
 *
 * A resample is drawn as counts over the sorted values, so its median is found by one walk instead of a sort.
 *
 * @throws {RangeError} If there are no values.
 */
export function bootstrapMedian(values: readonly number[], options: BootstrapOptions = {}): Interval {
  const { seed = 0, resamples = 2000, confidence = 0.95 } = options;
  const n = values.length;
  if (n === 0) throw new RangeError("bootstrapMedian(): no values");
  const sorted = Float64Array.from(values).sort();
  const uniform = randomSource(seed, 1);
  const counts = new Uint32Array(n);
  const medians = new Float64Array(resamples);
  const [lower, upper] = [(n - 1) >> 1, n >> 1];
  for (let r = 0; r < resamples; r++) {
    counts.fill(0);
    for (let i = 0; i < n; i++) counts[Math.floor(uniform() * n)]++;
    let index = 0;
    let passed = counts[0];
    while (passed <= lower) passed += counts[++index];
    const low = sorted[index];
    while (passed <= upper) passed += counts[++index];
    medians[r] = (low + sorted[index]) / 2;
  }
  medians.sort();
  const tail = (1 - confidence) / 2;
  const list = Array.from(medians);
  return { estimate: median([...values]), low: quantileSorted(list, tail), high: quantileSorted(list, 1 - tail) };
}

/** The speed-up that ln-ratios of time speak of: exp of their median and of its bootstrap interval. */
export function speedupOf(lnRatios: readonly number[], options: BootstrapOptions = {}): Interval {
  const { estimate, low, high } = bootstrapMedian(lnRatios, options);
  return { estimate: Math.exp(estimate), low: Math.exp(low), high: Math.exp(high) };
}

/** How many values lie outside Tukey's fences, 1.5 interquartile ranges beyond the quartiles. */
export function countOutliers(values: readonly number[]): number {
  if (values.length < 4) return 0;
  const [q1, q3] = quantile([...values], [0.25, 0.75]);
  const reach = 1.5 * (q3 - q1);
  return values.filter((value) => value < q1 - reach || value > q3 + reach).length;
}

/** What a verdict depends on beside the interval. */
export interface VerdictOptions {
  /** Rounds behind the interval. */
  rounds: number;
  /** Half-width of the band called `same`, default 0.01 (1%). */
  delta?: number;
  /** Speed-up that two sessions of one model showed (the A/A control); 1 where no control was run. */
  control?: number;
}

/**
 * Reads an interval of a speed-up.
 *
 * `same`: the whole interval lies within ±delta. `faster` / `slower`: the whole interval lies beyond 1 *and* beyond the shift
 * that the A/A control showed between two sessions of the same model. Everything else, and fewer than
 * {@link MIN_ROUNDS_FOR_VERDICT} rounds, is `inconclusive`.
 */
export function verdictOf(speedup: Interval, options: VerdictOptions): Verdict {
  const { rounds, delta = 0.01, control = 1 } = options;
  if (rounds < MIN_ROUNDS_FOR_VERDICT) return "inconclusive";
  const band = Math.log1p(delta);
  const [low, high] = [Math.log(speedup.low), Math.log(speedup.high)];
  if (low >= -band && high <= band) return "same";
  const floor = Math.abs(Math.log(control));
  if (low > floor) return "faster";
  if (high < -floor) return "slower";
  return "inconclusive";
}
