import * as Plot from "@observablehq/plot";
import type { Interval, LevelComparison } from "../bench/types.ts";
import { leftAxis, roundTicks } from "./axes.ts";
import { draw, type Panel } from "./chart.ts";
import { type Drawing, DRAWING_OPTIONS, type DrawingOptions } from "./drawing.ts";
import { formatInterval, formatVerdict } from "./format.ts";
import { tukeyFences } from "./quartiles.ts";
import { color } from "./theme.ts";
import { checked } from "../host/options.ts";

const PANEL = 140;
const HEAD = 30;

/**
 * The paired ratio before ÷ after of every round, in the order taken, one panel per level: above 1, the second model was
 * faster in that round. The line and its band are the estimate with its 95% interval; the grey band is the noise floor:
 * a difference inside it could not be told from 1. Rounds beyond Tukey's fences are drawn at the
 * axis' edge as triangles, never dropped.
 */
export function ratioRounds(all: readonly LevelComparison[], options: DrawingOptions = {}): Drawing {
  const { width = 640 } = checked("ratioRounds", options, DRAWING_OPTIONS);
  const levels = all.filter((level) => level.lnRatios.length > 0);
  const beyond = levels.reduce((sum, level) => {
    const { low, high } = range(level);
    return sum + level.lnRatios.filter((ln) => Math.exp(ln) < low || Math.exp(ln) > high).length;
  }, 0);
  return draw({
    title: "Speed-up, round by round",
    subtitle: "Both models are timed in every round, in random order; above 1 the second was faster",
    description: levels.map((level) =>
      `At ${level.level}: ${formatInterval(level.speedup)} over ${level.lnRatios.length} rounds, ${level.verdict}.`
    ).join(" "),
    legend: [
      { label: "one round", color: color("after"), shape: "dot" },
      ...(beyond ? [{ label: `beyond the axis (${beyond})`, color: color("after"), shape: "triangle" as const }] : []),
      { label: "estimate with 95% interval", color: color("after"), shape: "band" },
      ...(levels.some((level) => level.control)
        ? [{ label: "noise floor (99.5%)", color: color("control"), shape: "band" as const }]
        : []),
    ],
    yTitle: "before ÷ after (×, logarithmic)",
    width,
    panels: levels.map((level, index) => panel(level, width, index === 0, index === levels.length - 1)),
  }).drawnBy((width) => ratioRounds(all, { width }));
}

function panel(level: LevelComparison, width: number, first: boolean, last: boolean): Panel {
  const { low, high } = range(level);
  const rounds = level.lnRatios.map((ln, index) => ({ round: index + 1, ratio: Math.exp(ln) }));
  const end = rounds.length + 0.5;
  const clamp = (ratio: number) => Math.min(high, Math.max(low, ratio));
  const band = (interval: Interval | undefined, name: "after" | "control") =>
    Plot.rect(interval ? [interval] : [], {
      x1: 0.5,
      x2: end,
      y1: (each: Interval) => clamp(each.low),
      y2: (each: Interval) => clamp(each.high),
      fill: color(name),
      fillOpacity: 0.3,
    });
  const edge = { x: "round", r: 3.5, symbol: "triangle", stroke: color("after"), strokeWidth: 1.4 } as const;
  const top = HEAD + (first ? 16 : 0), bottom = last ? 46 : 26;
  const tenth = high / low < 1.15 ? 3 : 2;
  return {
    height: top + PANEL + bottom,
    plot: {
      marginTop: top,
      marginLeft: 56,
      marginRight: 18,
      marginBottom: bottom,
      x: { domain: [0.5, end] },
      y: { type: "log", domain: [low, high] },
      marks: [
        ...leftAxis({ ticks: roundTicks(low, high, 4), tickFormat: (ratio: number) => ratio.toFixed(tenth) }),
        Plot.axisX({
          anchor: "bottom",
          label: last ? "round, in the order taken" : null,
          labelAnchor: "center",
          labelArrow: "none",
          labelOffset: 36,
          tickSize: 0,
          fill: color("muted"),
          ticks: [
            1,
            ...roundTicks(1, end, width < 480 ? 4 : 8).filter((round) => Number.isInteger(round) && round > 1),
          ],
          tickFormat: "d",
        }),
        band(level.control?.speedup, "control"),
        band(level.speedup, "after"),
        Plot.ruleY([1], { stroke: color("ink"), strokeDasharray: "4 3" }),
        Plot.ruleY([clamp(level.speedup.estimate)], { x1: 0.5, x2: end, stroke: color("after"), strokeWidth: 2 }),
        Plot.dot(rounds.filter(({ ratio }) => ratio >= low && ratio <= high), {
          x: "round",
          y: "ratio",
          r: rounds.length > 300 ? 1.5 : 2.2,
          fill: color("after"),
          fillOpacity: 0.65,
        }),
        Plot.dot(rounds.filter(({ ratio }) => ratio > high), { ...edge, y: high, dy: 5 }),
        Plot.dot(rounds.filter(({ ratio }) => ratio < low), { ...edge, y: low, dy: -5, rotate: 180 }),
        Plot.text([`${level.level} · ${formatInterval(level.speedup)} ${formatVerdict(level.verdict)}`], {
          frameAnchor: "top-left",
          dx: -44,
          dy: -20,
          textAnchor: "start",
          fontWeight: 600,
          fill: color("ink"),
        }),
      ],
    },
  };
}

/** The axis: the rounds within Tukey's fences, the intervals, and 1, with a little room. */
function range(level: LevelComparison): { low: number; high: number } {
  const seen = [0];
  const fences = tukeyFences(level.lnRatios);
  seen.push(...level.lnRatios.filter((ratio) => ratio >= fences.low && ratio <= fences.high));
  for (const interval of [level.speedup, level.control?.speedup]) {
    if (interval) {
      seen.push(...[interval.low, interval.high].filter((ratio) => ratio > 0 && ratio < Infinity).map(Math.log));
    }
  }
  const least = Math.min(...seen), most = Math.max(...seen);
  const room = Math.max((most - least) * 0.12, 0.01);
  return { low: Math.exp(least - room), high: Math.exp(most + room) };
}
