import { constantValues } from "../ops/constant.ts";
import type { Node } from "../graph/graph.ts";
import { Skip } from "../ops/skip.ts";

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
  const given = resize.numbers("axes")?.map((axis) => axis < 0 ? axis + rank : axis);
  return given ?? Array.from({ length: rank }, (_, axis) => axis);
}

/** Why an axis is resized, or may be; undefined where it stays as it is. */
export function whyResized(resize: Node, axis: number, rank: number): Skip | undefined {
  const index = resizedAxes(resize, rank).indexOf(axis);
  if (index < 0) return undefined;
  const sizes = resize.has(3) ? constantValues(resize.inputs[3]) : undefined;
  if (sizes) {
    return sizes[index] === resize.inputs[0]!.shape?.[axis]
      ? undefined
      : new Skip("other-axis", `${resize.label} resizes the batch or the channels, or may do so`);
  }
  const scales = scalesOf(resize);
  if (!scales) {
    return new Skip("not-constant", `the scales of ${resize.label} are not constant: it may resize the channels`);
  }
  return scales[index] === 1 ? undefined : new Skip("other-axis", `${resize.label} resizes the batch or the channels`);
}
