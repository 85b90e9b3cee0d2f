/**
 * Blocks of calls by the clock, and warming up before them.
 *
 * @module
 */
import { shuffle } from "simple-statistics";
import type { RandomSource } from "./random.ts";
import { median } from "./statistics.ts";

/** One thing to time: one call is one inference. */
export type Run = () => unknown;

/** Clocks to time by, milliseconds. */
export interface Clocks {
  /** Wall time. */
  now: () => number;
  /** CPU time, where the system tells it. */
  cpuNow?: () => number;
}

/** Wall and CPU time of so many calls, milliseconds. */
export async function timeBlock(
  run: Run,
  calls: number,
  { now, cpuNow }: Clocks,
): Promise<{ ms: number; cpuMs: number }> {
  const cpuStart = cpuNow?.() ?? NaN;
  const start = now();
  for (let i = 0; i < calls; i++) await run();
  const ms = now() - start;
  return { ms, cpuMs: (cpuNow?.() ?? NaN) - cpuStart };
}

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
 * Runs everything in turn, in a random order each time, until none gets faster any more: the median of three rounds is no more
 * than 5% below the median of the three before. At least three rounds, and no longer than the limit.
 *
 * The order matters: what runs first after an opening keeps an advantage or a disadvantage of one to three percent.
 */
export async function warmUp(
  runs: readonly Run[],
  { clocks, random, limitMs, signal }: { clocks: Clocks; random: RandomSource; limitMs: number; signal?: AbortSignal },
): Promise<{ ms: number[]; calls: number }> {
  const start = clocks.now();
  const times: number[][] = runs.map(() => []);
  const recent = (list: number[], from: number) => median(list.slice(-from, list.length - from + 3));
  for (let calls = 1;; calls++) {
    for (const index of shuffle(runs.map((_, i) => i), random)) {
      times[index].push((await timeBlock(runs[index], 1, { now: clocks.now })).ms);
    }
    if (calls < 3 && !signal?.aborted) continue;
    const steady = calls >= 6 && times.every((list) => recent(list, 3) >= 0.95 * recent(list, 6));
    if (steady || signal?.aborted || clocks.now() - start >= limitMs) {
      return { ms: times.map((list) => median(list.slice(-3))), calls };
    }
  }
}
