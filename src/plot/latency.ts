/**
 * Loading, latency, throughput and memory of both models.
 *
 * @module
 */
import type { Comparison, Timing } from "../bench/types.ts";
import { formatBytes, formatCount, formatMs, formatNumber } from "./format.ts";
import { quantile } from "./quartiles.ts";

/** Columns of {@link latencyRows}. */
export const LATENCY_COLUMNS: readonly string[] = ["level", "model", "load", "p50", "p95", "p99", "per second"];

/**
 * One row a level and model: time to load (create the session), the 50th, 95th and 99th percentile of an inference's time, and
 * inferences per second at the median. Levels without samples are left out.
 */
export function latencyRows({ levels }: Pick<Comparison, "levels">): string[][] {
  return levels.flatMap(({ level, before, after }) =>
    [["before", before] as const, ["after", after] as const].flatMap(([model, timing]) =>
      timing.samplesMs.length > 0 ? [[level, model, ...latencyOf(timing)]] : []
    )
  );
}

function latencyOf({ samplesMs, sessionMs }: Timing): string[] {
  const sorted = samplesMs.toSorted((a, b) => a - b);
  const times = [0.5, 0.95, 0.99].map((share) => formatMs(quantile(sorted, share)));
  return [formatMs(sessionMs), ...times, formatNumber(1000 / quantile(sorted, 0.5))];
}

/** What a sample is where it is not one inference: percentiles are then of means. Undefined where each is one inference. */
export function latencySentence({ levels }: Pick<Comparison, "levels">): string | undefined {
  const blocks = levels.filter(({ inner = 1 }) => inner > 1);
  if (blocks.length === 0) return undefined;
  const list = blocks.map(({ level, inner }) => `${formatCount(inner!)} at “${level}”`).join(", ");
  return `Percentiles are of samples that are each the mean of several inferences (${list}), since one is too short to time.`;
}

/** Peak memory of both models; undefined where it was not measured. */
export function memorySentence({ before, after }: Pick<Comparison, "before" | "after">): string | undefined {
  const [a, b] = [before.memory, after.memory];
  if (!a || !b) return undefined;
  return `Peak memory: ${formatBytes(a.peakBytes)} before, ${formatBytes(b.peakBytes)} after ` +
    `(a process of its own that loads the model at “${a.level}” and runs it twice).`;
}
