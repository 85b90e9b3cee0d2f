import * as Plot from "@observablehq/plot";
import type { ErrorSummary } from "../bench/types.ts";
import { leftAxis } from "./axes.ts";
import { draw } from "./chart.ts";
import { type Drawing, DRAWING_OPTIONS, type DrawingOptions } from "./drawing.ts";
import { formatCount, formatShare } from "./format.ts";
import { color } from "./theme.ts";
import { checked } from "../host/options.ts";

/**
 * How many float32 numbers lie between the two models' values (units in the last place), as shares of all output
 * values. 0 is bit for bit equal. Values near zero may be far apart in these units while their difference is tiny.
 */
export function ulpHistogram(
  bins: ErrorSummary["ulpHistogram"],
  options: DrawingOptions = {},
): Drawing {
  const { width = 640 } = checked("ulpHistogram", options, DRAWING_OPTIONS);
  const total = bins.reduce((sum, bin) => sum + bin.count, 0);
  const used = bins.slice(0, bins.findLastIndex((bin) => bin.count > 0) + 1);
  const rows = used.map((bin, index) => ({
    label: name(bin.upTo, used[index - 1]?.upTo),
    share: 100 * bin.count / (total || 1),
  }));
  const every = Math.ceil(rows.length / (width < 480 ? 5 : 9));
  const equal = used.find((bin) => bin.upTo === 0)?.count ?? 0;
  return draw({
    title: "Distance in float32 steps",
    subtitle: `${formatShare(equal / (total || 1))} of ${
      formatCount(total)
    } output values are the same float32, bit for bit`,
    description: `Histogram of the distance in units in the last place of ${formatCount(total)} output values; ${
      formatCount(equal)
    } are equal.`,
    width,
    yTitle: "output values (%)",
    panels: [{
      height: 230,
      plot: {
        marginTop: 28,
        marginLeft: 48,
        marginRight: 18,
        marginBottom: 46,
        x: { type: "band", domain: rows.map((row) => row.label), padding: 0.12 },
        y: { domain: [0, Math.max(...rows.map((row) => row.share), 1)], nice: true },
        marks: [
          ...leftAxis({ ticks: 4 }),
          Plot.axisX({
            anchor: "bottom",
            label: "distance (units in the last place)",
            labelAnchor: "center",
            labelArrow: "none",
            labelOffset: 36,
            tickSize: 0,
            fill: color("muted"),
            tickFormat: (label: string, index: number) => index % every === 0 ? label : "",
          }),
          Plot.barY(rows, { x: "label", y: "share", fill: color("error"), rx: 1 }),
          Plot.ruleY([0], { stroke: color("muted") }),
        ],
      },
    }],
  }).drawnBy((width) => ulpHistogram(bins, { width }));
}

/** `0`, `1`, `3–4`, `5–8`; from a thousand on only the upper end: `≤ 4k`. */
function name(upTo: number, previous: number | undefined): string {
  if (previous === undefined || upTo - previous <= 1) return short(upTo);
  return upTo < 100 ? `${previous + 1}–${upTo}` : `≤${short(upTo)}`;
}

function short(value: number): string {
  if (!Number.isFinite(value)) return "more";
  const unit = [[2 ** 30, "G"], [2 ** 20, "M"], [2 ** 10, "k"]].find(([size]) => value >= Number(size));
  return unit ? `${Math.round(value / Number(unit[0]))}${unit[1]}` : String(value);
}
