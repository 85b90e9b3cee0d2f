import { lookedUp } from "../ops/linear/table.ts";
import { oneHotAt } from "../ops/one_hot.ts";
import { Skip } from "../ops/skip.ts";
import { layerOf, operatorsWith } from "../ops/views.ts";
import { Replacement, type Rule } from "../rewrite/rule.ts";
import { withNext } from "./whole_layer.ts";

/**
 * onehot(i)·W + b = (W + b)ᵢ, row i of a table; a last row holds b alone, for indices that are none of the entries. Exact for
 * finite W, whatever the indices: negative ones count from the end where OneHot has them so. An affine map behind goes into the
 * table, too.
 */
export const lookUpRows: Rule = {
  name: "look-up-rows",
  summary: "One-hot vectors (OneHot, or Equal with a range) → MatMul or Gemm: Gather of rows from a table",
  phase: "decompose",
  roots: operatorsWith("linear"),
  rewrite(root, build) {
    const hot = oneHotAt(root.inputs[0]);
    if (!hot) return undefined;
    const layer = layerOf(root);
    if (!layer || layer instanceof Skip) return layer;
    if (hot instanceof Skip) return hot;
    if (layer.x !== root.inputs[0]) return undefined;
    const whole = withNext(layer), found = lookedUp(whole, hot, build);
    if (!found || found instanceof Skip) return found;
    return new Replacement(whole.nodes, [[whole.result, found]]);
  },
};
