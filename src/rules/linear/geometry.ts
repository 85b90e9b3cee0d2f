import type { Dim } from "../../graph/graph.ts";
import { slidOutput, type Window } from "../../ops/window.ts";
import { Skip } from "../../ops/skip.ts";

/** How a kernel slides along one spatial axis, all of it known. */
export interface Slide {
  /** Kernel size. */
  readonly size: number;
  /** Step of the window. */
  readonly stride: number;
  /** Distance of the taps. */
  readonly dilation: number;
  /** Zeros before and after the input. */
  readonly begin: number;
  /** See `begin`. */
  readonly end: number;
}

/** From the first tap to the last. */
export function reach({ size, dilation }: Pick<Slide, "size" | "dilation">): number {
  return dilation * (size - 1);
}

/** A window axis by axis; a reason where its padding is not known. */
export function slidesOf(window: Window, label: string): Slide[] | Skip {
  if ([...window.begin, ...window.end].includes(null)) {
    return new Skip("unknown-shape", `${label} pads by auto_pad, how much is not known without the size of its input`);
  }
  if ([...window.begin, ...window.end].some((pad) => pad! < 0)) {
    return new Skip("unsupported-form", `${label} crops its input (a negative pad)`);
  }
  return window.kernel.map((size, axis) => ({
    size,
    stride: window.strides[axis],
    dilation: window.dilations[axis],
    begin: window.begin[axis]!,
    end: window.end[axis]!,
  }));
}

/** Size of the output along one axis. */
export function outputOf(slide: Slide, length: Dim): Dim {
  const { size, stride, dilation, begin, end } = slide;
  const window = {
    kernel: [size],
    strides: [stride],
    dilations: [dilation],
    begin: [begin],
    end: [end],
    ceil: false,
  };
  return slidOutput(window, 0, length, false);
}

function gcd(a: number, b: number): number {
  return b === 0 ? a : gcd(b, a % b);
}

/** Distance of the taps that several kernels' taps are multiples of. */
function commonStep(steps: readonly number[]): number {
  return steps.reduce(gcd, 0) || 1;
}

/** One axis of a kernel that holds two parallel ones, and where their taps lie in it. */
export interface Union {
  /** The window that covers both. */
  readonly slide: Slide;
  /** Index of the first tap of each. */
  readonly offsets: readonly [number, number];
  /** Distance of the taps of each. */
  readonly steps: readonly [number, number];
}

/**
 * The window that covers two windows over the same axis of `length` cells. Tap i of a kernel sees cell stride·p − begin +
 * dilation·i at output p, so kernels line up by their begin; padded cells are zero for both.
 */
export function union(a: Slide, b: Slide, length: Dim): Union | Skip {
  if (a.stride !== b.stride) return new Skip("other-geometry", `one steps by ${a.stride}, the other by ${b.stride}`);
  const [room, other] = [a, b].map((slide) => slide.begin + slide.end - reach(slide));
  if (room !== other) {
    const sizes = [outputOf(a, length), outputOf(b, length)];
    if (typeof sizes[0] !== "number" || sizes[0] !== sizes[1]) {
      return new Skip(
        typeof sizes[0] === "number" ? "other-geometry" : "unknown-shape",
        typeof sizes[0] === "number"
          ? `their results have different sizes (${sizes[0]} and ${sizes[1]})`
          : `their results may have different sizes, depending on the size of the input`,
      );
    }
  }
  const begin = Math.max(a.begin, b.begin);
  const steps = [a, b].map(({ size, dilation }) => size > 1 ? dilation : 0);
  const dilation = commonStep([...steps, Math.abs(a.begin - b.begin)]);
  const size = Math.max(...[a, b].map((slide) => reach(slide) - slide.begin + begin)) / dilation + 1;
  // where both sizes are equal although the rooms differ, either is right; an end pad must not be negative
  const ends = [room, other].map((value) => value + reach({ size, dilation }) - begin);
  const end = ends.find((value) => value >= 0);
  if (end === undefined) return new Skip("other-geometry", "they leave out cells at the end of their input");
  return {
    slide: { size, stride: a.stride, dilation, begin, end },
    offsets: [(begin - a.begin) / dilation, (begin - b.begin) / dilation],
    steps: [steps[0] / dilation, steps[1] / dilation],
  };
}

/** One axis of a kernel that does the work of two, one after the other. */
export interface Chain {
  /** The window of the whole. */
  readonly slide: Slide;
  /** Distance of the taps of each in it. */
  readonly steps: readonly [number, number];
}

/**
 * The window of `second` after `first`: output q sees cell q·s₂·s₁ − (b₂·s₁ + b₁) + s₁·d₂·j + d₁·i. The same everywhere
 * only where `second` sees no padding, or `first` is a single unpadded tap (padding before and after it is then the same).
 */
export function chain(first: Slide, second: Slide): Chain {
  const [d1, d2] = [first.size > 1 ? first.dilation : 0, second.size > 1 ? second.dilation * first.stride : 0];
  const dilation = commonStep([d1, d2]);
  const begin = second.begin * first.stride + first.begin, end = second.end * first.stride + first.end;
  const size = (reach(first) + first.stride * reach(second)) / dilation + 1;
  return {
    slide: { size, stride: first.stride * second.stride, dilation, begin, end },
    steps: [d1 / dilation, d2 / dilation],
  };
}
