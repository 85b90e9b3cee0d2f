import { constantValues } from "../ops/constant.ts";
import type { Dim, Node, Value } from "../graph/graph.ts";
import type { Builder } from "../ops/builder.ts";
import { Skip } from "../ops/skip.ts";
import { Replacement, type Rule } from "../rewrite/rule.ts";
import { valueTensor } from "../tensor/tensor.ts";
import { type Convolution, convolutionAt } from "./linear/convolution.ts";
import { resizedAxes, scalesOf, whyNotAverage, whyResized } from "./interpolation.ts";
import { nameAfter } from "./weights.ts";

/** What interpolating one element costs, in multiply-accumulates; an estimate from above. */
const INTERPOLATION = 8;

/**
 * W·resize(x) + b = resize(W·x + b), because interpolation weights sum to 1: a 1×1 Conv on what an Upsample or Resize enlarged
 * takes fewer multiply-accumulates before it.
 */
export const reorderResizeAndLayer: Rule = {
  name: "reorder-resize-and-layer",
  summary: "Resize or Upsample → 1×1 Conv: the Conv first, where that is less work",
  phase: "reorder",
  roots: ["Conv"],
  rewrite(root, build) {
    const resize = root.inputs[0]?.producer;
    if (!resize?.is("Resize", "Upsample") || resize.hasReferences || root.hasReferences) return undefined;
    const conv = convolutionAt(root);
    if (!conv || conv instanceof Skip) return conv;
    if (conv.slides.some(({ size, stride, begin, end }) => size !== 1 || stride !== 1 || begin !== 0 || end !== 0)) {
      return undefined;
    }
    const inputs = resizedInputs(resize, conv, build);
    if (inputs instanceof Skip) return inputs;
    const gain = gainOf(resize, conv);
    if (gain !== undefined && gain <= 0) return undefined;
    const first = build.like(root, [resize.inputs[0], ...root.inputs.slice(1)]);
    const result = build.like(resize, [first, ...inputs]);
    return new Replacement([root, resize], [[root.output, result]], true, gain === undefined);
  },
};

/** The resize's other inputs for a tensor with the Conv's output channels, or why it is not the same for any channels. */
function resizedInputs(resize: Node, conv: Convolution, build: Builder): (Value | undefined)[] | Skip {
  const rank = conv.slides.length + 2;
  const against = whyNotAverage(resize) ?? whyResized(resize, 0, rank) ?? whyResized(resize, 1, rank);
  if (against) return against;
  const rest = resize.inputs.slice(1), at = resizedAxes(resize, rank).indexOf(1);
  const sizes = resize.has(3) ? constantValues(resize.inputs[3]) : undefined;
  if (!sizes || at < 0) return rest;
  const next = sizes.map((size, index) => index === at ? conv.weight.dims[0] : size);
  const tensor = valueTensor("int64", [next.length], Float64Array.from(next));
  return [rest[0], rest[1], build.initializer(nameAfter(resize.inputs[3], "sizes"), tensor)];
}

/**
 * What one position of the result saves, in multiply-accumulates: (1 − 1/r) of the Conv's, less what it costs to resize more
 * channels and to have the activation that may follow apart from the Conv. Undefined where r is not known.
 */
function gainOf(resize: Node, conv: Convolution): number | undefined {
  const ratio = growthOf(resize);
  if (ratio === undefined) return undefined;
  const [outputs] = conv.weight.dims, inputs = conv.weight.dims[1] * conv.group;
  return (1 - 1 / ratio) * conv.cost.macs - INTERPOLATION * (Math.max(0, outputs - inputs) + outputs);
}

/** Output positions for one of the input. */
function growthOf(resize: Node): number | undefined {
  const area = (shape: readonly Dim[] | undefined) =>
    shape?.slice(2).reduce<number | undefined>(
      (product, dim) => product === undefined || typeof dim !== "number" ? undefined : product * dim,
      1,
    );
  const from = area(resize.inputs[0]!.shape), to = area(resize.output.shape);
  if (from !== undefined && to !== undefined) return to / from;
  return scalesOf(resize)?.reduce((a, b) => a * b, 1);
}
