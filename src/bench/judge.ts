/**
 * From the rounds to the decision: the wall clock is the headline, and CPU time decides where that is so much surer.
 *
 * @module
 */
import { checked, type OptionNames, optionsOf } from "../host/options.ts";
import { decide, DECIDE_OPTIONS, type DecideOptions } from "./decide.ts";
import { CALLED } from "./decision_rule.ts";
import { EVIDENCE_OPTIONS, evidenceOf, type EvidenceOptions, halfWidth } from "./statistics.ts";
import type { Decision, Evidence, Interval, NoiseFloor, Verdict } from "./types.ts";

/** How much wider the wall clock's interval must be for CPU time to decide in its place. */
const CPU_ADVANTAGE = 2;

/** What a judgement depends on beside the ratios. */
export interface JudgeOptions extends Omit<DecideOptions, "basis">, EvidenceOptions {
  /** ln(before/after) of the CPU times of the same rounds, given only where CPU time may decide: at one thread. */
  lnCpuRatios?: readonly number[];
}

/** Every option of {@linkcode judge}. */
const JUDGE_OPTIONS: OptionNames<JudgeOptions> = {
  openings: true,
  isSample: true,
  delta: true,
  sameOperators: true,
  seconds: true,
  lnCpuRatios: true,
};

/** An interval and what was decided. */
export interface Judgement {
  /** First over second by the wall clock, with its 95% interval. */
  speedup: Interval;
  /** The same by CPU time, where it was given. */
  cpuSpeedup?: Interval;
  /** What was decided. */
  verdict: Verdict;
  /** How. */
  decision: Decision;
  /** The noise floor by the clock that decided, with two openings or more. */
  control?: NoiseFloor;
}

/**
 * Judges ln-ratios of time, first over second: {@linkcode evidenceOf} and then {@linkcode decide}.
 *
 * CPU time decides where its interval is less than half as wide as the wall clock's, which is so when other work took the core
 * away; the choice looks at widths only, never at the estimates. The reason says so.
 *
 * @throws {RangeError} If there are no ratios.
 */
export function judge(lnRatios: readonly number[], options: JudgeOptions = {}): Judgement {
  const { lnCpuRatios } = checked("judge", options, JUDGE_OPTIONS);
  const ofEvidence = optionsOf(options, EVIDENCE_OPTIONS), rest = optionsOf(options, DECIDE_OPTIONS);
  const wall = evidenceOf(lnRatios, ofEvidence);
  const cpu = lnCpuRatios && evidenceOf(lnCpuRatios, ofEvidence);
  const byCpu = cpu !== undefined && CPU_ADVANTAGE * cpu.standardError < wall.standardError;
  let decision = decide(byCpu ? cpu : wall, { ...rest, basis: byCpu ? "cpu" : "wall" });
  const byWall = byCpu ? decide(wall, rest) : decision;
  if (byCpu) decision = withWall(decision, byWall, wall.standardError / cpu.standardError);
  return {
    speedup: byWall.shown,
    ...(cpu ? { cpuSpeedup: decide(cpu).shown } : {}),
    verdict: decision.verdict,
    decision,
    ...(wall.unit === "opening" && wall.units > 1 ? { control: floorOf(byCpu ? cpu : wall) } : {}),
  };
}

/** A decision by CPU time, with a word on the wall clock. Where the two contradict each other nothing is decided. */
function withWall(decision: Decision, byWall: Decision, wider: number): Decision {
  const times = `${wider >= 10 ? wider.toFixed(0) : wider.toFixed(1)} times as wide`;
  const opposite = { faster: "slower", slower: "faster", same: undefined, inconclusive: undefined }[decision.verdict];
  if (opposite !== undefined && byWall.verdict === opposite) {
    return {
      ...decision,
      verdict: "inconclusive",
      reason: `CPU time says ${decision.verdict} and the wall clock ${opposite}: ${decision.reason}; ${byWall.reason}`,
    };
  }
  return {
    ...decision,
    reason: `${decision.reason}; decided by CPU time, since the wall clock's interval is ${times}`,
  };
}

function floorOf(evidence: Evidence): NoiseFloor {
  const half = halfWidth(evidence, CALLED);
  return {
    speedup: { estimate: 1, low: Math.exp(-half), high: Math.exp(half) },
    betweenOpenings: evidence.betweenOpenings ?? 0,
    withinOpening: evidence.withinOpening ?? 0,
  };
}
