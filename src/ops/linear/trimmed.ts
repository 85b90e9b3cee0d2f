import { changedAttributes } from "../../graph/attribute.ts";
import type { Value } from "../../graph/graph.ts";
import type { Builder } from "../builder.ts";
import { Skip } from "../skip.ts";
import type { Trim } from "../trim.ts";
import { windowOf } from "../window.ts";
import { extent, outputLength, windowFrom } from "./axis_window.ts";
import { Convolution, spatialOf } from "./convolution.ts";
import type { LinearMap } from "./linear_map.ts";
import { TransposedConvolution } from "./transposed_convolution.ts";

/**
 * The layer without the cells that are taken away from its result: a convolution that pads less, or a transposed one whose pads,
 * which crop its result, are larger. Undefined where it pads less than what is taken away, or might be left with nothing.
 */
export function emitTrimmed(layer: LinearMap, trim: Trim, build: Builder): Value | Skip | undefined {
  if (layer instanceof Convolution) return emitLessPadded(layer, trim, build);
  return layer instanceof TransposedConvolution ? emitCropped(layer, trim, build) : undefined;
}

function emitLessPadded(layer: Convolution, trim: Trim, build: Builder): Value | Skip | undefined {
  const { axes } = layer, spatial = spatialOf(layer.x);
  if (axes instanceof Skip) return undefined;
  const now = axes.map((axis, at) => ({
    ...axis,
    begin: axis.begin - trim.begin[at] * axis.stride,
    end: axis.end - trim.end[at] * axis.stride,
  }));
  const isLeft = now.every((axis, at) => {
    const length = spatial?.[at];
    if (axis.begin < 0 || axis.end < 0) return false;
    return typeof length === "number" ? Number(outputLength(axis, length)) > 0 : axis.begin + axis.end >= extent(axis);
  });
  return isLeft ? new Convolution({ ...layer.parts, form: undefined, window: windowFrom(now) }).emit(build) : undefined;
}

function emitCropped(
  layer: TransposedConvolution,
  trim: Trim,
  build: Builder,
): Value | undefined {
  const { form, weight } = layer.parts, kernel = weight.dims.slice(2);
  const { begin, end, dilations } = windowOf(form, kernel, undefined);
  if (form.numbers("output_shape") || form.text("auto_pad", "NOTSET").startsWith("SAME")) return undefined;
  const pads = [begin, end].flatMap((side, last) =>
    side.map((pad, axis) => pad! + (last ? trim.end : trim.begin)[axis])
  );
  const isLeft = kernel.every((size, axis) => pads[axis] + pads[axis + kernel.length] <= dilations[axis] * (size - 1));
  if (!isLeft) return undefined;
  return layer.emit(build, changedAttributes(form, { auto_pad: undefined, pads }));
}
