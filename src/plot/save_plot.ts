import { extname } from "node:path";
import { writeWhole } from "../host/write_whole.ts";
import type { Drawing } from "./drawing.ts";
import { rasterPng } from "./raster.ts";
import { resolveTheme, type Theme } from "./theme.ts";
import { checked } from "../host/options.ts";

/** How a plot becomes pixels; an SVG keeps both themes and all sizes. */
export interface SavePlotOptions {
  /** Pixels per CSS pixel of a PNG, 2 when absent. */
  scale?: number;
  /** Colours of a PNG, light when absent. */
  theme?: Theme;
}

/**
 * Saves a plot as `.svg` or `.png`, by the name's ending. A PNG is rendered by resvg (WebAssembly) in DejaVu Sans,
 * which comes with it, so that it looks the same on every machine. The file appears when it is complete.
 *
 * Throws a TypeError when the name ends otherwise.
 *
 * @example
 * ```ts
 * import { errorHistogram, savePlot } from "@layerfuse/layerfuse/plot";
 *
 * const folder = await Deno.makeTempDir();
 * const plot = errorHistogram({ histogram: { log10Edges: [-7, -6], counts: [9], zero: 1 }, maxAbs: 8.1e-7 });
 * await savePlot(plot, `${folder}/error.svg`);
 * await savePlot(plot, `${folder}/error.png`, { theme: "dark" });
 * await Deno.remove(folder, { recursive: true });
 * ```
 */
export async function savePlot(
  plot: Drawing | string,
  path: string | URL,
  options: SavePlotOptions = {},
): Promise<void> {
  checked("savePlot", options, { scale: true, theme: true });
  const svg = String(plot);
  const ending = extname(path instanceof URL ? path.pathname : path).toLowerCase();
  if (ending !== ".svg" && ending !== ".png") {
    throw new TypeError(`a plot can be saved as .svg or .png, not as "${path}"`);
  }
  await writeWhole(path, ending === ".svg" ? svg : await renderPng(svg, options));
}

/** An SVG as the bytes of a PNG. Throws when it is not well-formed. */
export async function renderPng(
  svg: string,
  options: SavePlotOptions = {},
): Promise<Uint8Array> {
  const { scale = 2, theme = "light" } = checked("renderPng", options, { scale: true, theme: true });
  return await rasterPng(resolveTheme(svg, theme).replace(/<style>[\s\S]*?<\/style>/g, ""), scale);
}
