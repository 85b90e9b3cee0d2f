import { checked } from "../host/options.ts";
import { STYLE } from "./svg.ts";

/** Width of a plot that fits a phone, CSS pixels. */
export const NARROW = 345;

/**
 * A plot drawn twice, for wide and for narrow screens; the page shows the one that fits. Nothing where there is
 * nothing to draw.
 */
export function htmlFigure(
  plot: (width: number) => { readonly svg: string } | undefined,
  widths: { wide: number; narrow: number } = { wide: 740, narrow: NARROW },
): string {
  checked("htmlFigure", widths, { wide: true, narrow: true });
  const wide = plot(widths.wide), narrow = plot(widths.narrow);
  if (!wide || !narrow) return "";
  const inline = ({ svg }: { readonly svg: string }) => svg.replace(`<style>${STYLE}</style>\n`, "");
  if (wide === narrow) return `<figure>${inline(wide)}</figure>`;
  return `<figure><div class="wide">${inline(wide)}</div><div class="narrow">${inline(narrow)}</div></figure>`;
}
