/**
 * Axes that look alike in every plot: a light grid, quiet ticks, and a title with its unit.
 *
 * @module
 */

import * as Plot from "@observablehq/plot";
import { color } from "./theme.ts";

/** Grid and bottom axis of x, titled. `ticks` is about how many are wanted, or which. */
export function bottomAxis(label: string, options: Plot.AxisXOptions = {}): Plot.Markish[] {
  return [
    Plot.gridX({ stroke: color("grid"), strokeOpacity: 1, ticks: options.ticks }),
    Plot.axisX({
      anchor: "bottom",
      label,
      labelAnchor: "center",
      labelArrow: "none",
      labelOffset: 36,
      tickSize: 0,
      fill: color("muted"),
      ...options,
    }),
  ];
}

/** Grid and left axis of y. Its title is the chart's `yTitle`, which lies above its top end. */
export function leftAxis(options: Plot.AxisYOptions = {}): Plot.Markish[] {
  return [
    Plot.gridY({ stroke: color("grid"), strokeOpacity: 1, ticks: options.ticks }),
    Plot.axisY({ anchor: "left", label: null, tickSize: 0, fill: color("muted"), ...options }),
  ];
}

/** Round numbers from `low` to `high`, about `count` of them: multiples of 1, 2 or 5 times a power of ten. */
export function roundTicks(low: number, high: number, count: number): number[] {
  const rough = (high - low) / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((size) => size >= rough * 0.999) ?? 10 * power;
  const ticks: number[] = [];
  for (let index = Math.ceil(low / step - 1e-9); index * step <= high * (1 + 1e-12); index++) {
    ticks.push(Number((index * step).toPrecision(12)));
  }
  return ticks;
}

/** Powers of ten from `low` to `high`, both included. */
export function decadeTicks(low: number, high: number, count: number): number[] {
  const first = Math.ceil(Math.log10(low) - 1e-9), last = Math.floor(Math.log10(high) + 1e-9);
  const step = Math.max(1, Math.ceil((last - first) / count));
  return Array.from({ length: Math.floor((last - first) / step) + 1 }, (_, index) => 10 ** (first + index * step));
}

/**
 * Ticks of a logarithmic axis: 1, 2 and 5 times powers of ten, only powers where those are too many, round numbers
 * where too few.
 */
export function logarithmicTicks(low: number, high: number, count: number): number[] {
  const first = Math.floor(Math.log10(low)), last = Math.ceil(Math.log10(high));
  const ticks = Array.from({ length: last - first + 1 }, (_, index) => index + first)
    .flatMap((exponent) => [1, 2, 5].map((factor) => Number(`${factor}e${exponent}`)))
    .filter((tick) => tick >= low && tick <= high);
  if (ticks.length > count + 2) return decadeTicks(low, high, count);
  return ticks.length < 3 ? roundTicks(low, high, count) : ticks;
}
