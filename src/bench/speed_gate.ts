/**
 * The gate on speed: the one decision, asked whether the second model is slower by more than a limit.
 *
 * @module
 */
import { duration, isSlowerByMoreThan } from "./decide.ts";
import { MIN_ROUNDS_FOR_VERDICT } from "./decision_rule.ts";
import { judge } from "./judge.ts";
import { AIM_OPENINGS } from "./statistics.ts";
import type { Comparison, LevelComparison } from "./types.ts";

/** What the gate on speed says. */
export interface SpeedGate {
  /** Why it fails: levels at which "slower by more than the limit" is the verdict. */
  failures: string[];
  /** Why it can neither pass nor fail: interrupted, or too short to tell. */
  undecided: string[];
  /** What noise hid; it passes in spite of that. */
  warnings: string[];
}

/**
 * Judges speed by the rule of {@linkcode decide}.
 *
 * - Fails where the verdict is `slower` and the whole 99.5% interval lies beyond the limit.
 * - Is undecided where it was interrupted, where fewer than ten rounds were run, and where the interval reaches across the limit
 *   and the time was too short for ten openings.
 * - Passes elsewhere; where the interval reaches across the limit with a warning, since noise must not fail a build.
 *
 * @throws {RangeError} If the limit is negative or no number.
 */
export function gateSpeed({ levels, interrupted }: Comparison, limit: number): SpeedGate {
  if (!(limit >= 0 && limit < Infinity)) {
    throw new RangeError(`failIfSlower ${limit}: expected a share such as 0.02 for 2%`);
  }
  const result: SpeedGate = { failures: [], undecided: [], warnings: [] };
  if (interrupted || levels.some(({ stopped }) => stopped === "aborted")) {
    result.undecided.push("the measurement was interrupted");
  } else if (levels.length === 0) result.undecided.push("no level was timed");
  for (const level of levels) {
    const decision = level.decision ?? judge(level.lnRatios, { openings: level.openings, isSample: false }).decision;
    const { interval, basis, evidence } = decision;
    const [low, high] = [1 / interval.high - 1, 1 / interval.low - 1]; // how much slower
    const slower = 1 / interval.estimate - 1;
    const said = `${percent(Math.abs(slower))} ${slower < 0 ? "faster" : "slower"} at level ${level.level} (99.5% CI${
      basis === "cpu" ? " of CPU time" : ""
    } of the slow-down ${percent(low)} to ${percent(high)})`;
    if (isSlowerByMoreThan(decision, limit)) {
      result.failures.push(`the second model is ${said}, above ${percent(limit)}`);
    } else if (evidence.rounds < MIN_ROUNDS_FOR_VERDICT) {
      result.undecided.push(`only ${evidence.rounds} rounds at level ${level.level}, too few to tell anything`);
    } else if (high > limit) {
      const why = shortness({ ...level, decision });
      const cannot = `${said}; whether that is above ${percent(limit)} cannot be told`;
      if (why) result.undecided.push(`${cannot}: ${why}`);
      else result.warnings.push(`Inconclusive: ${cannot}.`);
    }
  }
  return result;
}

/** Why a measurement was too short to tell; undefined where it was long enough, and the rest is noise. */
function shortness({ stopped, openings, lnRatios, seconds, decision }: LevelComparison): string | undefined {
  const count = openings?.length ?? 1;
  if (decision?.evidence.unit === "opening" && count < AIM_OPENINGS && stopped !== "precision") {
    const time = seconds ? `; about ${duration(seconds * AIM_OPENINGS / count)} at this level would do` : "";
    return `too short, only ${count} opening${count === 1 ? "" : "s"} of ${AIM_OPENINGS} fitted into the time${time}`;
  }
  return stopped === "limit" ? `the time allowed ended after ${lnRatios.length} rounds` : undefined;
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)}%`;
}
