/**
 * Saved comparisons, older runs against newer.
 *
 * @module
 */
import { mean, sum } from "simple-statistics";
import { decide } from "./decide.ts";
import { evidenceOf, intervalAt } from "./statistics.ts";
import { median } from "./statistics.ts";
import type { Comparison, Decision, Environment, Evidence, Interval, Level, LevelComparison } from "./types.ts";

/**
 * How far a run lies from the next of the same pair where there are too few runs to know, standard deviation of ln(speed-up),
 * beyond what each run's own interval says.
 */
const ASSUMED_RUN = 0.01;

/** Degrees of freedom between runs from which on nothing is assumed. */
const ENOUGH_FREEDOM = 5;

/** How one level changed from older runs to newer. */
export interface LevelDiff {
  /** The level, measured in all. */
  level: Level;
  /** Median times of both models, older runs, milliseconds. */
  oldMs: { before: number; after: number };
  /** Median times of both models, newer runs, milliseconds. */
  newMs: { before: number; after: number };
  /** The speed-up, older runs. */
  oldSpeedup: Interval;
  /** The speed-up, newer runs. */
  newSpeedup: Interval;
  /** Newer speed-up over older with its 95% interval: paired inside each run, so a busier machine does not show. */
  change: Interval;
  /** What the one decision says of the change. */
  verdict: "better" | "worse" | "same" | "no difference shown";
  /** Why. */
  reason: string;
  /** Runs of each side. */
  runs: { old: number; new: number };
}

/** What changed between saved comparisons. */
export interface ComparisonDiff {
  /** One entry for every level measured in all. */
  levels: LevelDiff[];
  /** Relative L2 errors: of the last run of each side. */
  relativeL2: { old: number; new: number };
  /** What cannot be known from so few runs; absent where there are enough. */
  unknown?: string;
  /** What makes them hard to compare: other models, inputs, machines, versions, settings. */
  warnings: string[];
}

/** Differences of these never matter, or are expected. */
const IGNORED: readonly string[] = [
  "date",
  "load",
  "loadEnd",
  "commit",
  "seed",
  "commandLine",
  "notebook",
  "git",
  "seconds",
];

const VERDICTS = { faster: "better", slower: "worse", same: "same", inconclusive: "no difference shown" } as const;

/**
 * Compares saved comparisons and warns where they were not measured alike.
 *
 * Two runs of the same pair differ by more than their intervals say (another process, another place in memory). With several runs
 * a side that is measured; with fewer than seven in all the missing degrees of freedom are filled with {@link ASSUMED_RUN}.
 *
 * @param older One saved comparison, or several runs of the same pair.
 * @param newer The same for the newer side.
 * @throws {RangeError} If a side has no run.
 */
export function diffComparisons(
  older: Comparison | readonly Comparison[],
  newer: Comparison | readonly Comparison[],
): ComparisonDiff {
  const [a, b] = [[older].flat() as Comparison[], [newer].flat() as Comparison[]];
  if (a.length === 0 || b.length === 0) throw new RangeError("diffComparisons(): a side has no run");
  const [first, ...others] = [...a, ...b];
  const levels = first.levels.filter(({ level }) => others.every((run) => levelOf(run, level)));
  const freedom = a.length + b.length - 2;
  return {
    levels: levels.map(({ level }) => diffLevel(level, a, b)),
    relativeL2: { old: a.at(-1)!.error.relativeL2, new: b.at(-1)!.error.relativeL2 },
    ...(freedom < ENOUGH_FREEDOM ? { unknown: unknownSentence(a.length, b.length) } : {}),
    warnings: [
      ...new Set(others.flatMap((run) => [...environmentWarnings(first, run), ...subjectWarnings(first, run)])),
    ],
  };
}

function unknownSentence(a: number, b: number): string {
  const runs = a === 1 && b === 1 ? "One run a side" : `${a} and ${b} runs`;
  return `${runs}: how far runs of the same pair differ from each other is ${
    a + b === 2 ? "not known" : "hardly known"
  } from these, so a run-to-run spread of ±${100 * ASSUMED_RUN}% is assumed; more runs a side would measure it ` +
    `(diff A1.json A2.json A3.json -- B1.json B2.json B3.json).`;
}

function levelOf({ levels }: Comparison, level: Level): LevelComparison | undefined {
  return levels.find((each) => each.level === level);
}

function diffLevel(level: Level, older: readonly Comparison[], newer: readonly Comparison[]): LevelDiff {
  const sides = [older, newer].map((runs) => runs.map((run) => levelOf(run, level)!));
  const all = sides.flat();
  const onOneThread = [...older, ...newer].every(({ environment }) => environment.threads === 1);
  const basis = onOneThread && all.every(({ before, after }) => before.cpuMs && after.cpuMs) &&
      all.some(({ decision }) => decision?.basis === "cpu")
    ? "cpu"
    : "wall";
  const [a, b] = sides.map((runs) => runs.map((run) => savedEvidence(run, basis)));
  const variance = runVariance(a, b);
  const same = new Set(all.map(({ decision }) => decision?.sameOperators));
  const change: Evidence = {
    ln: mean(b.map(({ ln }) => ln)) - mean(a.map(({ ln }) => ln)),
    standardError: Math.sqrt(variance.ofRun * (1 / a.length + 1 / b.length)),
    freedom: variance.freedom,
    units: a.length + b.length,
    unit: "run",
    rounds: Math.min(...[...a, ...b].map(({ rounds }) => rounds)),
    ...(variance.isAssumed ? { assumedOpening: ASSUMED_RUN } : {}),
  };
  const decision = decide(change, { basis, sameOperators: same.size === 1 ? [...same][0] : undefined });
  const speedup = (runs: readonly Evidence[], levels: readonly LevelComparison[]) =>
    runs.length === 1 ? levels[0].speedup : intervalAt({
      ...runs[0],
      ln: mean(runs.map(({ ln }) => ln)),
      standardError: Math.sqrt(variance.ofRun / runs.length),
      freedom: variance.freedom,
    }, 0.95);
  const ms = (runs: readonly LevelComparison[]) => ({
    before: median(runs.map(({ before }) => before.medianMs)),
    after: median(runs.map(({ after }) => after.medianMs)),
  });
  return {
    level,
    oldMs: ms(sides[0]),
    newMs: ms(sides[1]),
    oldSpeedup: speedup(a, sides[0]),
    newSpeedup: speedup(b, sides[1]),
    change: decision.shown,
    verdict: VERDICTS[decision.verdict],
    reason: decision.reason,
    runs: { old: a.length, new: b.length },
  };
}

/** The variance of one run's ln(speed-up), pooled over both sides, with what is assumed where runs are few. */
function runVariance(
  a: readonly Evidence[],
  b: readonly Evidence[],
): { ofRun: number; freedom: number; isAssumed: boolean } {
  const squares = (runs: readonly Evidence[]) => {
    const centre = mean(runs.map(({ ln }) => ln));
    return sum(runs.map(({ ln }) => (ln - centre) ** 2));
  };
  const own = mean([...a, ...b].map(({ standardError }) => standardError ** 2));
  const freedom = a.length + b.length - 2, missing = Math.max(0, ENOUGH_FREEDOM - freedom);
  const pooled = (squares(a) + squares(b) + missing * (ASSUMED_RUN ** 2 + own)) / (freedom + missing);
  return { ofRun: Math.max(pooled, own), freedom: freedom + missing, isAssumed: missing > 0 };
}

/** What a saved level tells: of files of before decisions were written, from its rounds. */
function savedEvidence(
  { lnRatios, openings, decision, before, after }: LevelComparison,
  basis: Decision["basis"],
): Evidence {
  const isSample = decision ? decision.evidence.unit === "opening" : (openings?.length ?? 1) > 1;
  const ratios = basis === "cpu" ? before.cpuMs!.map((ms, i) => Math.log(ms / after.cpuMs![i])) : lnRatios;
  return evidenceOf(ratios, { openings, isSample });
}

function environmentWarnings(older: Comparison, newer: Comparison): string[] {
  const keys = Object.keys({ ...older.environment, ...newer.environment }) as (keyof Environment)[];
  return keys.filter((key) => !IGNORED.includes(key)).flatMap((key) => {
    const [a, b] = [older.environment[key], newer.environment[key]].map((value) => JSON.stringify(value));
    return a === b ? [] : [`The environments differ: ${key} was ${a}, now ${b}.`];
  });
}

function subjectWarnings(older: Comparison, newer: Comparison): string[] {
  const shapes = ({ inputs }: Comparison) =>
    inputs.map(({ name, type, dims }) => `${name} ${type} [${dims}]`).join(", ");
  const warnings = [];
  if (older.before.sha256 !== newer.before.sha256) {
    warnings.push(`The first models differ: ${older.before.name} and ${newer.before.name} are not the same file.`);
  }
  if (shapes(older) !== shapes(newer)) warnings.push(`The inputs differ: ${shapes(older)}; now ${shapes(newer)}.`);
  const missing = older.levels.filter(({ level }) => !newer.levels.some((other) => other.level === level));
  if (missing.length) warnings.push(`Not measured now: level ${missing.map(({ level }) => level).join(", ")}.`);
  if (older.interrupted || newer.interrupted) warnings.push("A run was interrupted.");
  return warnings;
}
