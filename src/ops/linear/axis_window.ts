import type { Dim } from "../../graph/graph.ts";
import { Skip } from "../skip.ts";
import { outputSize, type Window } from "../window.ts";

/** The window of a convolution along one spatial axis, all of it known. */
export interface AxisWindow {
  /** Kernel size. */
  readonly size: number;
  /** Step of the window. */
  readonly stride: number;
  /** Distance of the taps. */
  readonly dilation: number;
  /** Zeros before the input. */
  readonly begin: number;
  /** Zeros after the input. */
  readonly end: number;
}

/** One tap that sees one cell. */
export const ONE_TAP: AxisWindow = { size: 1, stride: 1, dilation: 1, begin: 0, end: 0 };

/** Distance from the first tap to the last. */
export function extent({ size, dilation }: Pick<AxisWindow, "size" | "dilation">): number {
  return dilation * (size - 1);
}

/** Whether it is one tap that sees one cell, nothing padded. */
export function isPointwise({ size, stride, begin, end }: AxisWindow): boolean {
  return size === 1 && stride === 1 && begin === 0 && end === 0;
}

/** A window axis by axis; a reason where its padding is not known or crops. */
export function axisWindows(window: Window, label: string): AxisWindow[] | Skip {
  const pads = [...window.begin, ...window.end];
  if (pads.includes(null)) {
    return new Skip("unknown-shape", `${label} pads by auto_pad, how much is not known without the size of its input`);
  }
  if (pads.some((pad) => pad! < 0)) return new Skip("unsupported-form", `${label} crops its input (a negative pad)`);
  return window.kernel.map((size, axis) => ({
    size,
    stride: window.strides[axis],
    dilation: window.dilations[axis],
    begin: window.begin[axis]!,
    end: window.end[axis]!,
  }));
}

/** Windows along single axes as one over all of them. */
export function windowFrom(axes: readonly AxisWindow[]): Window {
  return {
    kernel: axes.map(({ size }) => size),
    strides: axes.map(({ stride }) => stride),
    dilations: axes.map(({ dilation }) => dilation),
    begin: axes.map(({ begin }) => begin),
    end: axes.map(({ end }) => end),
    ceil: false,
    isSame: false,
  };
}

/** Size of the output along one axis. */
export function outputLength(axis: AxisWindow, length: Dim): Dim {
  return outputSize(windowFrom([axis]), 0, length);
}

/** The greatest common divisor; that of a number and 0 is the number. */
export function gcd(a: number, b: number): number {
  return b === 0 ? a : gcd(b, a % b);
}

/** Distance of the taps that several kernels' taps are multiples of. */
function commonStep(steps: readonly number[]): number {
  return steps.reduce(gcd, 0) || 1;
}

/** One axis of a kernel that holds two parallel ones, and where their taps lie in it. */
export interface UnionWindow {
  /** The window that covers both. */
  readonly window: AxisWindow;
  /** Index of the first tap of each. */
  readonly offsets: readonly [number, number];
  /** Distance of the taps of each. */
  readonly steps: readonly [number, number];
}

/**
 * The window that covers two windows over the same axis of `length` cells. Tap i of a kernel sees cell stride·p − begin +
 * dilation·i at output p, so kernels line up by their begin; padded cells are zero for both.
 */
export function unionWindow(a: AxisWindow, b: AxisWindow, length: Dim): UnionWindow | Skip {
  if (a.stride !== b.stride) return new Skip("other-geometry", `one steps by ${a.stride}, the other by ${b.stride}`);
  const [room, other] = [a, b].map((axis) => axis.begin + axis.end - extent(axis));
  if (room !== other) {
    const sizes = [outputLength(a, length), outputLength(b, length)];
    if (typeof sizes[0] !== "number") {
      return new Skip(
        "unknown-shape",
        "their results may have different sizes, depending on the size of the input",
      );
    }
    if (sizes[0] !== sizes[1]) {
      return new Skip("other-geometry", `their results have different sizes (${sizes[0]} and ${sizes[1]})`);
    }
  }
  const begin = Math.max(a.begin, b.begin);
  const steps = [a, b].map(({ size, dilation }) => size > 1 ? dilation : 0);
  const dilation = commonStep([...steps, Math.abs(a.begin - b.begin)]);
  const size = Math.max(...[a, b].map((axis) => extent(axis) - axis.begin + begin)) / dilation + 1;
  // where both sizes are equal although the rooms differ, either is right; an end pad must not be negative
  const ends = [room, other].map((value) => value + extent({ size, dilation }) - begin);
  const end = ends.find((value) => value >= 0);
  if (end === undefined) return new Skip("other-geometry", "they leave out cells at the end of their input");
  return {
    window: { size, stride: a.stride, dilation, begin, end },
    offsets: [(begin - a.begin) / dilation, (begin - b.begin) / dilation],
    steps: [steps[0] / dilation, steps[1] / dilation],
  };
}

/** One axis of a kernel that does the work of two, one after the other. */
export interface ComposedWindow {
  /** The window of the whole. */
  readonly window: AxisWindow;
  /** Distance of the taps of each in it. */
  readonly steps: readonly [number, number];
}

/**
 * The window of `second` after `first`: output q sees cell q·s₂·s₁ − (b₂·s₁ + b₁) + s₁·d₂·j + d₁·i. The same everywhere
 * only where `second` sees no padding, or `first` is a single unpadded tap (padding before and after it is then the same).
 */
export function composedWindow(first: AxisWindow, second: AxisWindow): ComposedWindow {
  const [d1, d2] = [first.size > 1 ? first.dilation : 0, second.size > 1 ? second.dilation * first.stride : 0];
  const dilation = commonStep([d1, d2]);
  const begin = second.begin * first.stride + first.begin, end = second.end * first.stride + first.end;
  const size = (extent(first) + first.stride * extent(second)) / dilation + 1;
  return {
    window: { size, stride: first.stride * second.stride, dilation, begin, end },
    steps: [d1 / dilation, d2 / dilation],
  };
}

/** Kernels of more positions than this are not written out. */
const MOST_POSITIONS = 1 << 16;

/** Why a kernel is too large to be written out, whatever its channels. */
export function whyTooLarge(kernel: readonly number[], label: string): Skip | undefined {
  const positions = kernel.reduce((product, size) => product * size, 1);
  return positions > MOST_POSITIONS
    ? new Skip("not-cheaper", `a kernel of ${positions} positions would have to be written out for ${label}`)
    : undefined;
}
