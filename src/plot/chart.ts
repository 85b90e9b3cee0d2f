/**
 * One drawing: a header (title, subtitle, legend) above an Observable Plot, as an SVG string. No browser is needed: the DOM
 * is linkedom's. The same data give the same bytes.
 *
 * @module
 */

import * as Plot from "@observablehq/plot";
import { parseHTML } from "linkedom";
import { cleanText, escapeMarkup } from "./format.ts";
import { color, FONT, themeCss } from "./theme.ts";

/** Size of a drawing. */
export interface DrawingOptions {
  /** Width in CSS pixels, 640 when absent. Text keeps its size, so 340 gives a drawing made for a phone. */
  width?: number;
}

/** A MIME bundle: what `Symbol.for("Jupyter.display")` returns. */
export type MimeBundle = Record<string, string>;

/** A finished drawing. In a notebook it shows itself. */
export class Drawing {
  /** What is shown, in a few words. */
  readonly title: string;
  /** What a reader who cannot see it needs to know: one or two sentences. */
  readonly description: string;
  /** The SVG document, with `xmlns`, its own light and dark colours and a background. */
  readonly svg: string;

  /** Names a finished SVG. */
  constructor(title: string, description: string, svg: string) {
    this.title = title;
    this.description = description;
    this.svg = svg;
  }

  /** The SVG. */
  toString(): string {
    return this.svg;
  }

  /** The drawing as a notebook shows it: SVG, and words where pictures cannot be shown. */
  [Symbol.for("Jupyter.display")](): MimeBundle {
    return {
      "text/plain": `${this.title}\n${this.description}`,
      "text/markdown": `**${escapeMarkup(this.title)}** ${escapeMarkup(this.description)}`,
      "image/svg+xml": this.svg,
    };
  }
}

/** One entry of a legend. */
export interface LegendEntry {
  label: string;
  color: string;
  shape: "square" | "outline" | "dot" | "ring" | "triangle" | "band";
}

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

/** Font size of text in a plot, px. */
export const FONT_SIZE = 12;

const PADDING = 12;

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

const SVG = "http://www.w3.org/2000/svg";
let dom: Dom | undefined;

/** Width of a line of text in px, a little generous: fonts differ from reader to reader. */
export function textWidth(text: string, size: number = FONT_SIZE): number {
  let width = 0;
  for (const character of text) {
    width += /[\u2e80-\uffef]/.test(character) ? 1 : /[ijl.,:;|'!]/.test(character) ? 0.32 : 0.58;
  }
  return width * size;
}

/** Breaks text into lines of at most `width` px. */
export function wrap(text: string, width: number, size: number): string[] {
  const lines: string[] = [];
  for (const word of cleanText(text).split(" ")) {
    const last = lines.at(-1);
    if (last !== undefined && textWidth(`${last} ${word}`, size) <= width) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}

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

/** A complete SVG document: attributes, style, and the surface it lies on, which keeps it readable in any page. */
export function svgDocument(title: string, description: string, width: number, height: number, body: string): string {
  const size = `width="${width}" height="${height}" viewBox="0 0 ${width} ${height}"`;
  return `<svg xmlns="${SVG}" class="lf-plot" role="img" aria-label="${
    escapeMarkup(`${title}. ${description}`)
  }" ${size} ` +
    `font-family="${escapeMarkup(FONT)}" font-size="${FONT_SIZE}" color="${
      color("ink")
    }" fill="currentColor" text-anchor="middle">\n` +
    `<style>${STYLE}</style>\n${
      write(shape("rect", { width, height, rx: 8, fill: color("surface") }))
    }\n${body}\n</svg>`;
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

/** The style every SVG carries, so that it can stand alone. */
export const STYLE: string = `${themeCss(".lf-plot")}
.lf-plot{display:block;max-width:100%;height:auto}
.lf-plot text{white-space:pre}`;

/** An SVG element without children but text. */
export interface Shape {
  name: string;
  attributes: Record<string, string | number>;
  text?: string;
}

/** An element by name, attributes and text. */
export function shape(name: string, attributes: Record<string, string | number>, content?: string): Shape {
  return { name, attributes, text: content };
}

/** A line of text that starts at x, with its baseline at y. */
export function text(content: string, x: number, y: number, attributes: Record<string, string | number> = {}): Shape {
  return shape("text", { x, y, fill: color("ink"), "text-anchor": "start", ...attributes }, content);
}

/** The element as markup, everything in it escaped. */
export function write({ name, attributes, text: content }: Shape): string {
  const list = Object.entries(attributes).map(([key, value]) => ` ${key}="${escapeMarkup(String(value))}"`).join("");
  return content === undefined ? `<${name}${list}/>` : `<${name}${list}>${escapeMarkup(content)}</${name}>`;
}

/** Title, subtitle and legend, one below the other, broken to the width. */
export function layHeader(
  chart: Pick<Chart, "title" | "subtitle" | "legend" | "width">,
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
