import { composed, fitted } from "../ops/affine_map.ts";
import { emitOnBlocks, isMadeInBlocks, isTakenInBlocks } from "../ops/blocked/blocked_value.ts";
import { Skip } from "../ops/skip.ts";
import { affineMapOf, operatorsWith } from "../ops/views.ts";
import { Replacement, type Rule } from "../rewrite/rule.ts";

/** More channels than this are a number that a file made up. */
const MOST_CHANNELS = 1 << 20;

/**
 * s·x + t between two convolutions, where neither can take it (a shift in front of padding), in the one form that ONNX Runtime
 * runs on the blocks in which they hand over their results: else the whole image is copied out of the blocks and back.
 */
export const writeAffineOnBlocks: Rule = {
  name: "write-affine-on-blocks",
  summary:
    "Conv → Mul or Add with a constant → Conv: the constants as a BatchNormalization, which stays in the blocked layout",
  phase: "lower",
  runtimes: ["onnxruntime-cpu"],
  roots: operatorsWith("affine"),
  rewrite(root, build) {
    const last = affineMapOf(root);
    if (!last || last.rebuild) return undefined;
    const { x: { producer, soleUser } } = last, first = soleUser && producer && affineMapOf(producer);
    const pair = producer && first && !first.rebuild
      ? { nodes: [root, producer], x: first.x, map: composed(first, last) }
      : undefined;
    const { nodes, x, map } = pair ?? { nodes: [root], x: last.x, map: last };
    const channels = x.shape?.[1];
    if (
      !map || x.shape?.length !== 4 || typeof channels !== "number" || channels > MOST_CHANNELS || x.type !== "float32"
    ) return undefined;
    if (!isTakenInBlocks(root.output) || !isMadeInBlocks(x)) return undefined;
    const parameters = fitted(map, { axis: 1, channels });
    if (parameters instanceof Skip) return undefined;
    const now = emitOnBlocks(
      x,
      parameters,
      { name: root.name, output: root.output.name, constants: root.output.name },
      build,
    );
    return new Replacement(nodes, [[root.output, now]]);
  },
};
