import { PART_STYLE } from "./page_style.ts";

/** A MIME bundle: what `Symbol.for("Jupyter.display")` returns. */
export type MimeBundle = Record<string, string>;

/** The three forms of one display; the HTML carries its own style, scoped to itself. */
export function bundle(text: string, markdown: string, html: string[]): MimeBundle {
  return {
    "text/plain": text,
    "text/markdown": markdown,
    "text/html": `<div class="lf display"><style>${PART_STYLE}</style>${
      html.filter((part) => part !== "").join("\n")
    }</div>`,
  };
}
