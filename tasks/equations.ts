/**
 * Equations of a page: as they are written and, for a phone, one below the other and broken before each equals sign, because
 * neither KaTeX nor a browser breaks a displayed equation.
 *
 * @module
 */
import katex from "katex";

/** Markdown whose displayed equations are HTML already, each once for wide and once for narrow screens. */
export function withEquations(markdown: string): string {
  return markdown.replaceAll(/\$\$([\s\S]+?)\$\$/g, (_, tex: string) => {
    const lines = brokenLines(tex);
    const wide = rendered(tex);
    return lines.length === 1
      ? wide
      : `<div><div class="wide">${wide}</div><div class="narrow">${rendered(aligned(lines))}</div></div>`;
  });
}

/** The lines that an equation is broken into: its parts, and each of these before every equals sign but the first line's own. */
export function brokenLines(tex: string): string[] {
  return tex.split(/\\q?quad/).flatMap((part) => {
    const lines: string[] = [];
    let depth = 0, line = "";
    for (const character of part.trim()) {
      if (character === "{") depth++;
      if (character === "}") depth--;
      if (character === "=" && depth === 0) {
        lines.push(line.trim());
        line = "";
      }
      line += character;
    }
    const all = [...lines, line.trim()].filter((each) => each !== "");
    return all.length === 2 && all.join(" ").length < 30 ? [all.join(" ")] : all;
  });
}

/** Lines below one another: those that go on are set in. */
function aligned(lines: readonly string[]): string {
  const set = lines.map((line) => line.startsWith("=") ? `&\\quad ${line}` : `&${line}`);
  return `\\begin{aligned}${set.join(" \\\\ ")}\\end{aligned}`;
}

function rendered(tex: string): string {
  return katex.renderToString(tex.trim(), { output: "htmlAndMathml", displayMode: true, throwOnError: false });
}
