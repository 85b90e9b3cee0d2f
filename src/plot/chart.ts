/**
 * One drawing: a header (title, subtitle, legend) above an Observable Plot, as an SVG string. No browser is needed:
 * the DOM is linkedom's. The same data give the same bytes.
 *
 * @module
 */

import * as Plot from "@observablehq/plot";
import { parseHTML } from "linkedom";
import { Drawing } from "./drawing.ts";
import { layHeader, type LegendEntry, PADDING } from "./header.ts";
import { svgDocument, text, write } from "./svg.ts";
import { color } from "./theme.ts";

/** What {@link draw} needs beside the marks. */
export interface Chart {
  title: string;
  subtitle?: string;
  description: string;
  legend?: LegendEntry[];
  width: number;
  /** Title of the y axis with its unit, written above its top end; the first panel's `marginTop` leaves room for it. */
  yTitle?: string;
  /** The plots, one below the other. */
  panels: Panel[];
}

/** One plot of a drawing. */
export interface Panel {
  /** Its height in px, margins included. */
  height: number;
  /** Options of Plot.plot. */
  plot: Plot.PlotOptions;
}

// linkedom's types need the DOM library, which a Deno program does not have.
interface Dom {
  createElement(name: string): SvgNode;
}
interface SvgNode {
  outerHTML: string;
  getAttribute(name: string): string | null;
  setAttribute(name: string, value: string): void;
  removeAttribute(name: string): void;
  remove(): void;
  querySelectorAll(selector: string): Iterable<SvgNode>;
}

let dom: Dom | undefined;

/** Draws a chart: its header, then Plot's marks, panel under panel. */
export function draw(chart: Chart): Drawing {
  const { elements, height: top } = layHeader(chart);
  let y = top;
  const plots: string[] = [];
  for (const panel of chart.panels) {
    plots.push(plotPanel(panel, chart.width, y));
    y += panel.height;
  }
  if (chart.yTitle) elements.push(text(chart.yTitle, PADDING, top + 14, { fill: color("muted") }));
  const body = [...elements.map(write), ...plots].join("\n");
  return new Drawing(chart.title, chart.description, svgDocument(chart.title, chart.description, chart.width, y, body));
}

/** One Observable Plot as a nested SVG at a height. */
function plotPanel({ height, plot }: Panel, width: number, y: number): string {
  dom ??= (parseHTML("<html></html>") as unknown as { document: Dom }).document;
  // deno-lint-ignore no-explicit-any
  const svg = Plot.plot({ ...plot, document: dom as any, width, height }) as unknown as SvgNode;
  for (const style of svg.querySelectorAll("style")) style.remove();
  for (const name of ["class", "font-family", "font-size", "fill", "text-anchor"]) svg.removeAttribute(name);
  for (const node of svg.querySelectorAll("*")) {
    for (const name of COORDINATES) {
      const value = node.getAttribute(name);
      if (value !== null) {
        node.setAttribute(
          name,
          value.replace(/-?\d+\.\d{3,}(e-?\d+)?/g, (number) => String(round(Number(number)))),
        );
      }
    }
  }
  svg.setAttribute("y", String(y));
  return svg.outerHTML;
}

// A hundredth of a pixel is enough, and keeps the last bits of arithmetic out of the files.
const COORDINATES = ["x", "y", "x1", "x2", "y1", "y2", "cx", "cy", "r", "width", "height", "d", "transform"];

function round(value: number): number {
  return Math.round(value * 100) / 100 + 0;
}
