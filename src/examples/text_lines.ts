import type { TensorData } from "../bench/mod.ts";
import { type RandomSource, randomSource } from "../bench/random.ts";
import { checked } from "../host/options.ts";
import { Drawing } from "../plot/drawing.ts";
import { rasterPixels } from "../plot/raster.ts";
import { textWidth } from "../plot/svg.ts";

/** Size of one line as the classifier reads it. */
const WIDTH = 192, HEIGHT = 48;
const MARGIN = 8;
const WORDS =
  ("the time before after error norm layer weight kernel Conv batch scale shift mean bias model input image " +
    "output linear fuse graph node value round median ratio noise level fast same Tokyo Lagos Lima Oslo Quito street " +
    "Street No. 7 No. 12 page 34 room 101 total 56.20 EUR kg open closed north south exit platform gate ticket").split(
      " ",
    );

/** One line of text, and whether it stands on its head. */
export interface TextLine {
  /** What it says. */
  readonly text: string;
  /** Whether it is turned by 180°. */
  readonly isTurned: boolean;
  /** Its picture: an SVG of 192 × 48. */
  readonly svg: string;
}

/** Draws `count` lines of made-up text, half of them turned by 180°, in seeded sizes, weights and colours. */
export function textLines(count: number, seed = 0): TextLine[] {
  const random = randomSource(seed);
  return Array.from({ length: count }, (_, index) => textLine(random, index % 2 === 1));
}

function textLine(random: RandomSource, isTurned: boolean): TextLine {
  const size = 20 + Math.floor(random() * 12), isBold = random() < 0.5;
  const room = (WIDTH - 2 * MARGIN) / (isBold ? 1.15 : 1);
  let text = pick(random, WORDS);
  for (let next = pick(random, WORDS); textWidth(`${text} ${next}`, size) < room; next = pick(random, WORDS)) {
    text += ` ${next}`;
  }
  const [ink, paper] = [random() * 0.35, 0.7 + random() * 0.3].map(grey);
  const y = HEIGHT / 2 + size * 0.36;
  return {
    text,
    isTurned,
    svg: `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${HEIGHT}">` +
      `<rect width="${WIDTH}" height="${HEIGHT}" fill="${paper}"/>` +
      `<text x="${MARGIN}" y="${y.toFixed(1)}" font-family="DejaVu Sans, sans-serif" font-size="${size}" font-weight="${
        isBold ? "bold" : "normal"
      }" fill="${ink}"${isTurned ? ` transform="rotate(180 ${WIDTH / 2} ${HEIGHT / 2})"` : ""}>${text}</text></svg>`,
  };
}

function pick<T>(random: RandomSource, from: readonly T[]): T {
  return from[Math.floor(random() * from.length)];
}

function grey(share: number): string {
  const value = Math.round(share * 255);
  return `rgb(${value},${value},${value})`;
}

/** The pictures as PaddleOCR feeds them: float32 [N, 3, 48, 192], blue, green, red, (value / 255 − 0.5) / 0.5. */
export async function linesTensor(lines: readonly TextLine[]): Promise<TensorData> {
  const plane = WIDTH * HEIGHT, data = new Float32Array(lines.length * 3 * plane);
  for (const [index, { svg }] of lines.entries()) {
    const { rgba } = await rasterPixels(svg);
    for (let pixel = 0; pixel < plane; pixel++) {
      for (let channel = 0; channel < 3; channel++) {
        data[(3 * index + channel) * plane + pixel] = rgba[4 * pixel + 2 - channel] / 127.5 - 1;
      }
    }
  }
  return { type: "float32", dims: [lines.length, 3, HEIGHT, WIDTH], data };
}

/** The first lines as one picture, as many as fit into three rows. */
export function linesPicture(lines: readonly TextLine[], options: { width?: number } = {}): Drawing {
  const { width = 640 } = checked("linesPicture", options, { width: true });
  const gap = 8, columns = Math.max(1, Math.floor((width + gap) / (WIDTH + gap)));
  const shown = lines.slice(0, 3 * columns), rows = Math.ceil(shown.length / columns);
  const height = rows * (HEIGHT + gap) - gap, across = columns * (WIDTH + gap) - gap;
  const body = shown.map(({ svg }, index) => {
    const x = (index % columns) * (WIDTH + gap), y = Math.floor(index / columns) * (HEIGHT + gap);
    return svg.replace("<svg ", `<svg x="${x}" y="${y}" `).replace(' xmlns="http://www.w3.org/2000/svg"', "");
  });
  const title = `${shown.length} of ${lines.length} lines`;
  return new Drawing(
    title,
    shown.map(({ text, isTurned }) => isTurned ? `${text} (turned)` : text).join("; "),
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${across} ${height}" width="${across}" height="${height}" ` +
      `style="max-width:100%;height:auto" role="img"><title>${title}</title>${body.join("")}</svg>`,
  ).drawnBy((width) => linesPicture(lines, { width }));
}
