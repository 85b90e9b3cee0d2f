/**
 * Paired timing: two (or, with an A/A control, three) things run in randomised interleaved rounds.
 *
 * Timing A and then B on a shared machine measures the machine's mood as much as A and B. Here every round runs all of them
 * in a random order, the ratio is taken inside the round, and slow drifts cancel.
 *
 * @module
 */
import { shuffle } from "simple-statistics";
import { randomSource } from "./random.ts";
import { clustersOf, judge, median, MIN_CLUSTERS, speedupOf } from "./statistics.ts";
import type { Interval, Verdict } from "./types.ts";

/** One thing to time: one call is one inference. */
export type Run = () => unknown;

/** What takes turns in a round. */
export interface Contestants {
  /** The first. */
  before: Run;
  /** The second. */
  after: Run;
  /** A second instance of the first. */
  control?: Run;
}

/** How to time a pair. */
export interface TimePairOptions {
  /** Time to spend, warm-up included, seconds; default 10. At least {@link TimePairOptions.minRounds} are run regardless. */
  seconds?: number;
  /** Rounds to run at least, default 30. */
  minRounds?: number;
  /** Seconds after which it stops even with fewer rounds than {@link TimePairOptions.minRounds}, but 5; default never. */
  limitSeconds?: number;
  /** Rounds to run at most, default 5000. */
  maxRounds?: number;
  /** Stop when the interval's half-width in ln is at most this, default delta / 2. Never stops on significance. */
  precision?: number;
  /** Half-width of the band called `same`, default 0.01. */
  delta?: number;
  /** Seed of the order of rounds and of the bootstrap, default 0. */
  seed?: number;
  /** A second instance of the first thing: the A/A control, timed in the same rounds. */
  control?: Run;
  /**
   * Opens everything anew. It is called again and again, a third of the time at most going into it, so that what differs from
   * opening to opening (where memory came to lie, where the scheduler put a thread) is averaged and counted in the interval.
   * Where the time allows fewer than {@link MIN_CLUSTERS} openings it is never called.
   */
  renew?: () => Promise<Contestants>;
  /** How long one {@link TimePairOptions.renew} takes, milliseconds. */
  renewMs?: number;
  /** Shortest block, milliseconds; default 0, and never below 100 times the clock's resolution. */
  minBlockMs?: number;
  /** The clock, milliseconds; default `performance.now`. */
  now?: () => number;
  /** Aborting stops after the round under way; what was measured is kept. */
  signal?: AbortSignal;
  /** Called between rounds with the share done, 0…1. */
  onProgress?: (fraction: number) => void;
}

/** What two sessions of the same thing showed: the noise floor. */
export interface Control {
  /** First over control, paired; 1 in a perfect world. */
  speedup: Interval;
  /** ln(first/control) of every round. */
  lnRatios: number[];
  /** What that interval says by itself: anything but `same` or `inconclusive` is a warning. */
  verdict: Verdict;
}

/** The outcome of {@link timePair}. */
export interface PairTiming {
  /** Milliseconds a call of the first, one sample a round. */
  beforeMs: number[];
  /** Milliseconds a call of the second, one sample a round. */
  afterMs: number[];
  /** ln(before/after) of every round. */
  lnRatios: number[];
  /** Before over after: above 1 the second is faster. */
  speedup: Interval;
  /** What the interval says, given the control. */
  verdict: Verdict;
  /** The A/A control where one was given. */
  control?: Control;
  /** Calls in each block. */
  inner: number;
  /** Warm-up calls of each before the first round. */
  warmup: number;
  /** The first round of each opening, ascending from 0: see {@link TimePairOptions.renew}. */
  openings: number[];
  /** Why it stopped. */
  stopped: "precision" | "time" | "limit" | "rounds" | "aborted";
}

/** Rounds at least on one opening. */
const ROUNDS_PER_OPENING = 10;

/** Smallest step the clock makes, milliseconds: the least positive difference of two readings. */
export function timerResolution(now: () => number = () => performance.now()): number {
  let smallest = Infinity;
  for (let i = 0; i < 200; i++) {
    const start = now();
    let end = now();
    for (let spins = 0; end === start && spins < 1e6; spins++) end = now();
    if (end > start) smallest = Math.min(smallest, end - start);
  }
  return Number.isFinite(smallest) ? smallest : 1;
}

/**
 * Times two runs in randomised interleaved rounds and says by how much they differ.
 *
 * Every round runs one block of each in random order; a block repeats the call until it is long against the clock's
 * resolution. Stops when the interval is narrow enough or the time is up, never because a difference became significant.
 *
 * @throws {RangeError} If it is aborted before the first round ended.
 */
export async function timePair(before: Run, after: Run, options: TimePairOptions = {}): Promise<PairTiming> {
  const { seconds = 10, minRounds = 30, maxRounds = 5000, delta = 0.01, seed = 0, signal, onProgress } = options;
  const { precision = delta / 2, now = () => performance.now() } = options;
  let runs = options.control ? [before, after, options.control] : [before, after];
  const samples: number[][] = runs.map(() => []);
  const start = now();
  const elapsed = () => (now() - start) / 1000;

  const warm = await warmUp(runs, { now, limitMs: seconds * 200, signal });
  const minBlockMs = Math.max(options.minBlockMs ?? 0, 100 * timerResolution(now));
  const inner = Math.max(1, Math.min(10_000, Math.ceil(minBlockMs / Math.max(Math.min(...warm.ms), 1e-6))));

  const random = randomSource(seed, 2);
  const openings = [0];
  const { renew, renewMs = 0 } = options;
  const renewing = renew !== undefined && 3 * renewMs * MIN_CLUSTERS <= 1000 * seconds;
  let opened = now();
  let nextCheck = minRounds;
  let yielded = now();
  let stopped: PairTiming["stopped"] | undefined;
  while (!stopped) {
    if (signal?.aborted) {
      stopped = "aborted";
      break;
    }
    const fresh = samples[0].length - openings.at(-1)!;
    if (renewing && fresh >= ROUNDS_PER_OPENING && now() - opened > 2 * renewMs) {
      const next = await renew();
      runs = next.control ? [next.before, next.after, next.control] : [next.before, next.after];
      for (let i = 0; i < 3; i++) for (const run of runs) await run();
      opened = now();
      openings.push(samples[0].length);
    }
    const round: number[] = [];
    for (const index of shuffle(runs.map((_, i) => i), random)) {
      round[index] = await timeBlock(runs[index], inner, now) / inner;
    }
    round.forEach((ms, i) => samples[i].push(ms));
    const rounds = samples[0].length;
    if (now() - yielded > 50) {
      await new Promise((resolve) => setTimeout(resolve, 0)); // a session's run blocks the event loop
      yielded = now();
    }
    onProgress?.(Math.min(1, Math.min(rounds / minRounds, Math.max(elapsed() / seconds, rounds / maxRounds))));
    if (rounds >= Math.min(5, minRounds) && elapsed() >= (options.limitSeconds ?? Infinity)) stopped = "limit";
    if (stopped || rounds < minRounds) continue;
    if (rounds >= maxRounds) stopped = "rounds";
    else if (elapsed() >= seconds) stopped = "time";
    else if (rounds >= nextCheck && (!renewing || openings.length >= 2 * MIN_CLUSTERS)) {
      nextCheck = Math.ceil(rounds * 1.2);
      const { low, high } = speedupOf(logRatios(samples[0], samples[1]), {
        seed,
        resamples: 500,
        clusters: clustersOf(openings, rounds),
      });
      if (Math.log(high / low) / 2 <= precision) stopped = "precision";
    }
  }
  const [beforeMs, afterMs, controlMs] = samples;
  if (beforeMs.length === 0) {
    throw new RangeError("timePair(): stopped before the first round ended; there is nothing to report");
  }
  const lnRatios = logRatios(beforeMs, afterMs);
  const judging = { delta, seed, clusters: clustersOf(openings, beforeMs.length) };
  const controlLn = controlMs && logRatios(beforeMs, controlMs);
  const control = controlLn && { lnRatios: controlLn, ...judge(controlLn, judging) };
  const judged = judge(lnRatios, { ...judging, control: controlLn });
  return {
    beforeMs,
    afterMs,
    lnRatios,
    ...judged,
    ...(control ? { control } : {}),
    inner,
    warmup: warm.calls,
    openings,
    stopped,
  };
}

function logRatios(first: readonly number[], second: readonly number[]): number[] {
  return first.map((ms, i) => Math.log(ms / second[i]));
}

async function timeBlock(run: Run, inner: number, now: () => number): Promise<number> {
  const start = now();
  for (let i = 0; i < inner; i++) await run();
  return now() - start;
}

/**
 * Runs everything in turn until nobody gets faster any more: the median of three rounds is no more than 5% below the median of
 * the three before. At least three rounds, and no longer than the limit.
 */
async function warmUp(
  runs: Run[],
  { now, limitMs, signal }: { now: () => number; limitMs: number; signal?: AbortSignal },
): Promise<{ ms: number[]; calls: number }> {
  const start = now();
  const times: number[][] = runs.map(() => []);
  const recent = (list: number[], from: number) => median(list.slice(-from, list.length - from + 3));
  for (let calls = 1;; calls++) {
    for (const [i, run] of runs.entries()) times[i].push(await timeBlock(run, 1, now));
    if (calls < 3 && !signal?.aborted) continue;
    const steady = calls >= 6 && times.every((list) => recent(list, 3) >= 0.95 * recent(list, 6));
    if (steady || signal?.aborted || now() - start >= limitMs) {
      return { ms: times.map((list) => median(list.slice(-3))), calls };
    }
  }
}
