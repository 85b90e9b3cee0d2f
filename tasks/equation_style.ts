/**
 * The style and the fonts of equations, for pages that fetch nothing: few phones have a font for mathematics.
 *
 * @module
 */
import "katex"; // then it is in Deno's cache
import { Buffer } from "node:buffer";

/** Families that no equation here uses. */
const UNUSED = /KaTeX_(?:Caligraphic|Fraktur|SansSerif|Script|Typewriter)/;
/** Faces that an equation uses only where it asks for them, and how one sees that. */
const ON_DEMAND: readonly (readonly [face: RegExp, sign: RegExp])[] = [
  [/KaTeX_AMS/, /class="[^"]*\b(?:amsrm|mathbb)\b/],
  [/KaTeX_Main-Bold/, /class="[^"]*\b(?:mathbf|textbf)\b/],
  [/KaTeX_Main-(?:Bold)?Italic/, /class="[^"]*\b(?:mathit|textit)\b/],
  [/KaTeX_Math-BoldItalic/, /class="[^"]*\bboldsymbol\b/],
];

/** KaTeX's style with the fonts that the equations of some HTML need, as data; nothing where there is no equation. */
export function equationStyle(html: string): string {
  if (!html.includes('class="katex')) return "";
  const dist = new URL("./", import.meta.resolve("katex"));
  const css = Deno.readTextFileSync(new URL("katex.min.css", dist));
  const faces: string[] = [];
  for (const [face, file] of css.matchAll(/@font-face\{[^}]*?url\((fonts\/[^)]+\.woff2)\)[^}]*\}/g)) {
    const isAsked = ON_DEMAND.every(([name, sign]) => !name.test(file) || sign.test(html));
    if (UNUSED.test(file) || !isAsked) continue;
    const font = Buffer.from(Deno.readFileSync(new URL(file, dist))).toString("base64");
    faces.push(face.replace(/src:[^}]*/, `src:url(data:font/woff2;base64,${font}) format("woff2")`));
  }
  return [...faces, css.replaceAll(/@font-face\{[^}]*\}/g, ""), ".lf .katex{font-size:1.12em}"].join("\n");
}
