import type { LevelComparison, Timing } from "../bench/types.ts";
import { drawBars } from "./bars.ts";
import type { Drawing, DrawingOptions } from "./drawing.ts";
import { formatCount, formatMs } from "./format.ts";
import { color } from "./theme.ts";
import { checked } from "../host/options.ts";

/** How many profiled inferences the times are medians of, and how much of a timed one they add up to. */
function opTimesSubtitle({ before, after }: Pick<LevelComparison, "before" | "after">): string {
  const runs = Math.min(before.profiled?.runs ?? 0, after.profiled?.runs ?? 0);
  if (runs === 0) return "From ONNX Runtime’s profile; profiling itself costs a little time";
  const share = ({ opTimesMs = {}, medianMs }: Timing) =>
    `${(100 * Object.values(opTimesMs).reduce((sum, ms) => sum + ms, 0) / medianMs).toFixed(0)}%`;
  const scales = [before, after].map(({ profiled }) => profiled?.scale);
  if (scales.some((scale) => scale !== undefined)) {
    return `Shares in ${formatCount(runs)} profiled runs of the timed medians, as the machine was not equally busy ` +
      `(×${scales.map((scale = 1) => scale.toPrecision(2)).join(" and ×")})`;
  }
  return `Medians over ${formatCount(runs)} profiled runs, less the profiler’s own cost; together ${
    share(before)
  } and ${share(after)} of the timed medians`;
}

/**
 * Time by operator type from ONNX Runtime's profile, both models, in milliseconds per inference at one level; the
 * slowest first, the rest added up after `limit` (10) rows. Undefined where no profile was taken.
 */
export function opTimes(
  level: Pick<LevelComparison, "level" | "before" | "after">,
  options: DrawingOptions & { limit?: number } = {},
): Drawing | undefined {
  const { width = 640, limit = 10 } = checked("opTimes", options, { width: true, limit: true });
  const before = level.before.opTimesMs, after = level.after.opTimesMs;
  if (!before || !after) return undefined;
  const rows = [...new Set([...Object.keys(before), ...Object.keys(after)])]
    .map((op) => ({ op, times: [before[op] ?? 0, after[op] ?? 0] }))
    .sort((a, b) => Math.max(...b.times) - Math.max(...a.times) || (a.op < b.op ? -1 : 1));
  const shown = rows.length > limit ? rows.slice(0, limit - 1) : rows;
  const rest = rows.slice(shown.length);
  if (rest.length > 0) {
    const total = (index: number) => rest.reduce((sum, row) => sum + row.times[index], 0);
    shown.push({ op: `${rest.length} others`, times: [total(0), total(1)] });
  }
  const largest = shown[0];
  return drawBars({
    title: `Time by operator, at “${level.level}”`,
    subtitle: opTimesSubtitle(level),
    description: largest
      ? `Most time goes to ${largest.op}: ${formatMs(largest.times[0])} before, ${formatMs(largest.times[1])} after.`
      : "The profile is empty.",
    legend: [
      { label: "before", color: color("before"), shape: "square" },
      { label: "after", color: color("after"), shape: "square" },
    ],
    groups: shown.map(({ op, times }) => ({
      label: op,
      bars: times.map((value, index) => ({ value, label: formatMs(value), color: index === 0 ? "before" : "after" })),
    })),
    axis: "time per inference (ms)",
    width,
  }).drawnBy((width) => opTimes(level, { limit, width })!);
}
