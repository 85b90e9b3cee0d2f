import { emitWinograd, whyNotWinograd } from "../ops/blocked/winograd.ts";
import { Convolution } from "../ops/linear/convolution.ts";
import { linearOf, operatorsWith } from "../ops/views.ts";
import { Replacement, type Rule } from "../rewrite/rule.ts";

/**
 * A 3×3 convolution by Winograd's F(2×2, 3×3): Y = Aᵀ·[(G·g·Gᵀ) ⊙ (Bᵀ·d·B)]·A takes 16 multiplications per tile of four results
 * instead of 36. ONNX Runtime's CPU kernels have none, so the transforms are written as depthwise convolutions and sums, which
 * the blocked layout has. Rounding grows to about 4e-7 of the result. Some fifty nodes for one: only where measuring says so.
 */
export const writeLayerAsWinograd: Rule = {
  name: "write-layer-as-winograd",
  summary: "3×3 Conv of many channels: Winograd's F(2×2, 3×3) in depthwise Convs, products and sums",
  phase: "lower",
  runtimes: ["onnxruntime-cpu"],
  isForMeasuring: true,
  roots: operatorsWith("linear"),
  rewrite(root, build) {
    const layer = linearOf(root);
    if (!(layer instanceof Convolution) || !layer.isLayer || root.opset < 11) return undefined;
    const against = whyNotWinograd(layer);
    return against ?? new Replacement([root], [[root.output, emitWinograd(layer, build)]]);
  },
};
