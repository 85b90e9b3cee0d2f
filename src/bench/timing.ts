/**
 * Paired timing: two things run in randomised interleaved rounds, opened anew again and again.
 *
 * Timing A and then B on a shared machine measures the machine's mood as much as A and B. Here every round runs both in a
 * random order, the ratio is taken inside the round, and slow drifts cancel. What belongs to one opening (where memory came to
 * lie) no number of rounds can average away: openings are the units of the interval.
 *
 * @module
 */
import { shuffle } from "simple-statistics";
import { type OpeningPlan, planOpenings } from "./opening_plan.ts";
import { judge, type Judgement } from "./judge.ts";
import { randomSource } from "./random.ts";
import { AIM_OPENINGS, evidenceOf, halfWidth, median, MIN_OPENINGS } from "./statistics.ts";
import { type Clocks, type Run, timeBlock, timerResolution, warmUp } from "./warm_up.ts";
import { checked, type OptionNames } from "../host/options.ts";

export { type Run, timerResolution } from "./warm_up.ts";

/** What takes turns in a round. */
export interface Contestants {
  /** The first. */
  before: Run;
  /** The second. */
  after: Run;
}

/** How to time a pair. */
export interface TimePairOptions {
  /**
   * Time to spend, warm-up and openings included, seconds; default 10. At least {@link TimePairOptions.minRounds} rounds and,
   * with {@link TimePairOptions.renew}, six openings are run regardless, unless opening alone takes longer than this.
   */
  seconds?: number;
  /** Rounds to run at least, default 30. */
  minRounds?: number;
  /** Seconds after which it stops even with fewer rounds than {@link TimePairOptions.minRounds}, but 5; default never. */
  limitSeconds?: number;
  /** Rounds to run at most, default 5000. */
  maxRounds?: number;
  /**
   * Stop when the 95% interval's half-width in ln is at most this at two looks in a row, default delta / 2; not before ten
   * openings. Never stops on significance.
   */
  precision?: number;
  /** Half-width of the band called `same`, default 0.01. */
  delta?: number;
  /** How many operators are the same for both; see {@link DecideOptions.sameOperators}. */
  sameOperators?: number;
  /** Seed of the order of rounds and warm-up, default 0. */
  seed?: number;
  /**
   * Opens everything anew. It is called again and again, so that what differs from opening to opening is averaged and counted in
   * the interval. Without it the interval speaks of these two runs as they are.
   */
  renew?: () => Promise<Contestants>;
  /** How long one {@link TimePairOptions.renew} takes, milliseconds. */
  renewMs?: number;
  /** Shortest block, milliseconds; default 1 (longer above 10 s, so that rounds do not run out), and never below 100 times the clock's resolution. */
  minBlockMs?: number;
  /** The clock, milliseconds; default `performance.now`. */
  now?: () => number;
  /** A clock of CPU time, milliseconds. */
  cpuNow?: () => number;
  /** Whether CPU time may decide: only where one thread does all of the work. Default false. */
  cpuMayDecide?: boolean;
  /** Aborting stops after the round under way; what was measured is kept. */
  signal?: AbortSignal;
  /** Called between rounds with the share done, 0…1. */
  onProgress?: (fraction: number) => void;
}

/** Every option of {@linkcode timePair}. */
export const TIME_PAIR_OPTIONS: OptionNames<TimePairOptions> = {
  seconds: true,
  minRounds: true,
  limitSeconds: true,
  maxRounds: true,
  precision: true,
  delta: true,
  sameOperators: true,
  seed: true,
  renew: true,
  renewMs: true,
  minBlockMs: true,
  now: true,
  cpuNow: true,
  cpuMayDecide: true,
  signal: true,
  onProgress: true,
};

/** The outcome of {@link timePair}. */
export interface PairTiming extends Judgement {
  /** Milliseconds per call of the first, one sample per round. */
  beforeMs: number[];
  /** Milliseconds per call of the second, one sample per round. */
  afterMs: number[];
  /** CPU time of the same calls, milliseconds; absent without a clock of it. */
  cpuMs?: { before: number[]; after: number[] };
  /** Milliseconds per call of each in a hot loop; absent where that would take more than 2% of the time. */
  hotMs?: { before: number; after: number };
  /** ln(before/after) of every round. */
  lnRatios: number[];
  /** Calls in each block. */
  inner: number;
  /** Warm-up calls of each before the first round. */
  warmup: number;
  /** The first round of each opening, ascending from 0: see {@link TimePairOptions.renew}. */
  openings: number[];
  /** Seconds it took. */
  seconds: number;
  /** Why it stopped. */
  stopped: "precision" | "time" | "limit" | "rounds" | "aborted";
}

/** Calls shorter than this, milliseconds, have an untimed call before each block: the other's turn left the caches cold. */
const LEAD_IN_BELOW_MS = 1.5;

/** Openings in which a hot loop is timed as well. */
const HOT_OPENINGS = 3;

/** A hot loop's length, milliseconds, and the share of the whole time that such loops may take. */
const HOT_MS = 20, HOT_SHARE = 0.02;
/** Most calls that are timed together. */
const MOST_CALLS = 10_000;

/**
 * Times two runs in randomised interleaved rounds and says by how much they differ.
 *
 * Every round runs one block of each in random order; a block repeats the call until it is long against the clock's
 * resolution. Stops when the interval is narrow enough or the time is up, never because a difference became significant.
 *
 * @throws {RangeError} If it is aborted before the first round ended.
 */
export async function timePair(before: Run, after: Run, options: TimePairOptions = {}): Promise<PairTiming> {
  const { seconds = 10, minRounds = 30, maxRounds = 5000, delta = 0.01, seed = 0 } = options;
  const { signal, onProgress } = checked("timePair", options, TIME_PAIR_OPTIONS);
  const { precision = delta / 2, now = () => performance.now(), cpuNow, renew, limitSeconds = Infinity } = options;
  const clocks: Clocks = { now, cpuNow };
  const random = randomSource(seed, 2);
  const start = now();
  const elapsed = () => (now() - start) / 1000;

  let runs: readonly Run[] = [before, after];
  const warm = await warmUp(runs, { clocks, random, limitMs: seconds * 200, signal });
  const resolution = timerResolution(now);
  for (const [index, ms] of warm.ms.entries()) {
    if (ms < resolution) warm.ms[index] = await timeOverMany(runs[index], { now, resolution });
  }
  const minBlockMs = Math.max(options.minBlockMs ?? Math.max(1, seconds / 10), 100 * resolution);
  const shortest = Math.max(Math.min(...warm.ms), 1e-6);
  const inner = Math.max(1, Math.min(MOST_CALLS, Math.ceil(0.95 * minBlockMs / shortest)));
  const leadIn = warm.ms.map((ms) => ms < LEAD_IN_BELOW_MS ? 1 : 0);
  const roundMs = warm.ms.reduce((sum, ms, i) => sum + ms * (inner + leadIn[i]), 0);
  const callsMs = warm.ms[0] + warm.ms[1];

  let openingMs = (options.renewMs ?? 0) + 3 * callsMs;
  const plan: OpeningPlan = renew
    ? planOpenings({ openingMs, roundMs }, { seconds, limitSeconds, minRounds })
    : { rounds: Infinity, openings: 1 };
  if (plan.openings === 1) plan.rounds = Infinity;

  const samples = { ms: [[], []] as number[][], cpuMs: [[], []] as number[][] };
  const openings = [0];
  const hot: number[][] = [];
  const rounds = () => samples.ms[0].length;
  const evidence = () => evidenceOf(logRatios(samples.ms), { openings, isSample: renew !== undefined });

  /** One round: a block of each, in random order. */
  const runRound = async () => {
    const round = [0, 0], cpu = [0, 0];
    for (const index of shuffle([0, 1], random)) {
      for (let i = 0; i < leadIn[index]; i++) await runs[index]();
      const block = await timeBlock(runs[index], inner, clocks);
      round[index] = block.ms / inner;
      cpu[index] = block.cpuMs / inner;
    }
    for (const index of [0, 1]) {
      samples.ms[index].push(round[index]);
      samples.cpuMs[index].push(cpu[index]);
    }
  };

  /** A hot loop of each over what its turns took in this opening. */
  const runHot = async () => {
    const most = HOT_SHARE * 1000 * seconds;
    const calls = Math.max(3, Math.ceil(Math.min(HOT_MS, most / 4) / shortest));
    if (hot.length >= HOT_OPENINGS || calls * callsMs > most) return;
    const ratios = [0, 0];
    for (const index of shuffle([0, 1], random)) {
      await runs[index]();
      const { ms } = await timeBlock(runs[index], calls, { now });
      ratios[index] = ms / calls / median(samples.ms[index].slice(openings.at(-1)));
    }
    hot.push(ratios);
  };

  const reopen = async () => {
    const begin = now();
    const next = await renew!();
    runs = [next.before, next.after];
    await warmUp(runs, { clocks, random, limitMs: (now() - begin) / 2, signal });
    openingMs = Math.max(1e-3, now() - begin);
    openings.push(rounds());
  };

  let nextCheck = renew ? AIM_OPENINGS : minRounds;
  let isNarrow = false;
  let yielded = performance.now();
  let stopped: PairTiming["stopped"] | undefined;
  while (!stopped) {
    if (signal?.aborted) {
      stopped = "aborted";
      break;
    }
    await runRound();
    if (performance.now() - yielded > 50) {
      await new Promise((resolve) => setTimeout(resolve, 0)); // a session's run blocks the event loop
      yielded = performance.now();
    }
    const done = Math.max(elapsed() / seconds, rounds() / maxRounds);
    onProgress?.(Math.min(1, rounds() / minRounds, openings.length / plan.openings, done));
    if (rounds() >= Math.min(5, minRounds) && elapsed() >= limitSeconds) stopped = "limit";
    else if (rounds() >= maxRounds && rounds() >= minRounds) stopped = "rounds";
    const isOpeningDone = rounds() - openings.at(-1)! >= plan.rounds;
    if (stopped || rounds() < minRounds && !isOpeningDone) continue;
    if (plan.rounds !== Infinity && !isOpeningDone) continue;
    if (isOpeningDone) await runHot();
    if (rounds() >= minRounds && openings.length >= Math.min(MIN_OPENINGS, plan.openings)) {
      const nextMs = isOpeningDone ? openingMs + plan.rounds * roundMs : 0;
      if (elapsed() + nextMs / 1000 >= seconds) stopped = "time";
      const units = isOpeningDone ? openings.length : rounds();
      if (!stopped && units >= nextCheck && plan.openings >= (renew ? AIM_OPENINGS : 1)) {
        nextCheck = Math.ceil(units * 1.2);
        const wasNarrow = isNarrow;
        isNarrow = halfWidth(evidence(), 0.95) <= precision;
        if (wasNarrow && isNarrow) stopped = "precision"; // once can be luck, and the interval then too narrow
      }
    }
    if (!stopped && isOpeningDone) await reopen();
  }
  if (rounds() === 0) {
    throw new RangeError("timePair(): stopped before the first round ended; there is nothing to report");
  }
  if (openings.length > 1 && openings.at(-1) === rounds()) openings.pop(); // aborted while opening
  if (stopped !== "aborted" && hot.length === 0) await runHot();
  const lnRatios = logRatios(samples.ms);
  const lnCpuRatios = cpuNow && logRatios(samples.cpuMs);
  const canDecide = options.cpuMayDecide && lnCpuRatios?.every(Number.isFinite);
  const judged = judge(lnRatios, {
    openings,
    isSample: renew !== undefined,
    delta,
    sameOperators: options.sameOperators,
    seconds: elapsed(),
    lnCpuRatios: canDecide ? lnCpuRatios : undefined,
  });
  const hotOf = (index: number) => median(samples.ms[index]) * median(hot.map((ratios) => ratios[index]));
  return {
    beforeMs: samples.ms[0],
    afterMs: samples.ms[1],
    ...(cpuNow ? { cpuMs: { before: samples.cpuMs[0], after: samples.cpuMs[1] } } : {}),
    ...(hot.length > 0 ? { hotMs: { before: hotOf(0), after: hotOf(1) } } : {}),
    lnRatios,
    ...judged,
    inner,
    warmup: warm.calls,
    openings,
    seconds: elapsed(),
    stopped,
  };
}

function logRatios([first, second]: readonly number[][]): number[] {
  return first.map((ms, i) => Math.log(ms / second[i]));
}

/**
 * Milliseconds of one call that is shorter than the clock can tell, as the mean of so many that it can: from single calls, which mostly
 * take 0 ms by a browser's clock, thousands would seem to fit into a round.
 */
async function timeOverMany(run: Run, { now, resolution }: { now: () => number; resolution: number }): Promise<number> {
  for (let calls = 2;; calls *= 2) {
    const { ms } = await timeBlock(run, calls, { now });
    if (ms >= 10 * resolution || calls >= MOST_CALLS) return ms / calls;
  }
}
