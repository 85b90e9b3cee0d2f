/**
 * What is computed from the rounds: medians, a seeded bootstrap interval, Tukey's fences and the verdict.
 *
 * @module
 */
import { errorFunction, median, probit, quantile, quantileSorted, shuffle } from "simple-statistics";
import { randomSource } from "./random.ts";
import type { Interval, Verdict } from "./types.ts";

export { median };

/** Below this many rounds no verdict is given: a bootstrap of a handful of values is narrower than it should be. */
export const MIN_ROUNDS_FOR_VERDICT = 10;

/** Blocks that rounds on one opening are resampled in, where there are enough rounds. */
const BLOCKS = 20;

/**
 * Rounds that belong together: those of one opening where there were {@link MIN_CLUSTERS} or more, else twenty blocks of
 * neighbouring rounds (what disturbs one round often disturbs the next), else, below 60 rounds, each by itself.
 */
export function clustersOf(openings: readonly number[], rounds: number): readonly number[] {
  if (openings.length >= MIN_CLUSTERS) return openings;
  if (rounds < 3 * BLOCKS) return [];
  return Array.from({ length: BLOCKS }, (_, i) => Math.floor(i * rounds / BLOCKS));
}

/** How to resample. */
export interface BootstrapOptions {
  /** Seed of the resampling, default 0. */
  seed?: number;
  /** Number of resamples, default 2000. */
  resamples?: number;
  /** Coverage of the interval, default 0.95. */
  confidence?: number;
  /**
   * Where groups of values that belong together begin, ascending from 0. With {@link MIN_CLUSTERS} groups or more, whole groups
   * are resampled instead of single values, so that what differs from group to group widens the interval as it should.
   */
  clusters?: readonly number[];
}

/** Below this many groups a cluster bootstrap says less than a plain one. */
export const MIN_CLUSTERS = 10;

/**
 * Percentile bootstrap interval of the median (Efron 1979): resample with replacement, take the median of each resample, and
 * read the interval off their quantiles.
 *
 * A resample is drawn as counts over the sorted values, so its median is found by one walk instead of a sort. With
 * {@link BootstrapOptions.clusters} it is a cluster bootstrap.
 *
 * @throws {RangeError} If there are no values.
 */
export function bootstrapMedian(values: readonly number[], options: BootstrapOptions = {}): Interval {
  const medians = resampledMedians(values, options);
  const units = unitsOf(values, options);
  return { estimate: median([...values]), ...intervalOf(medians, expandedTail(options.confidence ?? 0.95, units)) };
}

/** How many independent things were resampled: groups, or single values. */
function unitsOf(values: readonly number[], { clusters = [] }: BootstrapOptions): number {
  return clusters.length >= MIN_CLUSTERS ? clusters.length : values.length;
}

/**
 * The share of resamples to leave out on each side. A percentile interval is too narrow on few values; Hesterberg's expanded
 * percentile interval (What Teachers Should Know About the Bootstrap, 2015) takes Φ(−√(n/(n−1))·t) for the nominal share, t
 * being Student's quantile with n − 1 degrees of freedom (by its Cornish-Fisher expansion).
 */
function expandedTail(confidence: number, n: number): number {
  const tail = (1 - confidence) / 2;
  if (n < 3) return tail;
  const [z, v] = [probit(1 - tail), n - 1];
  const t = z + (z ** 3 + z) / (4 * v) + (5 * z ** 5 + 16 * z ** 3 + 3 * z) / (96 * v ** 2) +
    (3 * z ** 7 + 19 * z ** 5 + 17 * z ** 3 - 15 * z) / (384 * v ** 3);
  return (1 - errorFunction(Math.sqrt(n / v) * t / Math.SQRT2)) / 2;
}

function intervalOf(medians: number[], tail: number): { low: number; high: number } {
  return { low: quantileSorted(medians, tail), high: quantileSorted(medians, 1 - tail) };
}

/** Medians of the resamples, sorted. */
function resampledMedians(values: readonly number[], options: BootstrapOptions): number[] {
  const { seed = 0, resamples = 2000, clusters = [] } = options;
  const n = values.length;
  if (n === 0) throw new RangeError("bootstrapMedian(): no values");
  const order = values.map((_, i) => i).sort((i, j) => values[i] - values[j]);
  const sorted = Float64Array.from(order, (i) => values[i]);
  const rank = new Uint32Array(n);
  order.forEach((i, position) => rank[i] = position);
  const uniform = randomSource(seed, 1);
  const counts = new Uint32Array(n);
  const draw = clusters.length >= MIN_CLUSTERS
    ? () => {
      let drawn = 0;
      for (let c = 0; c < clusters.length; c++) {
        const cluster = Math.floor(uniform() * clusters.length);
        const end = clusters[cluster + 1] ?? n;
        for (let i = clusters[cluster]; i < end; i++) counts[rank[i]]++;
        drawn += end - clusters[cluster];
      }
      return drawn;
    }
    : () => {
      for (let i = 0; i < n; i++) counts[Math.floor(uniform() * n)]++;
      return n;
    };
  const medians = new Float64Array(resamples);
  for (let r = 0; r < resamples; r++) {
    counts.fill(0);
    const drawn = draw();
    let index = 0;
    let passed = counts[0];
    while (passed <= (drawn - 1) >> 1) passed += counts[++index];
    const low = sorted[index];
    while (passed <= drawn >> 1) passed += counts[++index];
    medians[r] = (low + sorted[index]) / 2;
  }
  return Array.from(medians.sort());
}

/**
 * Interval of the difference of two independent samples' medians, first less second: both are resampled, each by itself.
 *
 * @throws {RangeError} If one of them is empty.
 */
export function bootstrapDifference(
  first: readonly number[],
  second: readonly number[],
  options: Omit<BootstrapOptions, "clusters"> & { clusters?: readonly [readonly number[], readonly number[]] } = {},
): Interval {
  const { clusters, confidence = 0.95, seed = 0, ...rest } = options;
  const a = resampledMedians(first, { ...rest, seed, clusters: clusters?.[0] });
  const b = resampledMedians(second, { ...rest, seed: seed + 1, clusters: clusters?.[1] });
  const random = randomSource(seed, 5); // both come sorted: pair them at random
  const differences = shuffle(a, random).map((value, i) => value - b[i]).sort((x, y) => x - y);
  return { estimate: median([...first]) - median([...second]), ...intervalOf(differences, (1 - confidence) / 2) };
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

/** What a judgement depends on beside the ratios. */
export interface JudgeOptions {
  /** Half-width of the band called `same`, default 0.01 (1%). */
  delta?: number;
  /** Seed of the bootstrap, default 0. */
  seed?: number;
  /** ln-ratios of two sessions of the same model, from the same rounds: the A/A control. */
  control?: readonly number[];
  /** Rounds that belong together, see {@link BootstrapOptions.clusters}. */
  clusters?: readonly number[];
}

/** An interval and what it says. */
export interface Judgement {
  /** First over second, with its 95% interval. */
  speedup: Interval;
  /** What it says. */
  verdict: Verdict;
}

/**
 * Judges ln-ratios of time, first over second.
 *
 * - `same`: the whole 95% interval lies within ±delta.
 * - `faster`, `slower`: the estimate is at least delta away from 1, and the whole 99% interval lies on that side of 1, and
 *   beyond the shift between two sessions of the *same* model where the A/A control shows one. The stricter interval keeps
 *   false calls well under 5% even where the many small things that a bootstrap cannot see (where memory came to lie, which
 *   core was busy) move a session a little.
 * - `inconclusive`: everything else, and fewer than {@link MIN_ROUNDS_FOR_VERDICT} rounds.
 *
 * @throws {RangeError} If there are no ratios.
 */
export function judge(lnRatios: readonly number[], options: JudgeOptions = {}): Judgement {
  const { delta = 0.01, control, ...bootstrap } = options;
  const medians = resampledMedians(lnRatios, bootstrap);
  const units = unitsOf(lnRatios, bootstrap);
  const [display, strict] = [0.95, 0.99].map((confidence) => intervalOf(medians, expandedTail(confidence, units)));
  const speedup = {
    estimate: Math.exp(median([...lnRatios])),
    low: Math.exp(display.low),
    high: Math.exp(display.high),
  };
  const band = Math.log1p(delta);
  if (lnRatios.length < MIN_ROUNDS_FOR_VERDICT) return { speedup, verdict: "inconclusive" };
  if (display.low >= -band && display.high <= band) return { speedup, verdict: "same" };
  const floor = control ? shiftOf(control, bootstrap) : 0;
  const estimate = Math.log(speedup.estimate);
  if (estimate >= band && strict.low > floor) return { speedup, verdict: "faster" };
  if (estimate <= -band && strict.high < -floor) return { speedup, verdict: "slower" };
  return { speedup, verdict: "inconclusive" };
}

/** How far the A/A control's median is from 0, where its 99% interval says that it is. */
function shiftOf(control: readonly number[], bootstrap: BootstrapOptions): number {
  const { estimate, low, high } = bootstrapMedian(control, { ...bootstrap, confidence: 0.99 });
  return low > 0 || high < 0 ? Math.abs(estimate) : 0;
}
