/**
 * SVG as text: elements, lines of text, and the document around them.
 *
 * @module
 */

import { cleanText, escapeMarkup } from "./format.ts";
import { color, FONT, themeCss } from "./theme.ts";

/** Font size of text in a plot, px. */
export const FONT_SIZE = 12;

const SVG = "http://www.w3.org/2000/svg";

/** The style every SVG carries, so that it can stand alone. */
export const STYLE: string = `${themeCss(".lf-plot")}
.lf-plot{display:block;max-width:100%;height:auto}
.lf-plot text{white-space:pre}`;

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
