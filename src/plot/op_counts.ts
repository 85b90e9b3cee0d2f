import type { Comparison } from "../bench/types.ts";
import { type BarGroup, drawBars } from "./bars.ts";
import type { Drawing, DrawingOptions } from "./drawing.ts";
import { formatCount, formatNumberOf } from "./format.ts";
import { color, type ColorName } from "./theme.ts";
import { checked } from "../host/options.ts";

/** Which rows {@link opCounts} shows. */
export interface OpCountsOptions extends DrawingOptions {
  /** The level whose executed nodes are shown: the last one measured when absent. */
  level?: string;
  /** How many operator types get a row of their own (8); the rest are added up. */
  limit?: number;
}

/**
 * Nodes by operator type: in the two files (solid), and as ONNX Runtime really ran them at one level (outlined), where
 * `FusedConv` and such are its own work. Operators with the greatest change come first.
 */
export function opCounts(
  comparison: Pick<Comparison, "before" | "after" | "levels">,
  options: OpCountsOptions = {},
): Drawing {
  const { width = 640, level, limit = 8 } = checked("opCounts", options, { width: true, level: true, limit: true });
  const run = level === undefined ? comparison.levels.at(-1) : comparison.levels.find((each) => each.level === level);
  const series: { ops: Record<string, number>; label: string; color: ColorName; outline: boolean }[] = [
    { ops: comparison.before.ops, label: "before, in the file", color: "before", outline: false },
    { ops: comparison.after.ops, label: "after, in the file", color: "after", outline: false },
    ...(run
      ? [
        { ops: run.before.opsRun, label: `before, as run at “${run.level}”`, color: "before" as const, outline: true },
        { ops: run.after.opsRun, label: `after, as run at “${run.level}”`, color: "after" as const, outline: true },
      ]
      : []),
  ];
  const rows = [...new Set(series.flatMap((each) => Object.keys(each.ops)))]
    .map((op) => ({ op, counts: series.map((each) => each.ops[op] ?? 0) }))
    .sort((a, b) => spread(b.counts) - spread(a.counts) || sum(b.counts) - sum(a.counts) || (a.op < b.op ? -1 : 1));
  const shown = rows.length > limit ? rows.slice(0, limit - 1) : rows;
  const rest = rows.slice(shown.length);
  if (rest.length > 0) {
    shown.push({
      op: `${rest.length} others`,
      counts: series.map((_, index) => sum(rest.map((row) => row.counts[index]))),
    });
  }
  const groups: BarGroup[] = shown.map(({ op, counts }) => ({
    label: op,
    bars: counts.map((value, index) => ({
      value,
      label: formatCount(value),
      color: series[index].color,
      outline: series[index].outline,
    })),
  }));
  const totals = series.map(({ ops, label }) => `${formatNumberOf(sum(Object.values(ops)), "node")} ${label}`);
  return drawBars({
    title: "Nodes by operator",
    subtitle: "In the file, and as ONNX Runtime ran them after its own optimizations",
    description: `${totals.join("; ")}.`,
    legend: series.map(({ label, color: name, outline }) => ({
      label,
      color: color(name),
      shape: outline ? "outline" : "square",
    })),
    groups,
    axis: "nodes (count)",
    width,
  }).drawnBy((width) => opCounts(comparison, { level, limit, width }));
}

function sum(values: number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function spread(values: number[]): number {
  return Math.max(...values) - Math.min(...values);
}
