import { type Picture, resize } from "../bench/image.ts";
import type { TensorData } from "../bench/mod.ts";

/** Mean and standard deviation of the text detector's training images. */
const MEAN = [0.485, 0.456, 0.406], DEVIATION = [0.229, 0.224, 0.225];
/** Both sides of what the detector is fed are multiples of it. */
const STEP = 32;
/** How much larger than in the photo the detector sees a page. */
const SCALE = 2;
/** The height that the recognizer reads a line at. */
const LINE_HEIGHT = 48;
/** Probability of text from which on a pixel is of a line, and how many pixels a line has at least. */
const IS_TEXT = 0.3, FEWEST = 200;

/** A rectangle of a photo, pixels. */
export interface Box {
  /** Its first column. */
  readonly left: number;
  /** Its first row. */
  readonly top: number;
  /** Columns. */
  readonly width: number;
  /** Rows. */
  readonly height: number;
}

/** A photo as PP-OCR's detector is fed: float32 [1, 3, height, width], twice as large, sides rounded to multiples of 32. */
export function pageTensor(photo: Picture): TensorData {
  const [width, height] = [photo.width, photo.height].map((side) => Math.ceil(SCALE * side / STEP) * STEP);
  return planes(photo, width, height, (value, channel) => (value - MEAN[channel]) / DEVIATION[channel]);
}

/** Part of a photo as PP-OCR's recognizer is fed: float32 [1, 3, 48, width]. */
export function lineTensor(photo: Picture, { left, top, width, height }: Box): TensorData {
  const { channels } = photo, data = new Float32Array(width * height * channels);
  for (let y = 0; y < height; y++) {
    const from = ((top + y) * photo.width + left) * channels;
    data.set(photo.data.subarray(from, from + width * channels), y * width * channels);
  }
  const across = Math.max(1, Math.round(width * LINE_HEIGHT / height));
  return planes({ width, height, channels, data }, across, LINE_HEIGHT, (value) => 2 * value - 1);
}

function planes(
  photo: Picture,
  width: number,
  height: number,
  normalised: (value: number, channel: number) => number,
): TensorData {
  const rgb = resize(photo, width, height, 3), plane = width * height;
  const data = Float32Array.from(
    rgb,
    (_, at) => normalised(rgb[3 * (at % plane) + 2 - Math.floor(at / plane)], Math.floor(at / plane)),
  );
  return { type: "float32", dims: [1, 3, height, width], data };
}

/**
 * The lines of text on a photo, from top to bottom: the rectangle around each patch of likely pixels, widened by as much as the
 * detector's patches are narrower than the text.
 *
 * @param output What the detector answers to {@link pageTensor}: [1, 1, height, width], the probability of text.
 */
export function textBoxes({ dims, data }: TensorData, photo: Picture): Box[] {
  const [height, width] = dims.slice(-2), seen = new Uint8Array(width * height), boxes: Box[] = [];
  const isText = (at: number) => !seen[at] && Number(data[at]) > IS_TEXT;
  for (let start = 0; start < seen.length; start++) {
    if (!isText(start)) continue;
    let [left, right, top, bottom, count] = [width, 0, height, 0, 0];
    const open = [start];
    seen[start] = 1;
    for (let at = open.pop(); at !== undefined; at = open.pop()) {
      const x = at % width, y = Math.floor(at / width);
      [left, right, top, bottom] = [Math.min(left, x), Math.max(right, x), Math.min(top, y), Math.max(bottom, y)];
      count++;
      const around = [x > 0 && at - 1, x < width - 1 && at + 1, y > 0 && at - width, y < height - 1 && at + width];
      for (const next of around) {
        if (next === false || !isText(next)) continue;
        seen[next] = 1;
        open.push(next);
      }
    }
    if (count >= FEWEST) boxes.push(widened(left, right, top, bottom, [width, height], photo));
  }
  return boxes.sort((a, b) => a.top - b.top);
}

function widened(
  left: number,
  right: number,
  top: number,
  bottom: number,
  [width, height]: readonly number[],
  photo: Picture,
): Box {
  const more = 0.6 * Math.min(right - left + 1, bottom - top + 1);
  const x = [left - more, right + 1 + more].map((at) =>
    Math.round(Math.min(Math.max(at, 0), width) * photo.width / width)
  );
  const y = [top - more, bottom + 1 + more].map((at) =>
    Math.round(Math.min(Math.max(at, 0), height) * photo.height / height)
  );
  return { left: x[0], top: y[0], width: x[1] - x[0], height: y[1] - y[0] };
}
