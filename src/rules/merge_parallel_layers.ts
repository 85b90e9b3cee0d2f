import type { Node, Value } from "../graph/graph.ts";
import { LinearMap } from "../ops/linear/linear_map.ts";
import { Skip } from "../ops/skip.ts";
import { emitSum, type Term } from "../ops/sum.ts";
import { operatorsWith } from "../ops/views.ts";
import { Replacement, type Rule } from "../rewrite/rule.ts";
import { type Branch, branchesTo, isDiagonal, negated, type Refusals } from "./branches.ts";
import { whyMoreWork } from "./more_work.ts";
import { isInnerSum, type Sum, sumAt, termsOf } from "./sum_terms.ts";

/**
 * W₁·x + W₂·x = (W₁ + W₂)·x for convolutions of the same stride, matrix products, average pools with one divisor, chains of
 * these, and x itself or a BatchNormalization of it: RepVGG's, ACNet's, MobileOne's and DBB's blocks in training form, LoRA
 * adapters that were not merged. Smaller kernels are put in zeros where their taps meet the same cells.
 */
export const mergeParallelLayers: Rule = {
  name: "merge-parallel-layers",
  summary:
    "Convs, or matrix products, of one value that are added or subtracted: one layer with the sum of their weights",
  phase: "merge",
  roots: operatorsWith("terms"),
  rewrite(root, build) {
    if (!termsOf(root) || isInnerSum(root)) return undefined;
    const sum = sumAt(root), refused: Skip[] = [];
    const terms: (Term | LinearMap)[] = [...sum.terms];
    const isMerged = sum.terms.length > 1 && merge(sum, terms, refused);
    if (!isMerged) return refused[0];
    const removed = new Set<Node>(sum.nodes), parts: Term[] = [];
    for (const term of terms) {
      if (!term) continue;
      if (!(term instanceof LinearMap)) {
        parts.push(term);
        continue;
      }
      for (const node of term.nodes) removed.add(node);
      const value = term.emit(build);
      if (value instanceof Skip) return value;
      parts.push({ value, sign: 1 });
    }
    const nodes = [root, ...[...removed].filter((node) => node !== root)];
    return new Replacement(nodes, [[root.output, emitSum(root, parts, build)]]);
  },
};

/** Puts merged maps in place of the first of their terms and takes out the others. Returns whether there were any. */
function merge(sum: Sum, terms: (Term | LinearMap)[], refused: Skip[]): boolean {
  const bySource = new Map<Value, Map<number, Branch>>();
  const closed = new Map<Value, Skip[]>();
  sum.terms.forEach(({ value, sign }, index) => {
    const refusals: Refusals = new Map();
    const branches = branchesTo(value, refusals);
    for (const [x, why] of refusals) {
      const reasons = closed.get(x);
      if (branches.has(x)) continue;
      if (reasons) reasons.push(why);
      else closed.set(x, [why]);
    }
    for (const [x, branch] of branches) {
      const signed = sign > 0 ? branch : negated(branch);
      if (signed instanceof Skip) continue;
      const own = bySource.get(x) ?? new Map<number, Branch>();
      bySource.set(x, own.set(index, signed));
    }
  });
  const groups = [...bySource.values()].filter((group) =>
    group.size > 1 && [...group.values()].some((branch) => !isDiagonal(branch))
  ).sort((a, b) => b.size - a.size);
  const taken = new Set<number>();
  for (const group of groups) {
    const open = [...group].filter(([index]) => !taken.has(index));
    const merged = mergeGroup(open, refused);
    if (!merged) continue;
    const [first] = merged.indices;
    for (const index of merged.indices) {
      taken.add(index);
      delete terms[index];
    }
    terms[first] = merged.map;
  }
  // a branch that ends before a value which another branch starts from is a near miss
  for (const [x, reasons] of closed) {
    if (reasons.length + (bySource.get(x)?.size ?? 0) > 1) { for (const reason of reasons) refused.push(reason); }
  }
  return taken.size > 0;
}

/** Merges as many branches of one value as fit together at no more work than they are apart, the largest first. */
function mergeGroup(
  group: readonly (readonly [number, Branch])[],
  refused: Skip[],
): { map: LinearMap; indices: number[] } | undefined {
  const layers = group.flatMap(([index, branch]) => isDiagonal(branch) ? [] : [[index, branch] as const])
    .sort(([, a], [, b]) => b.cost.macs - a.cost.macs);
  if (layers.length === 0) return undefined;
  const [[first, base]] = layers;
  const indices = [first];
  let map = base;
  for (const [index, branch] of [...layers.slice(1), ...group.filter(([, branch]) => isDiagonal(branch))]) {
    const other = isDiagonal(branch) ? map.diagonal(branch) : branch;
    const both = other instanceof Skip ? other : map.plus(other);
    const against = both instanceof Skip ? both : whyMoreWork(both);
    if (against || both instanceof Skip) {
      refused.push(against ?? both as Skip);
      continue;
    }
    map = both;
    indices.push(index);
  }
  return indices.length > 1 ? { map, indices: indices.sort((a, b) => a - b) } : undefined;
}
