import type { Node, Value } from "../graph/graph.ts";
import { elementCount } from "../ops/dims.ts";
import { splitLayer } from "../ops/linear/joined_input.ts";
import { LinearMap } from "../ops/linear/linear_map.ts";
import type { PositionMap } from "../ops/position_map.ts";
import { Skip } from "../ops/skip.ts";
import { layerOf, operatorsWith, viewsOf } from "../ops/views.ts";
import { Replacement, type Rule } from "../rewrite/rule.ts";

/** Multiply-accumulates saved for each element of the result from which the addition is worth it. */
const LEAST_SAVED = 24;
/** Elements of the result from which the arithmetic is more than the calls of operators. */
const LEAST_ELEMENTS = 1024;

/**
 * W·[up(a); b] + c = up(Wₐ·a) + W_b·b + c: a 1×1 convolution of maps that were enlarged and one that was not, as every neck of a
 * detector and many a segmentation head has it, multiplies the enlarged ones where they are small. Whether interpolation weights sum
 * to 1 or not, they are the same for all channels.
 */
export const splitLayerOfJoin: Rule = splitFrom(LEAST_SAVED);

/** {@linkcode splitLayerOfJoin} however little it saves: what the gate is calibrated with. */
export const splitAnyLayerOfJoin: Rule = splitFrom(0);

function splitFrom(least: number): Rule {
  return {
    name: "split-layer-of-join",
    summary:
      "Concat of enlarged maps and others → 1×1 Conv: its parts for the small maps before the Resizes, and a sum",
    phase: "decompose",
    roots: operatorsWith("linear"),
    rewrite(root, build) {
      const join = root.inputs[0]?.producer, parts = join && viewsOf(join).joined?.(join, 1);
      if (!join || !parts || root.hasReferences || join.hasReferences) return undefined;
      const layer = layerOf(root);
      if (!layer || layer instanceof Skip || layer.input.axis !== 1) return undefined;
      const split = splitLayer(layer, parts), enlarged = enlargedAmong(parts);
      if (!split || enlarged.size === 0) return undefined;
      const saved = (at: number) => split.saved(at, enlarged.get(at)!.ratio!);
      const isSmall = least > 0 && (elementCount(root.output.shape?.slice(1)) ?? Infinity) < LEAST_ELEMENTS;
      const worth = [...enlarged.keys()].filter((at) => !isSmall && saved(at) >= least * layer.output.channels);
      if (worth.length === 0) {
        const [at] = enlarged.keys();
        return new Skip(
          "not-cheaper",
          isSmall
            ? `the result of ${root.label} is so small that its arithmetic is no work`
            : `${root.label} takes too few channels of the enlarged '${parts[at].name}' to be split`,
        );
      }
      if (worth.length === parts.length) worth.splice(worth.indexOf(leastBy(worth, saved)), 1);
      const others = [...join.output.users.keys()].filter((user) => user !== root);
      if (join.output.isOutput || !others.every(isPointwise)) return undefined; // else the large map is needed anyway
      const chosen = new Map(worth.map((at) => [at, enlarged.get(at)!]));
      const gone = others.length > 0 ? [root] : [...worth.map((at) => parts[at].producer!), join, root];
      return new Replacement(gone, [[root.output, split.emit(chosen, build)]]);
    },
  };
}

/** The parts that are made larger for this join alone, by their place, with how. */
function enlargedAmong(parts: readonly Value[]): Map<number, PositionMap> {
  const found = new Map<number, PositionMap>();
  for (const [at, part] of parts.entries()) {
    const { producer } = part, positions = producer && viewsOf(producer).positions?.(producer);
    if (!producer || !positions || positions instanceof Skip || !positions.enlarges) continue;
    if (positions.sizes || positions.axes.includes(1) || positions.ratio === undefined) continue;
    if (part.users.size === 1 && !part.isOutput && !producer.hasReferences) found.set(at, positions);
  }
  return found;
}

/** The entry with the least value. */
function leastBy(entries: readonly number[], value: (entry: number) => number): number {
  return entries.reduce((a, b) => value(b) < value(a) ? b : a);
}

/** Whether a node is a layer of the same kind, which is split in its turn. */
function isPointwise(node: Node): boolean {
  const layer = layerOf(node);
  return layer instanceof LinearMap && layer.isPointwise;
}
