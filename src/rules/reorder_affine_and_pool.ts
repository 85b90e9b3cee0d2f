import { Skip } from "../ops/skip.ts";
import { affineMapOf, carryOf, operatorsWith } from "../ops/views.ts";
import { Replacement, type Rule } from "../rewrite/rule.ts";

/**
 * max(s·x + t) = s·max(x) + t where s ≥ 0, and an average alike, whatever the sign: an affine map that no layer takes goes
 * behind the pool it precedes, where there are fewer elements.
 */
export const reorderAffineAndPool: Rule = {
  name: "reorder-affine-and-pool",
  summary: "An affine map (BatchNormalization, Mul, Add, …) → MaxPool or an average: the pool first",
  phase: "reorder",
  roots: operatorsWith("affine"),
  rewrite(root, build) {
    const affine = affineMapOf(root), pool = root.output.soleUser, carry = pool && carryOf(pool);
    if (!affine || !pool || carry?.kind !== "pooling") return undefined;
    const commuted = carry.down(pool, root.output, affine);
    if (commuted instanceof Skip) return commuted;
    const [[after]] = commuted.alternatives, length = (shape: typeof affine.x.shape) => shape?.length;
    if (commuted.rebuild || after.affine.axis !== affine.axis) return undefined;
    if (length(affine.x.shape) !== length(pool.output.shape)) return undefined;
    const isLarger = ({ shape: before }: typeof affine.x) =>
      pool.output.shape?.some((dim, axis) => typeof dim === "number" && !(dim <= Number(before?.[axis])));
    if (isLarger(root.output)) return undefined;
    const pooled = build.like(pool, pool.inputs.map((value) => value === root.output ? affine.x : value));
    const result = build.like(root, root.inputs.map((value) => value === affine.x ? pooled : value));
    return new Replacement([pool, root], [[pool.output, result]]);
  },
};
