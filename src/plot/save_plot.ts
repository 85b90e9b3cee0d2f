import { extname } from "node:path";
import { readFile, rename, rm, writeFile } from "node:fs/promises";
import type { Drawing } from "./drawing.ts";
import { resolveTheme, type Theme } from "./theme.ts";

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
  const svg = String(plot);
  const ending = extname(path instanceof URL ? path.pathname : path).toLowerCase();
  if (ending !== ".svg" && ending !== ".png") {
    throw new TypeError(`a plot can be saved as .svg or .png, not as "${path}"`);
  }
  const data = ending === ".svg" ? svg : await renderPng(svg, options);
  const part = path instanceof URL ? new URL(`${path.href}.part`) : `${path}.part`;
  try {
    await writeFile(part, data);
    await rename(part, path);
  } catch (cause) {
    await rm(part, { force: true });
    throw cause;
  }
}

/** An SVG as the bytes of a PNG. Throws when it is not well-formed. */
export async function renderPng(
  svg: string,
  { scale = 2, theme = "light" }: SavePlotOptions = {},
): Promise<Uint8Array> {
  const [{ Resvg }, fonts] = await (ready ??= load());
  const image = new Resvg(resolveTheme(svg, theme).replace(/<style>[\s\S]*?<\/style>/g, ""), {
    fitTo: { mode: "zoom", value: scale },
    font: {
      fontBuffers: fonts,
      defaultFontFamily: "DejaVu Sans",
      sansSerifFamily: "DejaVu Sans",
      loadSystemFonts: false,
    },
  });
  try {
    return image.render().asPng();
  } finally {
    image.free();
  }
}

let ready: Promise<[typeof import("@resvg/resvg-wasm"), Uint8Array[]]> | undefined;

/**
 * Loads the renderer and its fonts once. Importing a package's manifest makes Deno fetch the package, and tells where
 * it lies.
 */
async function load(): Promise<[typeof import("@resvg/resvg-wasm"), Uint8Array[]]> {
  const resvg = await import("@resvg/resvg-wasm");
  await import("dejavu-fonts-ttf/package.json", { with: { type: "json" } });
  const fonts = import.meta.resolve("dejavu-fonts-ttf/package.json");
  await resvg.initWasm(await readFile(new URL(import.meta.resolve("@resvg/resvg-wasm/index_bg.wasm"))));
  const read = (name: string) => readFile(new URL(`ttf/${name}.ttf`, fonts));
  return [resvg, await Promise.all([read("DejaVuSans"), read("DejaVuSans-Bold")])];
}
