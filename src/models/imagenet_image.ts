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
  const width = Math.floor(picture.width * scale + 1e-9), height = Math.floor(picture.height * scale + 1e-9);
  const rgb = resized(toRgb(picture), picture.width, picture.height, width, height, filter);
  const left = halfEven((width - side) / 2), top = halfEven((height - side) / 2);
  const data = new Float32Array(3 * side * side);
  for (let channel = 0; channel < 3; channel++) {
    for (let y = 0; y < side; y++) {
      for (let x = 0; x < side; x++) {
        const value = rgb[3 * ((top + y) * width + left + x) + channel] / 255;
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
function toRgb({ width, height, channels, data }: Picture): Float64Array {
  const rgb = new Float64Array(3 * width * height);
  for (let pixel = 0; pixel < width * height; pixel++) {
    for (let channel = 0; channel < 3; channel++) {
      rgb[3 * pixel + channel] = Math.round(255 * data[pixel * channels + (channels < 3 ? 0 : channel)]);
    }
  }
  return rgb;
}

/** Along the rows, then along the columns, rounded to whole values after each, as Pillow does. */
function resized(
  rgb: Float64Array,
  width: number,
  height: number,
  toWidth: number,
  toHeight: number,
  filter: ImageFilter,
): Float64Array {
  const across = width === toWidth ? rgb : pass(rgb, height, width, toWidth, 3, 3 * width, filter);
  return height === toHeight ? across : pass(across, toWidth, height, toHeight, 3 * toWidth, 3, filter);
}

/** Resizes one axis: `lines` lines of `from` pixels, `step` apart in a line; a line's channels begin `line` apart. */
function pass(
  rgb: Float64Array,
  lines: number,
  from: number,
  to: number,
  step: number,
  line: number,
  filter: ImageFilter,
): Float64Array {
  const out = new Float64Array(3 * lines * to), taps = tapsOf(from, to, filter);
  const outStep = step === 3 ? 3 : step, outLine = step === 3 ? 3 * to : line;
  taps.forEach(({ first, weights }, target) => {
    for (let at = 0; at < lines; at++) {
      for (let channel = 0; channel < 3; channel++) {
        let sum = 0;
        weights.forEach((weight, tap) => sum += weight * rgb[at * line + (first + tap) * step + channel]);
        out[at * outLine + target * outStep + channel] = Math.min(255, Math.max(0, Math.round(sum)));
      }
    }
  });
  return out;
}

const FILTERS: Record<ImageFilter, { support: number; at(x: number): number }> = {
  bilinear: { support: 1, at: (x) => Math.max(0, 1 - Math.abs(x)) },
  bicubic: { support: 2, at: (x) => cubic(Math.abs(x), -0.5) },
};

function cubic(x: number, a: number): number {
  if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  return x < 2 ? (((x - 5) * x + 8) * x - 4) * a : 0;
}

/** For every target pixel: the first source pixel that counts, and the weights from there on. */
function tapsOf(from: number, to: number, filter: ImageFilter): { first: number; weights: number[] }[] {
  const { support, at } = FILTERS[filter], scale = Math.max(1, from / to), reach = support * scale;
  return Array.from({ length: to }, (_, target) => {
    const centre = (target + 0.5) * from / to;
    const first = Math.max(0, Math.trunc(centre - reach + 0.5)), end = Math.min(from, Math.trunc(centre + reach + 0.5));
    const weights = Array.from({ length: end - first }, (_, tap) => at((first + tap - centre + 0.5) / scale));
    const sum = weights.reduce((a, b) => a + b);
    return { first, weights: weights.map((weight) => weight / sum) };
  });
}
