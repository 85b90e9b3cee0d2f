/**
 * Grouped horizontal bars from zero, each with its value written at its end.
 *
 * @module
 */

import * as Plot from "@observablehq/plot";
import { bottomAxis } from "./axes.ts";
import { type Chart, draw } from "./chart.ts";
import type { Drawing } from "./drawing.ts";
import { textWidth } from "./svg.ts";
import { cleanText, shorten } from "./format.ts";
import { color, type ColorName } from "./theme.ts";

/** One bar. */
export interface Bar {
  value: number;
  /** What is written at its end. */
  label: string;
  color: ColorName;
  /** Drawn as an outline instead of solid. */
  outline?: boolean;
}

/** Bars that belong together, under one name. */
export interface BarGroup {
  label: string;
  bars: Bar[];
}

/** What a bar chart shows. */
export interface BarChart extends Pick<Chart, "title" | "subtitle" | "description" | "legend" | "width"> {
  groups: BarGroup[];
  /** Title of the value axis with its unit. */
  axis: string;
}

/** Draws grouped bars, the groups top to bottom in the order given. */
export function drawBars(chart: BarChart): Drawing {
  const thick = Math.max(...chart.groups.map((group) => group.bars.length), 1) > 2 ? 12 : 15;
  const gap = 12;
  const room = Math.min(170, Math.floor(chart.width * 0.32));
  const names = chart.groups.map((group) => shorten(group.label, Math.floor(room / 7)));
  let y = gap / 2;
  const heads: { y: number; text: string; full: string }[] = [];
  const rows: (Bar & { y1: number; y2: number })[] = [];
  for (const [index, group] of chart.groups.entries()) {
    heads.push({ y: y + (group.bars.length * thick) / 2, text: names[index], full: cleanText(group.label) });
    for (const bar of group.bars) {
      rows.push({ ...bar, value: Number.isFinite(bar.value) ? bar.value : 0, y1: y + 1, y2: y + thick - 1 });
      y += thick;
    }
    y += gap;
  }
  const bottom = y - gap / 2;
  const top = Math.max(...rows.map((row) => row.value), 0);
  const left = Math.max(...names.map((name) => textWidth(name)), 24) + 20;
  // As wide as the bars can be with every label still inside.
  const inner = chart.width - left - 16;
  const span = Math.min(
    ...rows.filter((row) => row.value > 0).map((row) => (inner - textWidth(row.label, 11)) * top / row.value),
    inner,
  );
  return draw({
    ...chart,
    panels: [{
      height: 8 + bottom + 44,
      plot: {
        marginTop: 8,
        marginLeft: left,
        marginRight: chart.width - left - Math.max(span, 40),
        marginBottom: 44,
        x: { domain: [0, top > 0 ? top : 1], nice: false },
        y: { axis: null, domain: [bottom, 0] },
        marks: [
          ...bottomAxis(chart.axis, { ticks: chart.width < 480 ? 4 : 7 }),
          Plot.rect(rows, {
            x1: 0,
            x2: "value",
            y1: "y1",
            y2: "y2",
            rx: 2,
            fill: (row: Bar) => color(row.color),
            fillOpacity: (row: Bar) => row.outline ? 0.18 : 1,
            stroke: (row: Bar) => row.outline ? color(row.color) : "none",
            strokeWidth: 1.5,
          }),
          Plot.ruleX([0], { stroke: color("muted") }),
          Plot.text(rows, {
            x: "value",
            y: (row: { y1: number; y2: number }) => (row.y1 + row.y2) / 2,
            text: "label",
            dx: 5,
            textAnchor: "start",
            fontSize: 11,
            fontVariant: "tabular-nums",
            fill: color("ink"),
          }),
          Plot.text(heads, {
            x: 0,
            y: "y",
            text: "text",
            dx: -9,
            textAnchor: "end",
            fill: color("ink"),
            title: "full",
          }),
        ],
      },
    }],
  });
}
