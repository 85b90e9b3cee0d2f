/**
 * What stands above every plot: title, subtitle and legend.
 *
 * @module
 */

import { FONT_SIZE, type Shape, shape, text, textWidth, wrap } from "./svg.ts";
import { color } from "./theme.ts";

/** One entry of a legend. */
export interface LegendEntry {
  label: string;
  color: string;
  shape: "square" | "outline" | "dot" | "ring" | "triangle" | "band";
}

/** Room between the edge of a drawing and its text, px. */
export const PADDING = 12;

/** Title, subtitle and legend, one below the other, broken to the width. */
export function layHeader(
  chart: { title: string; subtitle?: string; legend?: LegendEntry[]; width: number },
): { elements: Shape[]; height: number } {
  const elements: Shape[] = [];
  const inner = chart.width - 2 * PADDING;
  let y = PADDING;
  for (const line of wrap(chart.title, inner, 16.5)) {
    y += 18;
    elements.push(text(line, PADDING, y - 4, { "font-size": 15, "font-weight": 600 }));
  }
  for (const line of chart.subtitle ? wrap(chart.subtitle, inner, FONT_SIZE) : []) {
    y += 16;
    elements.push(text(line, PADDING, y - 4, { fill: color("muted") }));
  }
  let x = PADDING;
  if (chart.legend?.length) y += 22;
  for (const entry of chart.legend ?? []) {
    const width = 18 + textWidth(entry.label) + 14;
    if (x > PADDING && x + width - 14 > chart.width - PADDING) {
      x = PADDING;
      y += 18;
    }
    elements.push(swatch(entry, x, y - 8), text(entry.label, x + 18, y - 4));
    x += width;
  }
  return { elements, height: y + 4 };
}

function swatch({ shape: kind, color: fill }: LegendEntry, x: number, y: number): Shape {
  switch (kind) {
    case "square":
      return shape("rect", { x, y: y - 6, width: 12, height: 12, rx: 2, fill });
    case "outline":
      return shape("rect", {
        x: x + 0.75,
        y: y - 5.25,
        width: 10.5,
        height: 10.5,
        rx: 2,
        fill,
        "fill-opacity": 0.18,
        stroke: fill,
        "stroke-width": 1.5,
      });
    case "dot":
      return shape("circle", { cx: x + 6, cy: y, r: 4, fill });
    case "ring":
      return shape("circle", { cx: x + 6, cy: y, r: 4, fill: "none", stroke: fill, "stroke-width": 1.5 });
    case "triangle":
      return shape("path", { d: `M${x + 6},${y - 5}l5,9h-10z`, fill: "none", stroke: fill, "stroke-width": 1.5 });
    case "band":
      return shape("rect", { x, y: y - 6, width: 12, height: 12, fill, "fill-opacity": 0.3 });
  }
}
