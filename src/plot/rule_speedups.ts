import * as Plot from "@observablehq/plot";
import type { Interval, Verdict } from "../bench/types.ts";
import { bottomAxis, roundTicks } from "./axes.ts";
import { draw } from "./chart.ts";
import type { Drawing, DrawingOptions } from "./drawing.ts";
import { textWidth } from "./svg.ts";
import { formatInterval, shorten } from "./format.ts";
import { color } from "./theme.ts";
import { checked } from "../host/options.ts";

/** What one rule contributes. */
export interface RuleSpeedup {
  /** The rule's name. */
  rule: string;
  /** Time without this rule over time with it. */
  speedup: Interval;
  /** What was decided of it: the colour. Without it the interval speaks for itself. */
  verdict?: Verdict;
}

const COLORS = { faster: "after", slower: "before", same: "control", inconclusive: "control" } as const;

function verdictOf({ low, high }: Interval): Verdict {
  return low > 1 ? "faster" : high < 1 ? "slower" : "inconclusive";
}

/** Size and words of {@link ruleSpeedups}. */
export interface RuleSpeedupsOptions extends DrawingOptions {
  /** Heading, `Speed-up by rule` when absent. */
  title?: string;
  /** What the numbers are; that each rule stands for itself when absent. */
  subtitle?: string;
}

/**
 * Each rule's own speed-up with its 95% interval, the largest first. An interval that reaches across the dashed line
 * at 1 says that the rule makes no difference that could be measured.
 *
 * @example
 * ```ts
 * import { ruleSpeedups } from "@layerfuse/layerfuse/plot";
 *
 * const plot = ruleSpeedups([
 *   { rule: "fuse-affine-into-layer", speedup: { estimate: 1.18, low: 1.16, high: 1.2 } },
 *   { rule: "merge-parallel-layers", speedup: { estimate: 1.01, low: 0.99, high: 1.03 } },
 * ], { width: 340 });
 * if (!plot.svg.includes("1.18× (1.16–1.20)")) throw new Error("no label");
 * ```
 */
export function ruleSpeedups(
  rules: readonly RuleSpeedup[],
  options: RuleSpeedupsOptions = {},
): Drawing {
  const {
    width = 640,
    title = "Speed-up by rule",
    subtitle = "What each rule adds on its own, with its 95% interval",
  } = checked("ruleSpeedups", options, { width: true, title: true, subtitle: true });
  const narrow = width < 480;
  const row = narrow ? 44 : 28;
  const rows = [...rules].sort((a, b) => b.speedup.estimate - a.speedup.estimate).map((
    { rule, speedup, verdict },
    index,
  ) => ({
    ...speedup,
    y: index * row + (narrow ? 30 : row / 2),
    name: shorten(rule, 40),
    value: formatInterval(speedup),
    fill: color(COLORS[verdict ?? verdictOf(speedup)]),
  }));
  const left = narrow ? 16 : Math.max(...rows.map((each) => textWidth(each.name)), 60) + 24;
  const low = Math.min(1, ...rows.map((each) => each.low)), high = Math.max(1, ...rows.map((each) => each.high));
  const room = Math.max((high - low) * 0.06, 0.005);
  const height = Math.max(rows.length * row, row);
  return draw({
    title,
    subtitle,
    description: rows.map((each) => `${each.name}: ${each.value}.`).join(" ") || "No rule was measured.",
    legend: [
      { label: "faster", color: color("after"), shape: "dot" },
      { label: "slower", color: color("before"), shape: "dot" },
      { label: "not told apart from 1", color: color("control"), shape: "dot" },
    ],
    width,
    panels: [{
      height: 8 + height + 44,
      plot: {
        marginTop: 8,
        marginLeft: left,
        marginRight: narrow ? 16 : Math.max(...rows.map((each) => textWidth(each.value)), 60) + 26,
        marginBottom: 44,
        x: { type: "log", domain: [low - room, high + room] },
        y: { axis: null, domain: [height, 0] },
        marks: [
          ...bottomAxis("speed-up (×, logarithmic)", {
            ticks: roundTicks(low - room, high + room, narrow ? 4 : 6),
            tickFormat: (ratio: number) => ratio.toFixed(2),
          }),
          Plot.ruleX([1], { stroke: color("ink"), strokeDasharray: "4 3" }),
          Plot.link(rows, {
            x1: "low",
            x2: "high",
            y1: "y",
            y2: "y",
            stroke: "fill",
            strokeWidth: 3,
            strokeLinecap: "round",
            strokeOpacity: 0.6,
          }),
          Plot.dot(rows, { x: "estimate", y: "y", r: 5, fill: "fill" }),
          Plot.text(rows, {
            frameAnchor: "left",
            y: "y",
            text: "name",
            dx: narrow ? 0 : -12,
            dy: narrow ? -15 : 0,
            textAnchor: narrow ? "start" : "end",
            fill: color("ink"),
            stroke: color("surface"),
            strokeWidth: 4,
            paintOrder: "stroke",
          }),
          Plot.text(rows, {
            frameAnchor: "right",
            y: "y",
            text: "value",
            dx: narrow ? 0 : 10,
            dy: narrow ? -15 : 0,
            textAnchor: narrow ? "end" : "start",
            fontVariant: "tabular-nums",
            fill: color("ink"),
            stroke: color("surface"),
            strokeWidth: 4,
            paintOrder: "stroke",
          }),
        ],
      },
    }],
  }).drawnBy((width) => ruleSpeedups(rules, { title, subtitle, width }));
}
