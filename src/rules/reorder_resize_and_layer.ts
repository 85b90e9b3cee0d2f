import { nodesOnlyFor, sizesFor } from "../ops/computed_sizes.ts";
import type { LinearMap } from "../ops/linear/linear_map.ts";
import type { PositionMap } from "../ops/position_map.ts";
import { Skip } from "../ops/skip.ts";
import { layerOf, operatorsWith, viewsOf } from "../ops/views.ts";
import { Replacement, type Rule } from "../rewrite/rule.ts";

/**
 * W·resize(x) + b = resize(W·x + b), because interpolation weights sum to 1: a 1×1 convolution on what an interpolation enlarged
 * takes fewer multiply-accumulates before it. An activation that the runtime does as it stores the layer's result stays behind the
 * interpolation, an operator of its own: a good part less arithmetic is worth it.
 */
export const reorderResizeAndLayer: Rule = {
  name: "reorder-resize-and-layer",
  summary: "Resize or Upsample → 1×1 Conv: the Conv first, where that is less work",
  phase: "reorder",
  roots: operatorsWith("linear"),
  rewrite(root, build) {
    const resize = root.inputs[0]?.producer, view = resize && viewsOf(resize).positions;
    if (!resize || !view) return undefined;
    const layer = layerOf(root);
    if (!layer || layer instanceof Skip) return layer;
    const positions = layer.isPointwise ? view(resize) : undefined;
    if (!positions || positions instanceof Skip) return positions;
    if (!positions.enlarges || positions.axes.includes(layer.input.axis)) return undefined;
    const gain = gainOf(positions, layer);
    if (gain !== undefined && gain <= 0) return undefined;
    const first = build.like(root, [positions.x, ...root.inputs.slice(1)]);
    const { sizes, x } = positions, gone = [root, resize];
    const computed = sizes && sizesFor(sizes.value, sizes.at, x, first, build);
    if (computed instanceof Skip) return computed;
    if (sizes) gone.push(...nodesOnlyFor(sizes.value, x, gone));
    const result = positions.emit(first, layer.output.channels, build, computed);
    return new Replacement(gone, [[root.output, result]]);
  },
};

/**
 * What one position of the result saves, in multiply-accumulates: what the layer takes on the positions that are new, less what
 * it costs to resize more channels and to have the activation that may follow apart from the layer. Undefined where the ratio
 * is not known.
 */
function gainOf({ ratio, taps = 0 }: PositionMap, { cost, input, output }: LinearMap): number | undefined {
  if (ratio === undefined) return undefined;
  return (1 - ratio) * cost.macs - taps * (Math.max(0, output.channels - input.channels) + output.channels);
}
