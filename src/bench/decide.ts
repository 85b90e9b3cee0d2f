/**
 * The one decision: verdict, `fuse --measure`, gate, `diff` and baselines all take it from here.
 *
 * @module
 */
import { CALLED, DELTA, MIN_ROUNDS_FOR_VERDICT, SAME_OPERATORS_DELTA, SHOWN } from "./decision_rule.ts";
import { checked, type OptionNames } from "../host/options.ts";
import { halfWidth, intervalAt, MIN_OPENINGS } from "./statistics.ts";
import type { Decision, Evidence, Verdict } from "./types.ts";

/** What a decision depends on beside the evidence. */
export interface DecideOptions {
  /** Half-width of the band called `same`, default {@link DELTA}. */
  delta?: number;
  /** How many operators ONNX Runtime ran, where they were the same for both, shapes included. */
  sameOperators?: number;
  /** The clock that the evidence is from, default `wall`. */
  basis?: Decision["basis"];
  /** Seconds the evidence took, to say how many more would tell. */
  seconds?: number;
}

/** Every option of {@linkcode decide}. */
export const DECIDE_OPTIONS: OptionNames<DecideOptions> = {
  delta: true,
  sameOperators: true,
  basis: true,
  seconds: true,
};

/** Decides by the rule that {@linkcode RULE} states. */
export function decide(evidence: Evidence, options: DecideOptions = {}): Decision {
  const { sameOperators, basis = "wall", seconds } = checked("decide", options, DECIDE_OPTIONS);
  const delta = sameOperators ? Math.max(options.delta ?? DELTA, SAME_OPERATORS_DELTA) : options.delta ?? DELTA;
  const band = Math.log1p(delta), { ln } = evidence;
  const [shown, called] = [SHOWN, CALLED].map((confidence) => halfWidth(evidence, confidence));
  const verdict: Verdict = evidence.rounds < MIN_ROUNDS_FOR_VERDICT
    ? "inconclusive"
    : Math.abs(ln) >= band && Math.abs(ln) > called
    ? ln > 0 ? "faster" : "slower"
    : Math.abs(ln) + shown <= band
    ? "same"
    : "inconclusive";
  const decided = {
    verdict,
    basis,
    delta,
    interval: intervalAt(evidence, CALLED),
    shown: intervalAt(evidence, SHOWN),
    evidence,
    ...(sameOperators ? { sameOperators } : {}),
  };
  const moreSeconds = verdict === "inconclusive"
    ? secondsMissing(evidence, { band, shown, called, seconds })
    : undefined;
  return {
    ...decided,
    reason: reasonOf(decided, moreSeconds),
    ...(moreSeconds !== undefined && Number.isFinite(moreSeconds) ? { moreSeconds } : {}),
  };
}

/** Whether a decision says "slower by more than a share": the gate's question. The verdict is `slower`, and the 99.5% interval lies beyond. */
export function isSlowerByMoreThan(
  { verdict, interval }: Pick<Decision, "verdict" | "interval">,
  share: number,
): boolean {
  return verdict === "slower" && 1 / interval.high - 1 > share;
}

/**
 * Seconds more after which the interval should be narrow enough for a call, by the square root law; Infinity where that is never.
 * Where openings are missing, most of the width is assumed: six of them are needed, and what the measured noise needs.
 */
function secondsMissing(
  evidence: Evidence,
  { band, shown, called, seconds }: { band: number; shown: number; called: number; seconds?: number },
): number | undefined {
  if (!seconds) return undefined;
  const { units, unit, rounds, standardError, assumedOpening, withinOpening = 0, betweenOpenings = 0 } = evidence;
  const size = Math.abs(evidence.ln);
  const narrower = size >= band ? called / size : shown / (band - size);
  const isMissing = unit === "opening" && assumedOpening !== undefined;
  const measured = isMissing ? Math.hypot(withinOpening, betweenOpenings) / Math.sqrt(units) / standardError : 1;
  const factor = Math.max(
    (narrower * measured) ** 2,
    isMissing ? MIN_OPENINGS / units : 1,
    MIN_ROUNDS_FOR_VERDICT / rounds,
  );
  return factor > 1000 ? Infinity : seconds * (factor - 1);
}

function reasonOf(
  { verdict, interval, shown, delta, sameOperators, evidence, basis }: Omit<Decision, "reason">,
  moreSeconds: number | undefined,
): string {
  const digits = Math.abs(interval.estimate - 1) < 0.1 ? 3 : 2;
  const written = ({ low, high }: { low: number; high: number }) => `${low.toFixed(digits)}–${high.toFixed(digits)}`;
  const band = `±${percent(delta)}`;
  const clock = basis === "cpu" ? " of CPU time" : "";
  const said = {
    faster: () => `the 99.5% interval${clock} ${written(interval)} lies above 1`,
    slower: () => `the 99.5% interval${clock} ${written(interval)} lies below 1`,
    same: () => `the 95% interval${clock} ${written(shown)} lies within ${band}`,
    inconclusive: () => {
      if (evidence.rounds < MIN_ROUNDS_FOR_VERDICT) {
        return `only ${evidence.rounds} rounds were run, and fewer than ${MIN_ROUNDS_FOR_VERDICT} decide nothing`;
      }
      return interval.low <= 1 && interval.high >= 1
        ? `the 99.5% interval${clock} ${written(interval)} reaches across 1`
        : `the 99.5% interval${clock} ${
          written(interval)
        } leaves out 1, but the estimate is less than ${band} away from it`;
    },
  }[verdict]();
  const more = verdict !== "inconclusive" || moreSeconds === undefined
    ? ""
    : Number.isFinite(moreSeconds)
    ? `; about ${duration(moreSeconds)} more would tell`
    : "; no time that is reasonable would tell";
  const few = evidence.assumedOpening === undefined
    ? ""
    : evidence.unit === "run"
    ? `; with so few runs ±${percent(evidence.assumedOpening)} from run to run is assumed, which widens the interval`
    : `; ${count(evidence.units)}: another may differ by ±${
      percent(evidence.assumedOpening)
    } (assumed), which widens the interval`;
  const alike = evidence.effectiveUnits === undefined
    ? ""
    : `; each ${evidence.unit} resembles the one before, so ${evidence.units} count as ${
      Number(evidence.effectiveUnits.toPrecision(2))
    }, which widens the interval`;
  const same = sameOperators
    ? `; ONNX Runtime runs the same ${sameOperators} operators for both, so nothing below ${band} is called a difference`
    : "";
  return said + more + few + alike + same;
}

const count = (openings: number) => openings === 1 ? "one opening" : `only ${openings} openings`;
const percent = (share: number) => `${Number((100 * share).toPrecision(3))}%`;

/** `40 s`, `4 min`, `3 h`. */
export function duration(seconds: number): string {
  if (seconds < 1) return "1 s";
  if (seconds < 90) return `${Math.ceil(seconds)} s`;
  return seconds < 5400 ? `${Math.ceil(seconds / 60)} min` : `${Math.ceil(seconds / 3600)} h`;
}
