import type { Dim, Node } from "../graph/graph.ts";

/** How a convolution or a pool slides over its spatial axes; one entry per axis. */
export interface Window {
  /** Kernel size. */
  readonly kernel: readonly number[];
  /** Steps. */
  readonly strides: readonly number[];
  /** Kernel dilations. */
  readonly dilations: readonly number[];
  /** Padding at the begin of each axis; null where SAME_* needs an input size that is not known (at stride 1 it needs none). */
  readonly begin: readonly (number | null)[];
  /** Padding at the end of each axis. */
  readonly end: readonly (number | null)[];
  /** Whether the last, partial window counts (pools). */
  readonly ceil: boolean;
  /** Whether the operator chooses its padding itself (auto_pad SAME_UPPER or SAME_LOWER). */
  readonly isSame: boolean;
}

/**
 * The window of a Conv or pool node with this kernel over spatial dimensions `spatial` (null: unknown). Where a list has
 * not one entry per axis, or one is below 1, which runtimes refuse, nothing is known of the padding.
 */
export function windowOf(node: Node, kernel: readonly number[], spatial: readonly Dim[] | undefined): Window {
  const rank = kernel.length;
  const ones = kernel.map(() => 1);
  const strides = node.numbers("strides") ?? ones;
  const dilations = node.numbers("dilations") ?? ones;
  const ceil = node.number("ceil_mode", 0) !== 0;
  const mode = node.text("auto_pad", "NOTSET"), isSame = mode.startsWith("SAME");
  const pads = mode === "VALID" ? undefined : node.numbers("pads");
  const isPositive = [kernel, strides, dilations].every((values) => values.every((value) => value > 0));
  if (!isPositive || strides.length !== rank || dilations.length !== rank || pads && pads.length !== 2 * rank) {
    const unknown = new Array<null>(rank).fill(null);
    return { kernel, strides: ones, dilations: ones, ceil, isSame, begin: unknown, end: unknown };
  }
  if (isSame) {
    const chosen = kernel.map((size, axis): [number | null, number | null] => {
      const length = spatial?.[axis], stride = strides[axis], reach = dilations[axis] * (size - 1);
      if (stride > 1 && typeof length !== "number") return [null, null];
      const total = stride === 1 ? reach : Math.max(
        0,
        (Math.ceil(Number(length) / stride) - 1) * stride + reach + 1 - Number(length),
      );
      const small = Math.floor(total / 2);
      return mode === "SAME_UPPER" ? [small, total - small] : [total - small, small];
    });
    return { kernel, strides, dilations, ceil, isSame, begin: chosen.map(([b]) => b), end: chosen.map(([, e]) => e) };
  }
  return {
    kernel,
    strides,
    dilations,
    ceil,
    isSame,
    begin: pads ? pads.slice(0, rank) : kernel.map(() => 0),
    end: pads ? pads.slice(rank) : kernel.map(() => 0),
  };
}

/** Whether no window reaches outside the input, as far as that is known. */
export function isUnpadded(window: Window): boolean {
  return [...window.begin, ...window.end].every((pad) => pad === 0);
}

/** Size of one output axis of a sliding window; null where unknown. */
export function outputSize(window: Window, axis: number, input: Dim): Dim {
  const begin = window.begin[axis], end = window.end[axis], stride = window.strides[axis];
  const reach = window.dilations[axis] * (window.kernel[axis] - 1) + 1;
  const isKept = begin !== null && end !== null && begin + end === reach - 1;
  if (stride === 1 && (window.isSame || isKept)) return input;
  if (typeof input !== "number") return null;
  if (window.isSame) return Math.ceil(input / stride);
  if (begin === null || end === null) return null;
  const steps = (input + begin + end - reach) / stride;
  if (steps < 0) return null; // no window fits: runtimes refuse it
  if (!window.ceil) return Math.floor(steps) + 1;
  const out = Math.ceil(steps) + 1;
  return (out - 1) * stride >= input + begin ? out - 1 : out;
}
