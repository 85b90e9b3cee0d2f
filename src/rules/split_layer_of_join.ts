import type { Node, Value } from "../graph/graph.ts";
import { nodesOnlyFor } from "../ops/computed_sizes.ts";
import { elementCount } from "../ops/dims.ts";
import { ratioAt } from "../ops/known_at.ts";
import { splitLayer } from "../ops/linear/joined_input.ts";
import { LinearMap } from "../ops/linear/linear_map.ts";
import type { PositionMap } from "../ops/position_map.ts";
import { Skip } from "../ops/skip.ts";
import { layerOf, operatorsWith, viewsOf } from "../ops/views.ts";
import { Replacement, type Rule } from "../rewrite/rule.ts";
import { arePhasesWorth } from "./split_layer_into_phases.ts";

/** Multiply-accumulates saved for each element of the result from which the addition is worth it; by phases more. */
const LEAST_SAVED = 24, LEAST_BY_PHASES = 400;
/** Elements of the result from which the arithmetic is more than the calls of operators. */
const LEAST_ELEMENTS = 1024;

/**
 * W·[up(a); b] + c = up(Wₐ·a) + W_b·b + c: a 1×1 convolution of maps that were enlarged and one that was not, as every neck of a
 * detector and many a segmentation head has it, multiplies the enlarged ones where they are small. Whether interpolation weights sum
 * to 1 or not, they are the same for all channels. Where cells are repeated, a k×k convolution is phases of the small map, as in the
 * decoder of a U-Net.
 */
export const splitLayerOfJoin: Rule = {
  name: "split-layer-of-join",
  summary: "Concat of enlarged maps and others → Conv: its parts for the small maps, and a sum",
  phase: "decompose",
  roots: operatorsWith("linear"),
  rewrite(root, build, { isGated }) {
    const join = root.inputs[0]?.producer, parts = join && viewsOf(join).joined?.(join, 1);
    if (!join || !parts) return undefined;
    const layer = layerOf(root);
    if (!layer || layer instanceof Skip || layer.input.axis !== 1) return undefined;
    const split = splitLayer(layer, parts);
    const small = enlargedAmong(parts).flatMap((enlarged) => {
      const { at, positions } = enlarged;
      const part = split?.small(at, positions, positions.ratio ?? ratioAt(positions.x, parts[at]));
      return part ? [{ ...enlarged, part }] : [];
    });
    if (!split || small.length === 0) return undefined;
    const isSmall = isGated && layer.isPointwise &&
      (elementCount(root.output.shape?.slice(1)) ?? Infinity) < LEAST_ELEMENTS;
    const worth = isSmall ? [] : small.filter(({ part: { saved }, positions }) =>
      !isGated ||
      (layer.isPointwise ? saved >= LEAST_SAVED : saved >= LEAST_BY_PHASES && arePhasesWorth(saved, positions))
    );
    if (worth.length === 0) {
      const [{ at }] = small;
      return new Skip(
        "not-cheaper",
        isSmall
          ? `the result of ${root.label} is so small that its arithmetic is no work`
          : `${root.label} takes too few channels of the enlarged '${parts[at].name}' to be split`,
      );
    }
    if (worth.length === parts.length) {
      worth.splice(worth.indexOf(worth.reduce((a, b) => b.part.saved < a.part.saved ? b : a)), 1);
    }
    const others = [...join.output.users.keys()].filter((user) => user !== root);
    const areAlike = others.length === 0 || layer.isPointwise && others.every(isPointwise);
    if (join.output.isOutput || !areAlike) return undefined; // else the large map is needed anyway
    const now = split.emit(new Map(worth.map(({ at, part }) => [at, part])), build);
    if (now instanceof Skip) return now;
    const gone = others.length > 0 ? [root] : [...worth.map(({ node }) => node), join, root];
    for (const { positions: { sizes, x } } of others.length > 0 ? [] : worth) {
      if (sizes) gone.push(...nodesOnlyFor(sizes.value, x, gone));
    }
    return new Replacement(gone, [[root.output, now]]);
  },
};

/** A part that is made larger for a join alone: its place, and by what. */
interface Enlarged {
  readonly at: number;
  readonly node: Node;
  readonly positions: PositionMap;
}

function enlargedAmong(parts: readonly Value[]): Enlarged[] {
  const found: Enlarged[] = [];
  for (const [at, part] of parts.entries()) {
    const { producer } = part, positions = producer && viewsOf(producer).positions?.(producer);
    if (!producer || !positions || positions instanceof Skip || !positions.enlarges) continue;
    if (positions.axes.includes(1)) continue;
    if (part.users.size === 1 && !part.isOutput) found.push({ at, node: producer, positions });
  }
  return found;
}

/** Whether a node is a layer of the same kind, which is split in its turn. */
function isPointwise(node: Node): boolean {
  const layer = layerOf(node);
  return layer instanceof LinearMap && layer.isPointwise;
}
