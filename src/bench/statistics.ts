/**
 * What is computed from the rounds: a robust centre, what each opening says of it, and a t-interval over openings.
 *
 * @module
 */
// @ts-types="./jstat.d.ts"
import jStat from "jstat";
import { mean, median, medianAbsoluteDeviation, quantile, sampleVariance, sum } from "simple-statistics";
import { checked, type OptionNames } from "../host/options.ts";
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

/** Every option of {@linkcode evidenceOf}. */
export const EVIDENCE_OPTIONS: OptionNames<EvidenceOptions> = { openings: true, isSample: true };

/**
 * What ln-ratios of rounds tell, with openings as the units.
 *
 * - From {@link MIN_OPENINGS} openings on: the robust centre of the rounds ({@link centresOf}), its standard error from the variance
 *   of what the openings say of it.
 * - Fewer: each missing opening counts as one degree of freedom at a spread of {@link ASSUMED_OPENING}, beside the noise of the
 *   rounds; so one opening has an interval of about ±5%, and five are nearly believed.
 * - Openings that surely resemble the ones before them count as fewer: {@link effectiveUnits}.
 * - No sample of openings: the same over up to twenty blocks of neighbouring rounds.
 *
 * @throws {RangeError} If there are no ratios.
 */
export function evidenceOf(lnRatios: readonly number[], options: EvidenceOptions = {}): Evidence {
  const { openings = [0], isSample = true } = checked("evidenceOf", options, EVIDENCE_OPTIONS);
  if (lnRatios.length === 0) throw new RangeError("evidenceOf(): no rounds");
  const rounds = lnRatios.length;
  const groups = isSample ? cut(lnRatios, openings) : blocksOf(lnRatios);
  const { centres, within: ofRounds } = centresOf(groups);
  const units = centres.length, spread = units > 1 ? sampleVariance(centres) : 0;
  const within = isSample ? ofRounds : spread;
  const missing = isSample ? Math.max(0, MIN_OPENINGS - units) : 0;
  const effective = isSample ? effectiveUnits(centres) : units, isResembling = effective < units;
  const freedom = effective - 1 + missing;
  const assumed = ASSUMED_OPENING ** 2 + within;
  const known = units - 1 + missing;
  const variance = known > 0 ? ((units - 1) * spread + missing * assumed) / known : Infinity;
  return {
    ln: mean(centres),
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

/** The one-sided 2.5% point of the normal distribution. */
const SURELY = 1.96;

/** As how many independent ones openings count at least: with fewer the interval says nothing. */
const LEAST_EFFECTIVE = 3;

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
  return Math.max(LEAST_EFFECTIVE, count * (1 - rho) / (1 + rho));
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

/** How far a round counts by the noise of rounds: their standard deviations from the centre (Huber's constant). */
const REACH_OF_ROUNDS = 1.345;

/** How far it counts by what openings differ in, so that an opening's own level counts whole: standard deviations of theirs. */
const REACH_OF_OPENINGS = 3;

/** Where the search for the centre ends: no interval is as narrow. */
const CONVERGED = 1e-7;

/** Steps of that search at most. */
const MOST_STEPS = 50;

/**
 * Huber's M-estimate of location (1964) with openings as the units, as a value per opening: their mean is the estimate, and their
 * spread is its uncertainty. A round further from the centre than the reach counts as that far, so a spell in which the
 * machine was slow moves little, also in an opening of few rounds, whose median it would move. The value of an opening is
 * the centre, and beside it the mean of its clipped rounds over the share of rounds not clipped (the influence function).
 * `within` is the variance that a value has by its rounds alone.
 */
function centresOf(groups: readonly number[][]): { centres: number[]; within: number } {
  const medians = groups.map((group) => median(group));
  const reach = reachOf(groups, medians);
  if (reach === 0) return { centres: medians, within: 0 }; // most rounds are equal
  for (let centre = median(groups.flat()), steps = 1;; steps++) {
    const clipped = groups.map((group) => group.map((round) => Math.max(-reach, Math.min(reach, round - centre))));
    const free = mean(clipped.map((group) => group.filter((round) => Math.abs(round) < reach).length / group.length)) ||
      1;
    const beside = clipped.map((group) => mean(group) / free), step = mean(beside);
    if (Math.abs(step) <= CONVERGED || steps === MOST_STEPS) {
      return {
        centres: beside.map((own) => centre + own),
        within: mean(clipped.map((group) => (group.length > 1 ? sampleVariance(group) : 0) / group.length / free ** 2)),
      };
    }
    centre += step;
  }
}

/** The reach from the robust standard deviations: of rounds about their opening's median, and of the medians but for that. */
function reachOf(groups: readonly number[][], medians: readonly number[]): number {
  const deviation = (values: readonly number[]) => medianAbsoluteDeviation([...values]) / 0.6745;
  const ofRounds = deviation(groups.flatMap((group, i) => group.map((round) => round - medians[i])));
  const ofMedians = Math.PI / 2 * ofRounds ** 2 * mean(groups.map(({ length }) => 1 / length));
  const ofOpenings = Math.max(0, deviation(medians) ** 2 - ofMedians);
  return Math.sqrt((REACH_OF_ROUNDS * ofRounds) ** 2 + REACH_OF_OPENINGS ** 2 * ofOpenings);
}

/** How many values lie outside Tukey's fences, 1.5 interquartile ranges beyond the quartiles. */
export function countOutliers(values: readonly number[]): number {
  if (values.length < 4) return 0;
  const [q1, q3] = quantile([...values], [0.25, 0.75]);
  const reach = 1.5 * (q3 - q1);
  return values.filter((value) => value < q1 - reach || value > q3 + reach).length;
}
