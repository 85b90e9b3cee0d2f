import type { Dim, Node } from "../graph/graph.ts";
import { valueTensor } from "../tensor/tensor.ts";
import { resizedAxes } from "./carry/interpolation.ts";
import { constantOf } from "./constant.ts";
import type { Settled } from "./op.ts";
import { valueElements } from "./shape_elements.ts";

/** Scales for computed sizes: 1 for one that is the input's, and ratios that scale to exactly the sizes, in any float type. */
export function settledScales(node: Node): Settled[] {
  const [x, , , computed] = node.inputs, sizes = valueElements(computed), shape = x?.shape;
  const isStretched = node.text("keep_aspect_ratio_policy", "stretch") === "stretch" &&
    node.text("coordinate_transformation_mode", "half_pixel") !== "tf_crop_and_resize";
  if (!sizes || !shape || !isStretched || constantOf(computed)) return [];
  const axes = resizedAxes(node, shape.length), scales = sizes.map((size, at) => exactRatio(size, shape[axes[at]]));
  if (sizes.length !== axes.length || scales.includes(undefined)) return [];
  const constant = valueTensor("float32", [scales.length], Float64Array.from(scales as number[]));
  return [{ index: 3, instead: 2, constant }];
}

function exactRatio(to: Dim, from: Dim | undefined): number | undefined {
  if (to !== null && to === from) return 1;
  if (typeof to !== "number" || typeof from !== "number") return undefined;
  const ratio = Math.fround(to / from);
  return to > 0 && from > 0 && ratio * from === to ? ratio : undefined;
}
