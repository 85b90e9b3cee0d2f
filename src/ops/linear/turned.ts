import { newAttribute } from "../../graph/attribute.ts";
import type { Value } from "../../graph/graph.ts";
import { transposed } from "../../tensor/arrange.ts";
import { sliced } from "../../tensor/pick.ts";
import { reshaped, type Tensor } from "../../tensor/tensor.ts";
import type { Builder } from "../builder.ts";
import { Skip } from "../skip.ts";
import { windowOf } from "../window.ts";
import type { LinearMap } from "./linear_map.ts";
import { TransposedConvolution } from "./transposed_convolution.ts";

/** How much more arithmetic there may be: a transposed convolution multiplies for each cell of its input, not of its result. */
const MOST_WORK = 1.1;

/**
 * A transposed convolution at stride 1 as a convolution: cell i + d·t − p of its result gets W[t]·xᵢ, so cell j gets the sum of
 * W[t]·x at j + p − d·t, which is a window with the kernel turned around that begins d·(k − 1) − p cells before j.
 *
 * @returns Why not, or undefined where the layer is something else.
 */
export function asConvolution(layer: LinearMap, build: Builder): Value | Skip | undefined {
  if (!(layer instanceof TransposedConvolution)) return undefined;
  const { x, form, weight, group, origin } = layer.parts, kernel = weight.dims.slice(2);
  const { strides, dilations, begin, end, isSame } = windowOf(form, kernel, undefined);
  if (strides.some((stride) => stride !== 1) || begin.includes(null)) return undefined;
  const reach = kernel.map((size, axis) => dilations[axis] * (size - 1));
  const isUneven = isSame && reach.some((size) => size % 2 !== 0); // on which side there is more, runtimes disagree
  if ((form.numbers("output_padding") ?? []).some((pad) => pad !== 0) || form.numbers("output_shape") || isUneven) {
    return new Skip("unsupported-form", `${layer.label} says by other attributes than pads how large its result is`);
  }
  const pads = [begin, end].flatMap((side) => side.map((pad, axis) => reach[axis] - pad!));
  if (pads.some((pad) => pad < 0)) {
    return new Skip("other-geometry", `${layer.label} cuts off more than its kernel reaches over the border`);
  }
  const most = kernel.reduce<number | null>((product, _, axis) => {
    const grown = reach[axis] - begin[axis]! - end[axis]!, length = x.shape?.[axis + 2];
    if (product === null || grown <= 0) return product;
    return typeof length === "number" ? product * (length + grown) / length : null;
  }, 1);
  if (most === null || most > MOST_WORK) {
    return new Skip(
      "not-cheaper",
      `the result of ${layer.label} is larger than what it takes, and a window is worked out at each cell`,
    );
  }
  const inputs = [x, build.initializer(origin.weight, turned(weight, group)), layer.biasInput(build)];
  return build.node("Conv", inputs, {
    name: form.name,
    output: form.output.name,
    attributes: [
      newAttribute("dilations", dilations),
      newAttribute("group", group),
      newAttribute("kernel_shape", kernel),
      newAttribute("pads", pads),
    ],
  });
}

/** [Cin, Cout/g, k…] as [Cout, Cin/g, k…], with the taps in the other order. */
function turned(weight: Tensor, group: number): Tensor {
  const [inputs, perGroup, ...kernel] = weight.dims, rest = kernel.map((_, axis) => axis + 3);
  const apart = reshaped(weight, [group, inputs / group, perGroup, ...kernel]);
  const dims = [perGroup * group, inputs / group, ...kernel];
  const changed = reshaped(transposed(apart, [0, 2, 1, ...rest]), dims);
  return sliced(changed, [0, 0, ...kernel.map((size) => size - 1)], [1, 1, ...kernel.map(() => -1)], dims);
}
