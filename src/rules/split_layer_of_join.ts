import type { Node } from "../graph/graph.ts";
import { splitAt } from "../ops/linear/joined_input.ts";
import { LinearMap } from "../ops/linear/linear_map.ts";
import { Skip } from "../ops/skip.ts";
import { layerOf, operatorsWith, viewsOf } from "../ops/views.ts";
import { Replacement, type Rule } from "../rewrite/rule.ts";

/** Multiply-accumulates saved for each element of the result from which the addition is worth it. */
const LEAST_SAVED = 24;

/**
 * W·[up(a); b] + c = up(Wₐ·a) + W_b·b + c: a 1×1 convolution of a map that was enlarged and one that was not, as every neck of a
 * detector has it, multiplies the enlarged one where it is small. Interpolation weights sum to 1 or not, they are the same for all
 * channels.
 */
export const splitLayerOfJoin: Rule = splitFrom(LEAST_SAVED);

/** The same however little it saves: what the gate is calibrated with. */
export const splitAnyLayerOfJoin: Rule = splitFrom(0);

function splitFrom(least: number): Rule {
  return {
    name: "split-layer-of-join",
    summary: "Concat of an enlarged map and others → 1×1 Conv: its part for the small map before the Resize, and a sum",
    phase: "decompose",
    roots: operatorsWith("linear"),
    rewrite(root, build) {
      const join = root.inputs[0]?.producer, parts = join && viewsOf(join).joined?.(join, 1);
      if (!join || !parts || root.hasReferences || join.hasReferences) return undefined;
      const layer = layerOf(root);
      if (!layer || layer instanceof Skip || layer.input.axis !== 1) return undefined;
      for (const [at, part] of parts.entries()) {
        const { producer } = part, positions = producer && viewsOf(producer).positions?.(producer);
        if (!producer || !positions || positions instanceof Skip || !positions.enlarges) continue;
        if (
          positions.sizes || positions.axes.includes(1) || part.users.size > 1 || part.isOutput ||
          producer.hasReferences
        ) continue;
        const split = splitAt(layer, parts, at), { ratio } = positions;
        if (!split || ratio === undefined) continue;
        if (split.saved(ratio) < least * layer.output.channels) {
          return new Skip(
            "not-cheaper",
            `${root.label} takes too few channels of the enlarged '${part.name}' to be split`,
          );
        }
        const others = [...join.output.users.keys()].filter((user) => user !== root);
        if (join.output.isOutput || !others.every(isPointwise)) return undefined; // else the large map is needed anyway
        const gone = others.length > 0 ? [root] : [producer, join, root];
        return new Replacement(gone, [[root.output, split.emit(positions, build)]]);
      }
      return undefined;
    },
  };
}

/** Whether a node is a layer of the same kind, which is split in its turn. */
function isPointwise(node: Node): boolean {
  const layer = layerOf(node);
  return layer instanceof LinearMap && layer.isPointwise;
}
