import { readFile } from "node:fs/promises";

/** An image as rows of pixels. */
export interface Pixels {
  /** Pixels in a row. */
  readonly width: number;
  /** Rows. */
  readonly height: number;
  /** Red, green, blue and alpha of every pixel, row by row, 0…255. */
  readonly rgba: Uint8Array;
}

/** An SVG as the bytes of a PNG, `scale` pixels per CSS pixel. Throws when it is not well-formed. */
export async function rasterPng(svg: string, scale = 1): Promise<Uint8Array> {
  const image = await rasterise(svg, scale);
  try {
    return image.asPng();
  } finally {
    image.free();
  }
}

/**
 * An SVG as pixels, `scale` per CSS pixel, on nothing (transparent) where it draws nothing. Texts are set in DejaVu Sans.
 * Throws when it is not well-formed.
 */
export async function rasterPixels(svg: string, scale = 1): Promise<Pixels> {
  const image = await rasterise(svg, scale);
  try {
    return { width: image.width, height: image.height, rgba: image.pixels };
  } finally {
    image.free();
  }
}

let ready: Promise<[typeof import("@resvg/resvg-wasm"), Uint8Array[]]> | undefined;

async function rasterise(svg: string, scale: number) {
  const [{ Resvg }, fonts] = await (ready ??= load());
  const resvg = new Resvg(svg, {
    fitTo: { mode: "zoom", value: scale },
    font: {
      fontBuffers: fonts,
      defaultFontFamily: "DejaVu Sans",
      sansSerifFamily: "DejaVu Sans",
      loadSystemFonts: false,
    },
  });
  try {
    return resvg.render();
  } finally {
    resvg.free();
  }
}

/**
 * Loads the renderer and its fonts once. Importing a module of a package makes Deno fetch the package; where it lies is
 * asked with version and all, because a published package has no import map.
 */
async function load(): Promise<[typeof import("@resvg/resvg-wasm"), Uint8Array[]]> {
  const resvg = await import("@resvg/resvg-wasm");
  await import("dejavu-fonts-ttf/package.json", { with: { type: "json" } });
  const fonts = import.meta.resolve("npm:dejavu-fonts-ttf@2.37.3/package.json");
  await resvg.initWasm(await readFile(new URL(import.meta.resolve("npm:@resvg/resvg-wasm@2.6.2/index_bg.wasm"))));
  const read = (name: string) => readFile(new URL(`ttf/${name}.ttf`, fonts));
  return [resvg, await Promise.all([read("DejaVuSans"), read("DejaVuSans-Bold")])];
}
