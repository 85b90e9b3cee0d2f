import type { Node } from "../../graph/graph.ts";
import type { AffineMap } from "../affine_map.ts";
import { constantValues } from "../constant.ts";
import { fromStart } from "../dims.ts";
import { valueElements } from "../shape_elements.ts";
import { Skip } from "../skip.ts";
import { type Carry, unary } from "./carry.ts";

/** Resize and Upsample: interpolation weights sum to 1, so a map along an axis that is not resized goes through. */
export const resizeCarry: Carry = unary("arithmetic", (node, affine) => whyNotThrough(node, affine) ?? affine);

function whyNotThrough(node: Node, { axis }: AffineMap): Skip | undefined {
  const against = whyNotAverage(node), rank = (node.inputs[0]?.shape ?? node.output.shape)?.length;
  if (against || axis === null) return against;
  return rank === undefined
    ? new Skip("unknown-shape", `the rank of ${node.label} is not known`)
    : whyResized(node, axis, rank);
}

/** Why the interpolation weights of a Resize or Upsample may not sum to 1; undefined where they do. */
export function whyNotAverage(resize: Node): Skip | undefined {
  if (resize.text("coordinate_transformation_mode", "half_pixel") === "tf_crop_and_resize") {
    return new Skip(
      "unsupported-form",
      `${resize.label} crops and extrapolates: its interpolation weights do not sum to 1 there`,
    );
  }
  if (resize.text("keep_aspect_ratio_policy", "stretch") !== "stretch") {
    return new Skip("unsupported-form", `${resize.label} chooses its sizes by keep_aspect_ratio_policy`);
  }
}

/** The constant scales of a Resize or Upsample, one for each of {@link resizedAxes}. */
export function scalesOf(resize: Node): readonly number[] | undefined {
  if (resize.is("Upsample")) return resize.has(1) ? constantValues(resize.inputs[1]) : resize.numbers("scales");
  const scales = constantValues(resize.inputs[resize.opset >= 11 ? 2 : 1]);
  return scales?.length ? scales : undefined;
}

/** The axes that scales or sizes are given for, from the left. */
export function resizedAxes(resize: Node, rank: number): readonly number[] {
  const given = resize.numbers("axes")?.map((axis) => fromStart(axis, rank));
  return given ?? Array.from({ length: rank }, (_, axis) => axis);
}

/** Why an axis is resized, or may be; undefined where it stays as it is. */
export function whyResized(resize: Node, axis: number, rank: number): Skip | undefined {
  const index = resizedAxes(resize, rank).indexOf(axis);
  if (index < 0) return undefined;
  const sizes = resize.has(3) ? valueElements(resize.inputs[3]) : undefined;
  if (sizes?.[index] != null) {
    return sizes[index] === resize.inputs[0]!.shape?.[axis]
      ? undefined
      : new Skip("other-axis", `${resize.label} resizes the batch or the channels, or may do so`);
  }
  const scale = scalesOf(resize)?.[index] ?? (resize.has(3) ? undefined : computedScale(resize, index));
  if (scale === undefined) {
    return new Skip(
      "not-constant",
      `the ${resize.has(3) ? "sizes" : "scales"} of ${resize.label} are not constant: it may resize the channels`,
    );
  }
  return scale === 1 ? undefined : new Skip("other-axis", `${resize.label} resizes the batch or the channels`);
}

/** One of the scales, where it is known although others are computed. */
function computedScale(resize: Node, index: number): number | undefined {
  const at = resize.is("Upsample") || resize.opset < 11 ? 1 : 2;
  const scale = resize.has(at) ? valueElements(resize.inputs[at])?.[index] : undefined;
  return typeof scale === "number" ? scale : undefined;
}
