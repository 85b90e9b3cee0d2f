import { phasesOf } from "../ops/linear/phases.ts";
import type { PositionMap } from "../ops/position_map.ts";
import { Skip } from "../ops/skip.ts";
import { layerOf, operatorsWith, viewsOf } from "../ops/views.ts";
import { Replacement, type Rule } from "../rewrite/rule.ts";

/** What must be saved to pay (`deno task bench:calibrate`). */
interface Worth {
  /** Multiply-accumulates per element of the result: 5 for each channel where 3×3 becomes 2×2. */
  readonly saved: number;
  /** Multiply-accumulates per element times the square root of the number of cells: on small maps more must be saved to be worth more operators. */
  readonly savedBySide: number;
}

/** 80 channels, or 60 on large maps. */
const WORTH: readonly Worth[] = [{ saved: 400, savedBySide: 5000 }, { saved: 300, savedBySide: 20_000 }];

/**
 * W·repeat(x) + b, cell s·i + p of it = Wₚ·x + b at cell i, where Wₚ has the taps of W that see the same cell of x added up: a 3×3
 * convolution of what was enlarged twice is four 2×2 convolutions of the small map, one for each place in a block, and 4
 * multiply-accumulates instead of 9. Exact at the borders, which are zeros for both.
 */
export const splitLayerIntoPhases: Rule = {
  name: "split-layer-into-phases",
  summary: "nearest Resize or Upsample → k×k Conv: smaller Convs of the small map, DepthToSpace",
  phase: "decompose",
  roots: operatorsWith("linear"),
  rewrite(root, build, { isGated }) {
    const [x] = root.inputs, resize = x?.producer, view = resize && viewsOf(resize).positions;
    if (!x || !resize || !view) return undefined;
    const layer = layerOf(root);
    if (!layer || layer instanceof Skip || layer.isPointwise) return undefined;
    const positions = view(resize);
    if (!positions || positions instanceof Skip || !positions.repeat) return undefined;
    const phases = phasesOf(layer, positions.repeat);
    if (!phases || phases instanceof Skip) return phases;
    if (phases.saved <= 0) return undefined;
    if (isGated && !arePhasesWorth(phases.saved, positions)) {
      return new Skip(
        "not-cheaper",
        WORTH.every(({ saved }) => phases.saved < saved)
          ? `${root.label} has too few channels to be worth several layers of the small map`
          : `${root.label} has too small a map to be worth several layers of it`,
      );
    }
    const isShared = x.isOutput || x.users.size > 1;
    return new Replacement(isShared ? [root] : [root, resize], [[root.output, phases.emit(positions.x, build)]]);
  },
};

/** Whether phases that save so many multiply-accumulates per element of the result are worth their operators. */
export function arePhasesWorth(saved: number, { x, axes }: PositionMap): boolean {
  const cells = axes.reduce((product, axis) => product * Number(x.shape?.[axis] ?? NaN), 1);
  return WORTH.some((least) => saved >= least.saved && !(saved * Math.sqrt(cells) < least.savedBySide));
}
