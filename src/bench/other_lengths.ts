import type { Lengths, OpenDimension } from "./open_dimensions.ts";

/** Heights and widths that networks are often made for, the usual first. */
const SIDES = [32, 48, 64, 224, 256, 320, 416, 512, 640, 28, 96, 112, 128, 160, 192, 299, 384, 448, 1024];
/** Heights and widths of what is wider than high: lines of text, spectrograms. */
const LINES = [[32, 100], [32, 128], [32, 320], [48, 320], [64, 256], [80, 3000], [48, 192]];
/** Lengths of sequences. */
const SHORT = [1, 2, 8, 32, 64, 77, 128, 256, 384, 512, 100, 1024, 3000];
/** Lengths of sounds, in samples. */
const LONG = [512, 1024, 1536, 16_000, 256, 400, 4_000, 8_000, 48_000, ...SHORT];

/**
 * What else the open lengths of a model may be, likelier first: other sizes of an image, other lengths of a sequence, each open
 * length by itself, then grey images and sizes with lengths.
 *
 * @param free The open dimensions that nobody gave.
 * @param likely The lengths that have failed.
 * @param named Lengths that the runtime named when they failed, tried first.
 */
export function* otherLengths(
  free: readonly OpenDimension[],
  likely: Lengths,
  named: readonly number[] = [],
): Generator<Lengths> {
  const tried = new Set([keyOf(likely)]);
  for (const change of changes(free, named)) {
    const lengths = new Map([
      ...likely,
      ...free.flatMap((dim) => {
        const length = change(dim);
        return length === undefined ? [] : [[dim.key, length] as const];
      }),
    ]);
    if (tried.has(keyOf(lengths))) continue;
    tried.add(keyOf(lengths));
    yield lengths;
  }
}

function keyOf(lengths: Lengths): string {
  return JSON.stringify([...lengths]);
}

type Change = (dim: OpenDimension) => number | undefined;

function* changes(free: readonly OpenDimension[], named: readonly number[]): Generator<Change> {
  const isSide = ({ kind }: OpenDimension) => kind === "height" || kind === "width";
  const isLength = ({ kind }: OpenDimension) => kind === "length" || kind === "samples";
  const images = free.some(isSide), lengths = free.filter(isLength);
  const square = (side: number): Change => (dim) => isSide(dim) ? side : undefined;
  const line = ([height, width]: readonly number[]): Change => ({ kind }) =>
    kind === "height" ? height : kind === "width" ? width : undefined;
  const long = (length: number): Change => (dim) =>
    isLength(dim) && !(dim.isShort && length > 3000) ? length : undefined;
  const sides = images ? [...[...named, ...SIDES].map(square), ...LINES.map(line)] : [];
  const usual = lengths.some(({ isShort }) => !isShort) ? LONG : SHORT;
  const all = lengths.length > 0 ? [...named, ...usual].map(long) : [];
  yield* sides;
  yield* all;
  for (const dim of lengths.length > 1 ? lengths : []) {
    for (const change of all) yield (other) => other === dim ? change(other) : undefined;
  }
  const grey: Change = ({ kind }) => kind === "channels" ? 1 : undefined;
  const both = (first: Change, second: Change): Change => (dim) => first(dim) ?? second(dim);
  if (free.some(({ kind }) => kind === "channels")) {
    yield grey;
    for (const side of sides) yield both(grey, side);
  }
  for (const side of sides) for (const length of all.slice(0, 6)) yield both(side, length);
}
