/**
 * The lengths that a model leaves open: which of them are one and the same, what they most likely are, and what else to try.
 *
 * @module
 */
import type { InputDescription } from "./session.ts";

/** What an open dimension counts. */
export type DimensionKind = "batch" | "channels" | "height" | "width" | "length" | "samples";

/** One length that a model leaves open, wherever it stands. */
export interface OpenDimension {
  /** Its name, or where it stands: unnamed ones at axis 0, and at the same axis of inputs of the same rank, are one. */
  readonly key: string;
  /** What it counts. */
  readonly kind: DimensionKind;
  /** Whether it may only be short: of token ids, of features. */
  readonly isShort: boolean;
}

/** Lengths by {@link OpenDimension.key}. */
export type Lengths = ReadonlyMap<string, number>;

const AUDIO = /audio|wave|speech|pcm|samples?$/i;
const IN_TIME = /seq|len|time|frame|token|step/i;
/** Keys and values of a decoder, [N, heads, L, width], are no image. */
const IN_CACHE = /past|seq|token|cache/i;

/** The open dimensions of a model's inputs, each once, in the order they appear. */
export function openDimensions(inputs: readonly InputDescription[]): OpenDimension[] {
  const found = new Map<string, OpenDimension[]>();
  for (const input of inputs) {
    input.dims.forEach((dim, axis) => {
      if (typeof dim === "number") return;
      for (const key of keysOf(input, axis)) found.set(key, [...found.get(key) ?? [], described(input, axis, key)]);
    });
  }
  return [...found].map(([key, places]) => ({
    key,
    // at axis 0 of one input and further behind in another, it is what it is there: [sequence] beside [batch, sequence]
    kind: (places.find(({ kind }) => kind !== "batch" || /batch/i.test(key)) ?? places[0]).kind,
    isShort: places.some(({ isShort }) => isShort),
  }));
}

/** The length of one axis, declared or open; a sum of names (`past_length + sequence_length`) is the sum of theirs. */
export function lengthAt(input: InputDescription, axis: number, lengths: Lengths): number {
  const dim = input.dims[axis];
  if (typeof dim === "number") return dim;
  const constant = summands(dim).filter((part) => /^\d+$/.test(part)).reduce((sum, part) => sum + Number(part), 0);
  return keysOf(input, axis).reduce((sum, key) => sum + (lengths.get(key) ?? 1), constant);
}

/** The length of an open dimension as long as nothing else is known of it. */
export function likelyLength({ kind }: OpenDimension, size: number): number {
  switch (kind) {
    case "batch":
      return 1;
    case "channels":
      return 3;
    case "height":
    case "width":
      return size;
    case "samples":
      return 16_000;
    case "length":
      return 16;
  }
}

/** Lengths that shapes of some inputs fix, by key. */
export function lengthsOf(input: InputDescription, dims: readonly number[]): [string, number][] {
  return input.dims.flatMap((dim, axis): [string, number][] => {
    const keys = typeof dim === "string" ? keysOf(input, axis) : [];
    return keys.length === 1 && summands(String(dim)).length === 1 ? [[keys[0], dims[axis]]] : [];
  });
}

/** The keys of an open dimension: one, or those of the names it is a sum of. */
function keysOf(input: InputDescription, axis: number): string[] {
  const dim = String(input.dims[axis]);
  if (dim === "" || /^[?*]$/.test(dim) || /^unk_/.test(dim)) {
    return [axis === 0 ? "axis 0" : `axis ${axis} of ${input.dims.length}`];
  }
  return summands(dim).filter((part) => !/^\d+$/.test(part));
}

function summands(dim: string): string[] {
  return /^\s*[\w.]+(\s*\+\s*[\w.]+)+\s*$/.test(dim) ? dim.split("+").map((part) => part.trim()) : [dim];
}

function described({ name, type, dims }: InputDescription, axis: number, key: string): OpenDimension {
  const last = dims.length - 1, isFloat = type.startsWith("float");
  // [N, L], [N, 1, L] or [L] of floats: samples of a sound, if anything
  const mayBeSound = isFloat && axis === last && (last < 2 || last === 2 && dims[1] === 1);
  const isShort = !mayBeSound;
  const made = (kind: DimensionKind) => ({ key, kind, isShort });
  if (/batch/i.test(key)) return made("batch");
  if (/height/i.test(key)) return made("height");
  if (/width/i.test(key)) return made("width");
  if (mayBeSound && last > 0 && axis > 0 && (AUDIO.test(name) || AUDIO.test(key))) return made("samples");
  if (axis === 0) return made(IN_TIME.test(key) ? "length" : "batch");
  // the state of a recurrent network: [layers, N, hidden]
  if (last === 2 && axis === 1 && typeof dims[0] === "number" && dims[0] > 1 && typeof dims[2] === "number") {
    return made("batch");
  }
  if (IN_CACHE.test(key)) return made("length");
  if (dims.length !== 4 || !isFloat && type !== "uint8") return made("length");
  const channels = dims[3];
  const channelsLast = typeof channels === "number" && channels <= 4 && typeof dims[1] !== "number";
  if (axis === 1) return made(channelsLast ? "height" : "channels");
  return made(axis === 2 && !channelsLast ? "height" : "width");
}
