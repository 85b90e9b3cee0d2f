import { changedAttributes } from "../../graph/attribute.ts";
import type { Value } from "../../graph/graph.ts";
import type { Builder } from "../builder.ts";
import { emitTranspose } from "../emit_movement.ts";
import type { Moved } from "../batches/moved_cells.ts";
import type { SpaceToBatch } from "../batches/space_to_batch.ts";
import { Skip } from "../skip.ts";
import { isElementwise } from "../views.ts";
import { extent, windowFrom } from "./axis_window.ts";
import { Convolution } from "./convolution.ts";
import type { LinearMap } from "./linear_map.ts";

/**
 * A convolution of cells dealt out to batches as one of the image itself: cell a of batch i is cell b·a + i, so taps d apart are
 * b·d apart. Undefined for a layer that is no convolution of one node.
 */
export function dilated(layer: LinearMap, from: SpaceToBatch, to: Moved, build: Builder): Value | Skip | undefined {
  if (!(layer instanceof Convolution) || !layer.parts.form || layer.rank !== from.sizes.length + 2) return undefined;
  const { axes, label, parts: { form } } = layer;
  if (axes instanceof Skip) return axes;
  if (axes.some(({ stride }) => stride !== 1)) return new Skip("other-geometry", `${label} has a stride`);
  const window = axes.map((axis, at) => {
    const wide = { ...axis, dilation: axis.dilation * from.blocks[at] };
    const begin = from.begin[at] + axis.begin * from.blocks[at] - to.begin[at];
    return { ...wide, begin, end: to.sizes[at] - from.sizes[at] - begin + extent(wide) };
  });
  if (window.some(({ begin, end }) => begin < 0 || end < 0)) {
    return new Skip("other-geometry", `more is cut off behind ${label} than a pad in front of it adds`);
  }
  const { dilations, begin, end } = windowFrom(window), pads = [...begin, ...end] as number[];
  const toImage = from.layout.map((_, axis) => from.layout.indexOf(axis));
  const image = emitTranspose(from.image, toImage, {}, build);
  const attributes = changedAttributes(form!, { auto_pad: undefined, dilations, pads });
  const result = build.like(form!, [image, ...form!.inputs.slice(1)], attributes);
  const functions = to.nodes.filter(isElementwise);
  const last = functions.reduce((x, node) => build.like(node, [x, ...node.inputs.slice(1)]), result);
  return emitTranspose(last, to.layout, {}, build);
}
