/**
 * The CI gate: yes or no, in one sentence.
 *
 * @module
 */
import { judgeError } from "./error_limit.ts";
import type { Comparison } from "./types.ts";

/** Limits of a gate; without a limit that thing is not judged. */
export interface GateLimits {
  /** The share by which the second model may be slower, 0.02 for 2%. */
  failIfSlower?: number;
  /** The largest relative L2 error of any output on any input set. */
  maxError?: number;
}

/** What a gate says. */
export interface GateResult {
  /** Whether it may pass. */
  passed: boolean;
  /** Why not, or that it may: one sentence. */
  sentence: string;
  /** What could not be told. */
  warnings: string[];
}

/**
 * Judges a comparison by limits.
 *
 * Too slow means *surely* too slow: at some level the whole 95% interval of after/before lies beyond 1 + limit. An interval
 * that reaches across the limit is a warning, since noise must not fail a build. The error has no noise: see
 * {@linkcode judgeError}.
 */
export function gate({ levels, error }: Comparison, { failIfSlower, maxError }: GateLimits): GateResult {
  const failures: string[] = [];
  const warnings: string[] = [];
  if (maxError !== undefined) {
    const judged = judgeError(error, maxError);
    failures.push(...judged.failures);
    warnings.push(...judged.warnings);
  }
  if (failIfSlower !== undefined) {
    if (levels.length === 0) warnings.push("No level was timed, so nothing can be said about speed.");
    for (const { level, speedup } of levels) {
      const [low, high] = [1 / speedup.high - 1, 1 / speedup.low - 1]; // how much slower
      const said = `${percent(1 / speedup.estimate - 1)} slower at level ${level} (95% CI ${percent(low)} to ${
        percent(high)
      })`;
      if (low > failIfSlower) failures.push(`the second model is ${said}, above ${percent(failIfSlower)}`);
      else if (high > failIfSlower) {
        warnings.push(`Inconclusive: ${said}; whether that is above ${percent(failIfSlower)} cannot be told.`);
      }
    }
  }
  const passed = failures.length === 0;
  return { passed, sentence: passed ? "Passed: within the limits." : `Failed: ${failures.join("; ")}.`, warnings };
}

/** Reads `2%` or `0.02` as 0.02. @throws {Error} If it is neither. */
export function parseShare(text: string): number {
  const match = /^(\d+(?:\.\d+)?|\.\d+)(%?)$/.exec(text.trim());
  if (!match) throw new Error(`${JSON.stringify(text)}: expected a share such as 2% or 0.02`);
  return Number(match[1]) / (match[2] ? 100 : 1);
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)}%`;
}
