/**
 * PNG and JPEG files as numbers.
 *
 * @module
 */
import { convertIndexedToRgb, decode as decodePng } from "fast-png";
import * as jpeg from "jpeg-js";
import { pixelsOnly } from "./png_chunks.ts";

/** A decoded picture. */
export interface Picture {
  /** Columns. */
  width: number;
  /** Rows. */
  height: number;
  /** Values a pixel: 1 grey, 2 grey and alpha, 3 RGB, 4 RGBA. */
  channels: number;
  /** Values 0…1, row by row, pixel by pixel. */
  data: Float32Array;
}

/** Millions of pixels that a picture may have: a file of a few kilobytes may claim as many as it likes. */
const MOST_MEGAPIXELS = 50;

/** Decodes a PNG or a JPEG, told apart by how it begins. @throws {Error} If it is neither, damaged or larger than 50 megapixels. */
export function decodeImage(bytes: Uint8Array): Picture {
  if (bytes[0] === 0xff && bytes[1] === 0xd8) {
    const { width, height, data } = jpeg.decode(bytes, { useTArray: true, maxResolutionInMP: MOST_MEGAPIXELS });
    return { width, height, channels: 4, data: Float32Array.from(data, (value) => value / 255) };
  }
  if (bytes[0] !== 0x89 || bytes[1] !== 0x50) throw new Error("neither a PNG nor a JPEG");
  const header = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const megapixels = bytes.length < 24 ? 0 : header.getUint32(16) * header.getUint32(20) / 1e6;
  if (megapixels > MOST_MEGAPIXELS) {
    throw new Error(`a picture of ${Math.ceil(megapixels)} megapixels; expected at most ${MOST_MEGAPIXELS}`);
  }
  const png = decodePng(pixelsOnly(bytes));
  const { width, height, depth, palette } = png;
  if (palette) {
    return {
      width,
      height,
      channels: palette[0].length,
      data: Float32Array.from(convertIndexedToRgb(png), (value) => value / 255),
    };
  }
  if (depth !== 8 && depth !== 16) throw new Error(`a PNG of ${depth} bits a channel; expected 8 or 16`);
  return {
    width,
    height,
    channels: png.channels,
    data: Float32Array.from(png.data, (value) => value / (2 ** depth - 1)),
  };
}

/**
 * Scales a picture, bilinear at pixel centres, to grey (1 channel; Rec. 601 luma 0.299 R + 0.587 G + 0.114 B) or RGB (3).
 * Transparency is ignored.
 *
 * @returns Values 0…1, row by row, pixel by pixel.
 */
export function resize(picture: Picture, width: number, height: number, channels: number): Float32Array {
  const result = new Float32Array(width * height * channels);
  const columns = samples(picture.width, width);
  for (const [y, [top, bottom, down]] of samples(picture.height, height).entries()) {
    for (const [x, [left, right, across]] of columns.entries()) {
      for (let channel = 0; channel < channels; channel++) {
        const at = (row: number, column: number) => valueAt(picture, row * picture.width + column, channel, channels);
        const upper = at(top, left) * (1 - across) + at(top, right) * across;
        const lower = at(bottom, left) * (1 - across) + at(bottom, right) * across;
        result[(y * width + x) * channels + channel] = upper * (1 - down) + lower * down;
      }
    }
  }
  return result;
}

/** For every target position: the two source positions around its centre, and the second's share. */
function samples(from: number, to: number): [number, number, number][] {
  return Array.from({ length: to }, (_, i) => {
    const centre = Math.min(from - 1, Math.max(0, (i + 0.5) * from / to - 0.5));
    const first = Math.floor(centre);
    return [first, Math.min(from - 1, first + 1), centre - first];
  });
}

function valueAt({ channels, data }: Picture, pixel: number, channel: number, wanted: number): number {
  const at = pixel * channels;
  if (channels < 3) return data[at];
  return wanted === 3 ? data[at + channel] : 0.299 * data[at] + 0.587 * data[at + 1] + 0.114 * data[at + 2];
}
