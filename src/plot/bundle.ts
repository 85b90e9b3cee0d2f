import { PART_STYLE } from "./page_style.ts";

/** A MIME bundle: what `Symbol.for("Jupyter.display")` returns. */
export type MimeBundle = Record<string, string>;

/**
 * The three forms of one display; the HTML carries its own style, scoped to itself. Pictures are without links: where they would
 * lead is on pages alone, and JupyterLab shows what has a link of an SVG as an error.
 */
export function bundle(text: string, markdown: string, html: string[]): MimeBundle {
  return {
    "text/plain": text,
    "text/markdown": markdown,
    "text/html": `<div class="lf display"><style>${PART_STYLE}</style>${
      html.filter((part) => part !== "").map(withoutLinks).join("\n")
    }</div>`,
  };
}

function withoutLinks(html: string): string {
  return html.replaceAll(/<svg\b[^]*?<\/svg>/g, (svg) => svg.replaceAll(/<\/?a\b[^>]*>/g, ""));
}
