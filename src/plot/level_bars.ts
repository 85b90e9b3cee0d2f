import type { LevelComparison } from "../bench/types.ts";
import { type BarGroup, drawBars } from "./bars.ts";
import { type Drawing, DRAWING_OPTIONS, type DrawingOptions } from "./drawing.ts";
import { formatInterval, formatMs, formatVerdict } from "./format.ts";
import { color } from "./theme.ts";
import { checked } from "../host/options.ts";

/**
 * Median time of both models at every optimization level of ONNX Runtime, in milliseconds from zero. The speed-up with
 * its 95% interval stands at the end of the second bar.
 */
export function levelBars(levels: readonly LevelComparison[], options: DrawingOptions = {}): Drawing {
  const { width = 640 } = checked("levelBars", options, DRAWING_OPTIONS);
  const narrow = width < 480;
  const groups: BarGroup[] = levels.map((level) => ({
    label: level.level,
    bars: [
      { value: level.before.medianMs, label: formatMs(level.before.medianMs), color: "before" },
      {
        value: level.after.medianMs,
        label: narrow
          ? formatMs(level.after.medianMs)
          : `${formatMs(level.after.medianMs)}   ${formatInterval(level.speedup)} ${formatVerdict(level.verdict)}`,
        color: "after",
      },
    ],
  }));
  return drawBars({
    title: "Time per inference, by optimization level",
    subtitle: "Medians over all rounds; the level is ONNX Runtime’s own graph optimization",
    description: levels.map((level) =>
      `At ${level.level}: ${formatMs(level.before.medianMs)} before, ${
        formatMs(level.after.medianMs)
      } after, speed-up ${formatInterval(level.speedup)}, ${level.verdict}.`
    ).join(" "),
    legend: [
      { label: "before", color: color("before"), shape: "square" },
      { label: "after", color: color("after"), shape: "square" },
    ],
    groups,
    axis: "median time per inference (ms)",
    width,
  }).drawnBy((width) => levelBars(levels, { width }));
}
