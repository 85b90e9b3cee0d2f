import { decodeImage, type Picture } from "../bench/image.ts";
import type { TensorData } from "../bench/session.ts";
import type { Architecture } from "./architectures.ts";
import { type ImageFilter, OFFICIAL_WEIGHTS } from "./imagenet.ts";

/** Mean and standard deviation of ImageNet's red, green and blue. */
const MEAN = [0.485, 0.456, 0.406], DEVIATION = [0.229, 0.224, 0.225];

/**
 * A picture as torchvision feeds it to an architecture: its shorter side resized, the middle cut out, normalised.
 *
 * @param bytes A PNG or a JPEG.
 * @param architecture Whose official weights say how; ImageNet's usual way where there are none.
 * @param size Height and width of the square, by default the architecture's; the resize grows with it.
 * @returns float32 [1, 3, size, size].
 * @throws {Error} If the bytes are neither a PNG nor a JPEG, or damaged.
 *
 * @example
 * ```ts
 * import { imagenetImage } from "@layerfuse/layerfuse/models";
 *
 * const png = await Deno.readFile("docs/picture.png").catch(() => undefined);
 * if (png) console.log(imagenetImage(png, "resnet101").dims); // [1, 3, 224, 224]
 * ```
 */
export function imagenetImage(bytes: Uint8Array, architecture?: Architecture, size?: number): TensorData {
  const { crop = 224, resize = 256, filter = "bilinear", mean = MEAN, deviation = DEVIATION } =
    architecture === undefined ? {} : OFFICIAL_WEIGHTS[architecture] ?? {};
  const side = size ?? crop, picture = decodeImage(bytes), shorter = Math.min(picture.width, picture.height);
  const scale = Math.round(resize * side / crop) / shorter;
  const rgb = squareOf(picture, scale, side, FILTERS[filter]);
  const data = new Float32Array(3 * side * side);
  for (let channel = 0; channel < 3; channel++) {
    for (let y = 0; y < side; y++) {
      for (let x = 0; x < side; x++) {
        const value = rgb[3 * (y * side + x) + channel] / 255;
        data[(channel * side + y) * side + x] = (value - mean[channel]) / deviation[channel];
      }
    }
  }
  return { type: "float32", dims: [1, 3, side, side], data };
}

/** Rounds a half to the even number, as Python does. */
function halfEven(value: number): number {
  return value % 1 === 0.5 ? 2 * Math.round(value / 2) : Math.round(value);
}

/** Red, green and blue 0…255; transparency is ignored. */
function toRgb({ width, height, channels, data }: Picture): Uint8Array {
  const rgb = new Uint8Array(3 * width * height);
  for (let pixel = 0; pixel < width * height; pixel++) {
    for (let channel = 0; channel < 3; channel++) {
      rgb[3 * pixel + channel] = Math.round(255 * data[pixel * channels + (channels < 3 ? 0 : channel)]);
    }
  }
  return rgb;
}

/** How a pixel is made of those around it. */
interface Filter {
  /** As far away as one counts, in pixels of the smaller picture. */
  support: number;
  /** Its weight by how far away it is. */
  at(x: number): number;
}

/** How many values lie between two lines, and between two pixels of a line. */
interface Steps {
  line: number;
  pixel: number;
}

/** A pixel of a resized line: the first pixel that it is made of, and the weights from there on. */
interface Taps {
  first: number;
  weights: number[];
}

/**
 * The square in the middle of the picture made `scale` times as large: along the rows, then along the columns, rounded to whole
 * values after each, as Pillow does. Nothing around it is made: of a narrow strip that would be more than memory holds.
 */
function squareOf(picture: Picture, scale: number, side: number, filter: Filter): Uint8Array {
  const { width, height } = picture, down = { line: 3, pixel: 3 * side };
  const across = tapsOf(width, scale, side, filter), rows = { line: 3 * width, pixel: 3 };
  const narrow = pass(toRgb(picture), height, across, rows, { line: 3 * side, pixel: 3 });
  return pass(narrow, side, tapsOf(height, scale, side, filter), down, down);
}

/** Resizes `lines` lines of red, green and blue along one axis. */
function pass(rgb: Uint8Array, lines: number, taps: readonly Taps[], from: Steps, to: Steps): Uint8Array {
  const out = new Uint8Array(3 * lines * taps.length);
  taps.forEach(({ first, weights }, target) => {
    for (let at = 0; at < lines; at++) {
      for (let channel = 0; channel < 3; channel++) {
        let sum = 0;
        weights.forEach((weight, tap) => sum += weight * rgb[at * from.line + (first + tap) * from.pixel + channel]);
        out[at * to.line + target * to.pixel + channel] = Math.min(255, Math.max(0, Math.round(sum)));
      }
    }
  });
  return out;
}

const FILTERS: Record<ImageFilter, Filter> = {
  bilinear: { support: 1, at: (x) => Math.max(0, 1 - Math.abs(x)) },
  bicubic: { support: 2, at: (x) => cubic(Math.abs(x), -0.5) },
};

function cubic(x: number, a: number): number {
  if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  return x < 2 ? (((x - 5) * x + 8) * x - 4) * a : 0;
}

/** For each of the `count` pixels in the middle of a line of `from` pixels that is made `scale` times as long. */
function tapsOf(from: number, scale: number, count: number, { support, at }: Filter): Taps[] {
  const to = Math.floor(from * scale + 1e-9), begin = halfEven((to - count) / 2);
  const shrink = Math.max(1, from / to), reach = support * shrink;
  return Array.from({ length: count }, (_, index) => {
    const centre = (begin + index + 0.5) * from / to;
    const first = Math.max(0, Math.trunc(centre - reach + 0.5)), end = Math.min(from, Math.trunc(centre + reach + 0.5));
    const weights = Array.from({ length: end - first }, (_, tap) => at((first + tap - centre + 0.5) / shrink));
    const sum = weights.reduce((a, b) => a + b);
    return { first, weights: weights.map((weight) => weight / sum) };
  });
}
