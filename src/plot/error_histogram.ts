import * as Plot from "@observablehq/plot";
import type { ErrorSummary } from "../bench/types.ts";
import { bottomAxis, leftAxis } from "./axes.ts";
import { draw } from "./chart.ts";
import { type Drawing, DRAWING_OPTIONS, type DrawingOptions } from "./drawing.ts";
import { formatCount, formatPower, formatPowerOfTen, formatShare } from "./format.ts";
import { color } from "./theme.ts";
import { checked } from "../host/options.ts";

/**
 * How large the absolute differences between the two models' outputs are, on a logarithmic axis, as shares of all
 * output values. Values that are exactly equal have no logarithm; their share is in the subtitle.
 *
 * @example
 * ```ts
 * import { errorHistogram } from "@layerfuse/layerfuse/plot";
 *
 * const error = { histogram: { log10Edges: [-7, -6.5, -6], counts: [70, 20], zero: 10 }, maxAbs: 8.1e-7 };
 * const plot = errorHistogram(error);
 * if (!plot.svg.includes("10.0% of 100 output values are exactly equal")) throw new Error("no subtitle");
 * ```
 */
export function errorHistogram(
  error: Pick<ErrorSummary, "histogram" | "maxAbs">,
  options: DrawingOptions = {},
): Drawing {
  const { width = 640 } = checked("errorHistogram", options, DRAWING_OPTIONS);
  const { log10Edges: edges, counts, zero } = error.histogram;
  const total = zero + counts.reduce((sum, count) => sum + count, 0);
  const bins = counts.map((count, index) => ({
    x1: edges[index],
    x2: edges[index + 1],
    share: 100 * count / (total || 1),
  }))
    .filter((bin) => bin.share > 0);
  const first = bins[0]?.x1 ?? -9, last = bins.at(-1)?.x2 ?? -5;
  const low = Math.floor(first), high = Math.max(Math.ceil(last), low + 1);
  const step = Math.max(1, Math.ceil((high - low) / (width < 480 ? 5 : 9)));
  const ticks: number[] = [];
  for (let exponent = low; exponent <= high; exponent += step) ticks.push(exponent);
  const largest = formatPower(error.maxAbs);
  return draw({
    title: "How large the differences are",
    subtitle: `${formatShare(zero / (total || 1))} of ${
      formatCount(total)
    } output values are exactly equal; the largest difference is ${largest}`,
    description: `Histogram of the absolute difference of ${formatCount(total)} output values; ${
      formatCount(zero)
    } are exactly equal, the largest is ${largest}.`,
    width,
    yTitle: "output values (%)",
    panels: [{
      height: 230,
      plot: {
        marginTop: 28,
        marginLeft: 48,
        marginRight: 18,
        marginBottom: 46,
        x: { domain: [low, high] },
        y: { domain: [0, Math.max(...bins.map((bin) => bin.share), 1)], nice: true },
        marks: [
          ...leftAxis({ ticks: 4 }),
          ...bottomAxis("absolute difference |before − after|", {
            ticks,
            tickFormat: (exponent: number) => formatPowerOfTen(exponent),
          }),
          Plot.rect(bins, { x1: "x1", x2: "x2", y1: 0, y2: "share", fill: color("error"), inset: 0.5 }),
          Plot.ruleY([0], { stroke: color("muted") }),
          ...(bins.length === 0
            ? [
              Plot.text(["every value is exactly equal"], {
                frameAnchor: "middle",
                fill: color("muted"),
                fontSize: 13,
              }),
            ]
            : []),
        ],
      },
    }],
  }).drawnBy((width) => errorHistogram(error, { width }));
}
