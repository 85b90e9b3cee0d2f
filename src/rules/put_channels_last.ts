import { withChannelsLast } from "../ops/linear/channels_last.ts";
import { Skip } from "../ops/skip.ts";
import { layerOf, operatorsWith, viewsOf } from "../ops/views.ts";
import { Replacement, type Rule } from "../rewrite/rule.ts";

/** Input channels for each output channel, at least: the result has to be turned back, too. */
const LEAST_RATIO = 2;

/**
 * Σ_c W[m, c]·softmax_c(x) is a product with a matrix once channels lie last: runtimes normalize along the last axis in one pass,
 * and turn around what they normalize along another one. The expectation over bins at the end of a detector is that.
 */
export const putChannelsLast: Rule = {
  name: "put-channels-last",
  summary: "Softmax over channels → 1×1 Conv to few channels: Transpose, Softmax over the last axis, MatMul",
  phase: "lower",
  roots: operatorsWith("linear"),
  rewrite(root, build) {
    const before = root.inputs[0]?.producer, axis = before && viewsOf(before).normalizedAxis?.(before);
    if (!before || axis === undefined) return undefined;
    const layer = layerOf(root);
    if (!layer || layer instanceof Skip || axis !== layer.input.axis || axis + 1 === layer.rank) return undefined;
    const last = withChannelsLast(layer, before);
    if (!last) return undefined;
    const [inputs, outputs] = last.channels;
    if (inputs < LEAST_RATIO * outputs) {
      return new Skip(
        "not-cheaper",
        `${root.label} makes ${outputs} channels of ${inputs}, which would have to be turned back`,
      );
    }
    return new Replacement([before, root], [[root.output, last.emit(build)]]);
  },
};
