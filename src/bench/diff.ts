/**
 * Two saved comparisons, the older against the newer.
 *
 * @module
 */
import { bootstrapDifference, clustersOf } from "./statistics.ts";
import type { Comparison, Environment, Interval, Level, LevelComparison } from "./types.ts";

/** How one level changed from an older run to a newer. */
export interface LevelDiff {
  /** The level, measured in both. */
  level: Level;
  /** Median times of both models, older run, milliseconds. */
  oldMs: { before: number; after: number };
  /** Median times of both models, newer run, milliseconds. */
  newMs: { before: number; after: number };
  /** The speed-up, older run. */
  oldSpeedup: Interval;
  /** The speed-up, newer run. */
  newSpeedup: Interval;
  /** Newer speed-up over older with its 95% interval: paired inside each run, so a busier machine does not show. */
  change: Interval;
  /** Whether the interval of the change excludes 1, and which way. */
  verdict: "better" | "worse" | "no difference shown";
}

/** What changed between two saved comparisons. */
export interface ComparisonDiff {
  /** One entry for every level measured in both. */
  levels: LevelDiff[];
  /** Relative L2 errors. */
  relativeL2: { old: number; new: number };
  /** What makes the two hard to compare: other models, inputs, machines, versions, settings. */
  warnings: string[];
}

/** Differences of these never matter, or are expected. */
const IGNORED: readonly (keyof Environment)[] = ["date", "load", "commit", "seed"];

/** Compares two saved comparisons and warns where they were not measured alike. */
export function diffComparisons(older: Comparison, newer: Comparison): ComparisonDiff {
  const levels = older.levels.flatMap((a) => {
    const b = newer.levels.find(({ level }) => level === a.level);
    return b ? [diffLevel(a, b)] : [];
  });
  return {
    levels,
    relativeL2: { old: older.error.relativeL2, new: newer.error.relativeL2 },
    warnings: [...environmentWarnings(older, newer), ...subjectWarnings(older, newer)],
  };
}

function diffLevel(a: LevelComparison, b: LevelComparison): LevelDiff {
  const { estimate, low, high } = bootstrapDifference(b.lnRatios, a.lnRatios, {
    clusters: [clustersOf(b.openings ?? [], b.lnRatios.length), clustersOf(a.openings ?? [], a.lnRatios.length)],
  });
  return {
    level: a.level,
    oldMs: { before: a.before.medianMs, after: a.after.medianMs },
    newMs: { before: b.before.medianMs, after: b.after.medianMs },
    oldSpeedup: a.speedup,
    newSpeedup: b.speedup,
    change: { estimate: Math.exp(estimate), low: Math.exp(low), high: Math.exp(high) },
    verdict: low > 0 ? "better" : high < 0 ? "worse" : "no difference shown",
  };
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
  return warnings;
}
