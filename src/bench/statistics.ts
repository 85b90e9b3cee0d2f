/**
 * What is computed from the rounds: medians of openings, and a t-interval over them.
 *
 * @module
 */
// @ts-types="./jstat.d.ts"
import jStat from "jstat";
import { mean, median, medianAbsoluteDeviation, quantile, sampleVariance, sum } from "simple-statistics";
import type { Evidence, Interval } from "./types.ts";

export { median };

/** Openings that an interval needs to stand on what was measured alone; below it some spread is assumed. */
export const MIN_OPENINGS = 6;

/** Openings aimed at where the time allows. */
export const AIM_OPENINGS = 10;

/**
 * How far one opening of a pair lies from the next where that was not seen often enough, standard deviation in ln. In audits of
 * over a thousand comparisons it was 0.5 to 3%.
 */
export const ASSUMED_OPENING = 0.02;

/** Blocks that the rounds of one opening are cut into. */
const BLOCKS = 20;

/** Rounds at least in a block. */
const BLOCK_ROUNDS = 3;

/** What {@link evidenceOf} needs to know of the rounds. */
export interface EvidenceOptions {
  /** The first round of each opening, ascending from 0; default one opening. */
  openings?: readonly number[];
  /**
   * Whether the openings are samples of all that could be, so that few of them say little; default true. Without it the rounds
   * are about these two things as they lie in memory now.
   */
  isSample?: boolean;
}

/**
 * What ln-ratios of rounds tell, with openings as the units.
 *
 * - From {@link MIN_OPENINGS} openings on: the mean of the openings' medians, its standard error from their variance.
 * - Fewer: each missing opening counts as one degree of freedom at a spread of {@link ASSUMED_OPENING}, beside the noise of the
 *   rounds; so one opening has an interval of about ±5%, and five are nearly believed.
 * - Openings that surely resemble the ones before them count as fewer: {@link effectiveUnits}.
 * - No sample of openings: the same over up to twenty blocks of neighbouring rounds.
 *
 * @throws {RangeError} If there are no ratios.
 */
export function evidenceOf(lnRatios: readonly number[], options: EvidenceOptions = {}): Evidence {
  const { openings = [0], isSample = true } = options;
  if (lnRatios.length === 0) throw new RangeError("evidenceOf(): no rounds");
  const rounds = lnRatios.length;
  const groups = isSample ? cut(lnRatios, openings) : blocksOf(lnRatios);
  const medians = groups.map((group) => median(group));
  const units = medians.length, spread = units > 1 ? sampleVariance(medians) : 0;
  const within = isSample ? mean(groups.map(varianceOfMedian)) : spread;
  const missing = isSample ? Math.max(0, MIN_OPENINGS - units) : 0;
  const effective = isSample ? effectiveUnits(medians) : units, isResembling = effective < units;
  const freedom = effective - 1 + missing;
  const assumed = ASSUMED_OPENING ** 2 + within;
  const known = units - 1 + missing;
  const variance = known > 0 ? ((units - 1) * spread + missing * assumed) / known : Infinity;
  return {
    ln: mean(medians),
    standardError: Math.sqrt(variance / effective),
    freedom,
    units,
    ...(isResembling ? { effectiveUnits: effective } : {}),
    unit: isSample ? "opening" : "block",
    rounds,
    ...(missing > 0 ? { assumedOpening: ASSUMED_OPENING } : {}),
    ...(isSample ? { withinOpening: Math.sqrt(within), betweenOpenings: Math.sqrt(Math.max(0, spread - within)) } : {}),
  };
}

/** The one-sided 5% point of the normal distribution. */
const SURELY = 1.645;

/**
 * As how many independent ones openings in a row count, n·(1 − ρ)/(1 + ρ) with ρ the lag-1 autocorrelation: a machine that is in one
 * mood for several openings is seen fewer times than it was opened. All of them where r, which is too small by (1 + 3ρ)/n
 * (Kendall), is no more than chance would make it.
 */
function effectiveUnits(openings: readonly number[]): number {
  const count = openings.length;
  if (count < MIN_OPENINGS) return count;
  const centre = mean([...openings]), apart = openings.map((opening) => opening - centre);
  const products = apart.slice(1).map((value, i) => value * apart[i]);
  const r = sum(products) / sum(apart.map((value) => value ** 2));
  if (!((r + 1 / count) * Math.sqrt(count) > SURELY)) return count;
  const rho = r + (1 + 3 * r) / count;
  return Math.max(2, count * (1 - rho) / (1 + rho));
}

/** The interval of the ratio at a confidence such as 0.95. With no degree of freedom it is all numbers. */
export function intervalAt({ ln, standardError, freedom }: Evidence, confidence: number): Interval {
  const half = halfWidth({ standardError, freedom }, confidence);
  return { estimate: Math.exp(ln), low: Math.exp(ln - half), high: Math.exp(ln + half) };
}

/** Half the width of the interval, in ln. */
export function halfWidth(
  { standardError, freedom }: Pick<Evidence, "standardError" | "freedom">,
  confidence: number,
): number {
  if (standardError === 0) return 0;
  return freedom > 0 ? jStat.studentt.inv((1 + confidence) / 2, freedom) * standardError : Infinity;
}

/** Cuts values where the groups begin. */
function cut(values: readonly number[], starts: readonly number[]): number[][] {
  return starts.map((start, i) => values.slice(start, starts[i + 1] ?? values.length)).filter(({ length }) =>
    length > 0
  );
}

/** Blocks of neighbouring rounds, since what disturbs one often disturbs the next; too few rounds stand by themselves. */
function blocksOf(values: readonly number[]): number[][] {
  const count = Math.min(BLOCKS, Math.floor(values.length / BLOCK_ROUNDS));
  if (count < MIN_OPENINGS) return values.map((value) => [value]);
  return cut(values, Array.from({ length: count }, (_, i) => Math.floor(i * values.length / count)));
}

/** The sampling variance of a median of rounds by normal theory, from their median absolute deviation: spikes do not count. */
function varianceOfMedian(values: readonly number[]): number {
  const deviation = medianAbsoluteDeviation([...values]) / 0.6745;
  return Math.PI / 2 * deviation ** 2 / values.length;
}

/** How many values lie outside Tukey's fences, 1.5 interquartile ranges beyond the quartiles. */
export function countOutliers(values: readonly number[]): number {
  if (values.length < 4) return 0;
  const [q1, q3] = quantile([...values], [0.25, 0.75]);
  const reach = 1.5 * (q3 - q1);
  return values.filter((value) => value < q1 - reach || value > q3 + reach).length;
}
