import type { Value } from "../graph/graph.ts";
import { type AffineMap, summed } from "../ops/affine_map.ts";
import { emitAffine } from "../ops/affine/emit_affine.ts";
import type { Diagonal } from "../ops/linear/linear_parts.ts";
import { Skip } from "../ops/skip.ts";
import { emitSum, type Term } from "../ops/sum.ts";
import { operatorsWith } from "../ops/views.ts";
import { Replacement, type Rule } from "../rewrite/rule.ts";
import { branchesTo, isDiagonal, negated } from "./branches.ts";
import { isInnerSum, sumAt, termsOf } from "./sum_terms.ts";

/** (s₁·x + t₁) + (s₂·x + t₂) = (s₁ + s₂)·x + (t₁ + t₂): a value that is added to a scaled copy of itself, say. */
export const mergeParallelAffines: Rule = {
  name: "merge-parallel-affines",
  summary: "Affine maps of one value, or the value itself, that are added or subtracted: one affine map",
  phase: "merge",
  roots: operatorsWith("terms"),
  rewrite(root, build) {
    if (!termsOf(root) || isInnerSum(root)) return undefined;
    const sum = sumAt(root), group = largestGroup(sum.terms);
    if (!group) return undefined;
    const { x, map, parts } = group, nodes = [...sum.nodes, ...parts.flatMap(({ branch }) => branch.nodes)];
    const value = emitAffine(map, x, nodes, build);
    if (!value) return undefined;
    const first = parts[0].index, taken = new Set(parts.map(({ index }) => index));
    const terms = sum.terms.flatMap((term, index): Term[] =>
      index === first ? [{ value, sign: 1 }] : taken.has(index) ? [] : [term]
    );
    return new Replacement(nodes, [[root.output, emitSum(root, terms, build)]]);
  },
};

/** Terms of a sum that are affine maps of one value. */
interface Group {
  readonly x: Value;
  /** Their sum. */
  readonly map: AffineMap;
  readonly parts: readonly { readonly index: number; readonly branch: Diagonal }[];
}

function largestGroup(terms: readonly Term[]): Group | undefined {
  const bySource = new Map<Value, { index: number; branch: Diagonal }[]>();
  terms.forEach(({ value, sign }, index) => {
    for (const [x, branch] of branchesTo(value)) {
      const signed = sign > 0 ? branch : negated(branch);
      if (signed instanceof Skip || !isDiagonal(signed)) continue;
      const parts = bySource.get(x) ?? [];
      parts.push({ index, branch: signed });
      bySource.set(x, parts);
    }
  });
  const groups = [...bySource].flatMap(([x, parts]): Group[] => {
    if (parts.length < 2 || parts.every(({ branch }) => branch.nodes.length === 0)) return [];
    const map = parts.map(({ branch }) => branch.affine as AffineMap | undefined).reduce((a, b) =>
      a && b && summed(a, b)
    );
    return map ? [{ x, map, parts }] : [];
  });
  return groups.sort((a, b) => b.parts.length - a.parts.length)[0];
}
