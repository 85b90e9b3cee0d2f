import type { Node, Value } from "../graph/graph.ts";
import { composed, scaleOf } from "../ops/affine_map.ts";
import { emitAffine } from "../ops/affine/emit_affine.ts";
import type { PositionMap } from "../ops/position_map.ts";
import { Skip } from "../ops/skip.ts";
import { emitSum, type Term } from "../ops/sum.ts";
import { affineMapOf, operatorsWith, viewsOf } from "../ops/views.ts";
import { Replacement, type Rule } from "../rewrite/rule.ts";
import { affineChainTo } from "./affine_chain.ts";

/**
 * avg(s·x + t) − (s·x + t) = s·(avg(x) − x), of an average whose windows hold no padded cells or do not count them: the shift is in
 * both, the scale goes behind, where another one may be. PoolFormer mixes tokens so, with a norm in front and a LayerScale behind.
 */
export const cancelShift: Rule = {
  name: "cancel-shift",
  summary:
    "An affine map (BatchNormalization, Mul, Add, …) of x in avg(x) − x: its scale behind the difference, no shift",
  phase: "absorb",
  roots: operatorsWith("terms"),
  rewrite(root, build) {
    const found = differenceAt(root), before = found && affineChainTo(found.value);
    if (!found || !before) return undefined;
    const { positions, pool, terms } = found, { map, x, nodes } = before;
    if (map.axis !== null && positions.axes.includes(map.axis)) {
      return new Skip("other-axis", `${nodes[0].label} goes along an axis over which ${pool.label} averages`);
    }
    if (positions.whyNotAverage) return positions.whyNotAverage;
    const next = root.output.soleUser, behind = next && affineMapOf(next), scale = scaleOf(map);
    const both = behind?.x === root.output ? composed(scale, behind) : undefined;
    const pooled = positions.emit(x, Number(x.shape?.[1]), build), [last] = both && next ? [next] : [root];
    const difference = emitSum(
      root,
      terms.map(({ value, sign }) => ({ value: value === found.value ? x : pooled, sign })),
      build,
    );
    const result = emitAffine(both ?? scale, difference, [last, ...nodes], build);
    return result && new Replacement([root, pool, ...nodes, ...last === root ? [] : [last]], [[last.output, result]]);
  },
};

/** The difference of a value and its average, in either order, both of one rank. */
interface Difference {
  readonly value: Value;
  readonly pool: Node;
  readonly positions: PositionMap;
  readonly terms: readonly Term[];
}

function differenceAt(root: Node): Difference | undefined {
  const terms = viewsOf(root).terms?.(root);
  if (terms?.length !== 2 || terms[0].sign === terms[1].sign) return undefined;
  for (const [average, { value }] of [[terms[0], terms[1]], [terms[1], terms[0]]]) {
    const pool = average.value.producer, positions = pool && viewsOf(pool).positions?.(pool);
    if (!positions || positions instanceof Skip || positions.x !== value) continue;
    if (positions.dropsAxes || positions.enlarges) continue;
    return { value, pool, positions, terms };
  }
  return undefined;
}
