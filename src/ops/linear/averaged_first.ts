import { changedAttributes, newAttribute } from "../../graph/attribute.ts";
import type { Value } from "../../graph/graph.ts";
import { sizeOf } from "../../tensor/tensor.ts";
import type { Builder } from "../builder.ts";
import { extent, windowFrom } from "./axis_window.ts";
import { Convolution } from "./convolution.ts";
import type { LinearMap } from "./linear_map.ts";

/** The first operator set whose AveragePool can count padded cells. */
const COUNTS_PADS = 7;

/** An average of neighbouring cells and a convolution at the stride of the pool that was behind it. */
export interface AveragedFirst {
  /** Multiply-accumulates for one position of the result: as they are, and with the average first. */
  readonly work: { before: number; after: number };
  /** The two nodes. */
  emit(build: Builder): Value;
}

/**
 * mean(W ∗ x + b) = W ∗ mean(x) + b: means of windows are a convolution, and convolutions change places. The average is taken at
 * every position, zeros around x included, and the convolution has the pool's stride. Undefined for a layer that is strided
 * itself, depthwise (bound by memory, as the average is) or not one node, and for a pool with gaps.
 */
export function averagedFirst(layer: LinearMap, pool: LinearMap): AveragedFirst | undefined {
  if (!(layer instanceof Convolution) || !(pool instanceof Convolution) || !layer.parts.form) return undefined;
  const { axes, parts: { form, group } } = layer, means = pool.axes, [node] = pool.nodes;
  if (!Array.isArray(axes) || !Array.isArray(means)) return undefined;
  if (group > 1 && group === layer.input.channels) return undefined;
  if (axes.some(({ stride }) => stride !== 1) || means.some(({ dilation }) => dilation !== 1)) return undefined;
  // an average further out than its own size sees zeros alone: those stay with the convolution
  const around = (side: "begin" | "end") => axes.map((axis, at) => Math.min(axis[side], extent(means[at])));
  const begin = around("begin"), end = around("end"), strides = means.map(({ stride }) => stride);
  if ([...begin, ...end].some((pad) => pad > 0) && node.opset < COUNTS_PADS) return undefined;
  const steps = sizeOf(strides), taps = sizeOf(pool.parts.window.kernel), { macs } = layer.cost;
  return {
    work: {
      before: steps * macs + taps * layer.output.channels,
      after: macs + steps * taps * layer.input.channels,
    },
    emit(build) {
      const mean = build.like(node, [layer.x], [
        newAttribute("count_include_pad", 1),
        newAttribute("kernel_shape", pool.parts.window.kernel),
        newAttribute("pads", [...begin, ...end]),
        newAttribute("strides", strides.map(() => 1)),
      ]);
      const left = windowFrom(
        axes.map((axis, at) => ({ ...axis, begin: axis.begin - begin[at], end: axis.end - end[at] })),
      );
      const pads = [...left.begin, ...left.end] as number[];
      const attributes = changedAttributes(form!, { auto_pad: undefined, pads, strides });
      return build.like(form!, [mean, ...form!.inputs.slice(1)], attributes);
    },
  };
}
