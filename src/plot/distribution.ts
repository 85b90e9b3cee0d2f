import * as Plot from "@observablehq/plot";
import type { LevelComparison } from "../bench/types.ts";
import { bottomAxis, logarithmicTicks } from "./axes.ts";
import { draw, type Panel } from "./chart.ts";
import { type Drawing, DRAWING_OPTIONS, type DrawingOptions } from "./drawing.ts";
import { formatCount, formatInterval, formatMs, formatVerdict } from "./format.ts";
import { quartiles, tukeyFences } from "./quartiles.ts";
import { color } from "./theme.ts";
import { checked } from "../host/options.ts";

const STRIP = 42;
const HEAD = 28;

interface Dot {
  x: number;
  y: number;
  outlier: boolean;
}

/**
 * Every raw sample of both models, in milliseconds, one panel with its own axis per level: one dot per round, the box from
 * first to third quartile, the median as a bar, and rings for what lies outside Tukey's fences (1.5 interquartile
 * ranges). Nothing is left out; where the slowest is more than five times the fastest the axis is logarithmic and says
 * so.
 */
export function distribution(all: readonly LevelComparison[], options: DrawingOptions = {}): Drawing {
  const { width = 640 } = checked("distribution", options, DRAWING_OPTIONS);
  const levels = all.filter((level) => level.before.samplesMs.length > 0 && level.after.samplesMs.length > 0);
  const samples = levels.flatMap((level) => [...level.before.samplesMs, ...level.after.samplesMs]).length;
  const outliers = levels.reduce((sum, level) => sum + level.before.outliers + level.after.outliers, 0);
  return draw({
    title: "Every measurement, before and after",
    subtitle: "One dot a round; the box holds the middle half, the bar is the median (written left)",
    description: levels.map((level) =>
      `At ${level.level}: median ${formatMs(level.before.medianMs)} before and ${
        formatMs(level.after.medianMs)
      } after, ` +
      `${level.before.outliers} and ${level.after.outliers} outliers.`
    ).join(" "),
    legend: [
      { label: "before", color: color("before"), shape: "dot" },
      { label: "after", color: color("after"), shape: "dot" },
      { label: `outlier, kept (${outliers} of ${formatCount(samples)})`, color: color("muted"), shape: "ring" },
    ],
    width,
    panels: levels.map((level, index) => panel(level, width, index === levels.length - 1)),
  }).drawnBy((width) => distribution(all, { width }));
}

function panel(level: LevelComparison, width: number, last: boolean): Panel {
  const narrow = width < 480;
  const strips = (["before", "after"] as const).map((name, index) => {
    const { samplesMs, medianMs } = level[name];
    const y = (index + 0.5) * STRIP, fill = color(name);
    const fences = tukeyFences(samplesMs);
    const dots = samplesMs.map((x, round): Dot => ({
      x,
      y: y + (scatter(round) - 0.5) * (STRIP - 16),
      outlier: x < fences.low || x > fences.high,
    }));
    return {
      name,
      y,
      y1: y - STRIP / 2 + 4,
      y2: y + STRIP / 2 - 4,
      color: fill,
      dots,
      ...quartiles(samplesMs),
      median: medianMs,
    };
  });
  const dots = strips.flatMap((strip) => strip.dots);
  const least = Math.min(...dots.map((dot) => dot.x)), most = Math.max(...dots.map((dot) => dot.x));
  const small = dots.length > 600;
  const logarithmic = least > 0 && most > 5 * least;
  const pad = (most - least || most || 1) * 0.03;
  const title = `time per inference (ms${logarithmic ? ", logarithmic" : ""})`;
  const bottom = last || logarithmic ? 46 : 26;
  const heading = `${level.level} · ${narrow ? "" : "speed-up "}${formatInterval(level.speedup)} ${
    formatVerdict(level.verdict)
  }`;
  return {
    height: HEAD + 2 * STRIP + bottom,
    plot: {
      marginTop: HEAD,
      marginLeft: 84,
      marginRight: 18,
      marginBottom: bottom,
      x: logarithmic ? { type: "log", domain: [least / 1.05, most * 1.05] } : { domain: [least - pad, most + pad] },
      y: { axis: null, domain: [2 * STRIP, 0] },
      marks: [
        ...bottomAxis(title, {
          ticks: logarithmic ? logarithmicTicks(least / 1.05, most * 1.05, narrow ? 4 : 8) : narrow ? 4 : 8,
          ...(logarithmic ? { tickFormat: (ms: number) => String(ms) } : {}),
          ...(bottom === 26 ? { label: null } : {}),
        }),
        Plot.rect(strips, {
          x1: "first",
          x2: "third",
          y1: "y1",
          y2: "y2",
          fill: "color",
          fillOpacity: 0.18,
          stroke: "color",
          strokeOpacity: 0.7,
          rx: 2,
        }),
        ...strips.flatMap((strip) => [
          Plot.dot(strip.dots.filter((dot) => !dot.outlier), {
            x: "x",
            y: "y",
            r: small ? 1.5 : 2.2,
            fill: strip.color,
            fillOpacity: 0.6,
          }),
          Plot.dot(strip.dots.filter((dot) => dot.outlier), {
            x: "x",
            y: "y",
            r: small ? 2.5 : 3,
            stroke: strip.color,
            strokeWidth: 1.4,
          }),
        ]),
        Plot.ruleX(strips, {
          x: "median",
          y1: "y1",
          y2: "y2",
          insetTop: -2,
          insetBottom: -2,
          stroke: color("ink"),
          strokeWidth: 2.5,
        }),
        ...strips.flatMap(({ name, y, median, color: fill }) => [
          Plot.text([name], { frameAnchor: "left", y: [y], dx: -10, dy: -7, textAnchor: "end", fontWeight: 600, fill }),
          Plot.text([formatMs(median)], {
            frameAnchor: "left",
            y: [y],
            dx: -10,
            dy: 8,
            textAnchor: "end",
            fontVariant: "tabular-nums",
            fill: color("ink"),
          }),
        ]),
        Plot.text([heading], {
          frameAnchor: "top-left",
          dx: -72,
          dy: -18,
          textAnchor: "start",
          fontWeight: 600,
          fill: color("ink"),
        }),
      ],
    },
  };
}

/** The index-th member of van der Corput's sequence, in [0, 1): spreads dots evenly, and the same every time. */
function scatter(index: number): number {
  let value = 0;
  for (let bit = 0.5, rest = index + 1; rest > 0; rest >>= 1, bit /= 2) value += (rest & 1) * bit;
  return value;
}
