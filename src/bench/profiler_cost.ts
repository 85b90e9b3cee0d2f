/**
 * What ONNX Runtime's profiler itself costs, taken off the times by operator.
 *
 * @module
 */
import type { Profile } from "./profile.ts";

/** More than this a node, milliseconds, is not the profiler but a busier machine, and stays in the times. */
const MOST_COST_MS = 0.02;

/**
 * Times by operator less the profiler's own cost.
 *
 * Writing an event down takes some microseconds, the same for every node, and lies partly inside what it measures: in a model
 * of small nodes the times add up to half as much again as an inference takes without the profiler. The cost c is what makes
 * Σ max(0, t − c) over the nodes equal the inference without it; it is 0 where the times add up to less, and 20 µs at most.
 *
 * @param medianMs The median inference without the profiler, milliseconds.
 * @returns Milliseconds by operator, and the cost taken off for each node, milliseconds.
 */
export function withoutProfilerCost(
  { opTimesMs, opRuns }: Pick<Profile, "opTimesMs" | "opRuns">,
  medianMs: number,
): { opTimesMs: Record<string, number>; costMs: number } {
  const less = (cost: number) =>
    Object.fromEntries(Object.entries(opTimesMs).map(([op, ms]) => [op, Math.max(0, ms - cost * (opRuns[op] ?? 0))]));
  const sum = (times: Record<string, number>) => Object.values(times).reduce((total, ms) => total + ms, 0);
  let [low, high] = [0, MOST_COST_MS];
  if (sum(less(low)) <= medianMs) return { opTimesMs: less(0), costMs: 0 };
  if (sum(less(high)) >= medianMs) return { opTimesMs: less(high), costMs: high };
  for (let i = 0; i < 50; i++) {
    const cost = (low + high) / 2;
    if (sum(less(cost)) > medianMs) low = cost;
    else high = cost;
  }
  return { opTimesMs: less(high), costMs: high };
}

/** How far from an inference, as a share of it, the times by operator may be together. */
const MOST_APART = 0.1;

/**
 * Times by operator in the shares that they have, together one timed inference, where they are further than a tenth from it: the
 * machine was busier, or less busy, while it was profiled than while it was timed. Others stay as they are.
 *
 * @returns The times, and what each was multiplied by, absent where they stay.
 */
export function scaledToRun(
  opTimesMs: Readonly<Record<string, number>>,
  medianMs: number,
): { opTimesMs: Record<string, number>; scale?: number } {
  const total = Object.values(opTimesMs).reduce((sum, ms) => sum + ms, 0), scale = medianMs / total;
  if (!(total > 0 && medianMs > 0) || Math.abs(total / medianMs - 1) <= MOST_APART) {
    return { opTimesMs: { ...opTimesMs } };
  }
  return { opTimesMs: Object.fromEntries(Object.entries(opTimesMs).map(([op, ms]) => [op, ms * scale])), scale };
}
