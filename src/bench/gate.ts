/**
 * The CI gate: yes or no, in one sentence.
 *
 * @module
 */
import { ERROR_LIMIT, isErrorLimit, judgeError } from "./error_limit.ts";
import { checked } from "../host/options.ts";
import { gateSpeed } from "./speed_gate.ts";
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
  /** Whether it may pass: only where the outcome is `passed`. */
  passed: boolean;
  /** `undecided`: interrupted, or too short to tell. */
  outcome: "passed" | "failed" | "undecided";
  /** Why not, or that it may: one sentence. */
  sentence: string;
  /** What could not be told. */
  warnings: string[];
}

/**
 * Judges a comparison by limits: speed by {@linkcode gateSpeed}; the error by {@linkcode judgeError}, since it has no noise.
 *
 * @throws {RangeError} If a limit is negative or no number, or the error's is 1 or more: it would never fail.
 */
export function gate(comparison: Comparison, limits: GateLimits): GateResult {
  const { failIfSlower, maxError } = checked("gate", limits, { failIfSlower: true, maxError: true });
  const failures: string[] = [], warnings: string[] = [], undecided: string[] = [];
  if (maxError !== undefined) {
    if (!isErrorLimit(maxError)) throw new RangeError(`maxError ${maxError}: expected ${ERROR_LIMIT}`);
    const judged = judgeError(comparison.error, maxError);
    failures.push(...judged.failures);
    warnings.push(...judged.warnings);
  }
  if (failIfSlower !== undefined) {
    const speed = gateSpeed(comparison, failIfSlower);
    failures.push(...speed.failures);
    warnings.push(...speed.warnings);
    undecided.push(...speed.undecided);
  }
  const outcome = failures.length > 0 ? "failed" : undecided.length > 0 ? "undecided" : "passed";
  const sentence = {
    passed: "Passed: within the limits.",
    failed: `Failed: ${failures.join("; ")}.`,
    undecided: `Not decided, so not passed: ${undecided.join("; ")}.`,
  }[outcome];
  return { passed: outcome === "passed", outcome, sentence, warnings };
}
