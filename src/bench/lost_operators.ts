/**
 * Operators that ONNX Runtime fused in one model and no longer can in another.
 *
 * @module
 */

import type { LostOperators } from "./types.ts";

/** Fused operators outside the domains of the runtime, by name: those that ONNX has itself, and the runtime's own. */
const FUSED: ReadonlySet<string> = new Set([
  "Gelu",
  "HardSwish",
  "LayerNormalization",
  "SimplifiedLayerNormalization",
  "RMSNormalization",
  "SkipLayerNormalization",
  "SkipSimplifiedLayerNormalization",
  "Attention",
  "FusedConv",
  "FusedGemm",
  "FusedMatMul",
]);

/** Runtime operators that are the price of a layout and nothing gained. */
const COSTS: ReadonlySet<string> = new Set(["NCHWc ReorderInput", "NCHWc ReorderOutput"]);

/**
 * Operators that do all that another does, and more; or as much in the same time (ONNX's own Gelu beside the runtime's); or the
 * plain one, where a scale or bias is no longer there to be done with it (were it done apart, a Mul, Div or Add would be left
 * over).
 */
const RICHER: Readonly<Record<string, readonly string[]>> = {
  Gelu: ["BiasGelu", "FastGelu"],
  BiasGelu: ["FastGelu", "Gelu"],
  FastGelu: ["Gelu"],
  FusedMatMul: ["MatMul"],
  LayerNormalization: ["SkipLayerNormalization", "EmbedLayerNormalization"],
  SimplifiedLayerNormalization: ["RMSNormalization", "SkipSimplifiedLayerNormalization"],
  RMSNormalization: ["SimplifiedLayerNormalization", "SkipSimplifiedLayerNormalization"],
  FusedConv: ["NCHWc Conv"],
};

/** Operators that are left over only where one was not recognised. */
const PARTS: Readonly<Record<string, readonly string[]>> = {
  Gelu: ["Erf", "Tanh"],
  BiasGelu: ["Erf", "Tanh", "Add"],
  FastGelu: ["Erf", "Tanh"],
  QuickGelu: ["Sigmoid"],
  FusedMatMul: ["Mul", "Div"],
  LayerNormalization: ["ReduceMean"],
  SkipLayerNormalization: ["ReduceMean"],
  SimplifiedLayerNormalization: ["ReduceMean"],
  SkipSimplifiedLayerNormalization: ["ReduceMean"],
};

/**
 * Compares what ONNX Runtime runs of two models ({@linkcode asRunOperators}): which operators it fused in the first became fewer
 * in the second, without that being a gain.
 *
 * A fused operator that became fewer, and not for a richer one (BiasGelu for Gelu), is lost where the number of nodes did not fall
 * with it, or where parts of it now stand by themselves (Erf where a Gelu was). A model that runs more nodes than before is
 * reported as well, with whatever fused operators are fewer.
 *
 * @param before Counts by operator, of the first model, named as {@linkcode asRunOperators} does or without domains.
 * @param after The same of the second model.
 * @returns Undefined where nothing was lost.
 *
 * @example
 * ```ts
 * import { lostOperators } from "@layerfuse/layerfuse/bench";
 *
 * const found = lostOperators({ "com.microsoft.Gelu": 12, MatMul: 24 }, { Div: 12, Erf: 12, Add: 12, Mul: 12, MatMul: 24 });
 * if (found?.lost.Gelu.after !== 0) throw new Error("the Gelus are gone");
 * ```
 */
export function lostOperators(
  before: Readonly<Record<string, number>>,
  after: Readonly<Record<string, number>>,
): LostOperators | undefined {
  const [old, now] = [byName(before), byName(after)];
  const nodes = { before: total(before), after: total(after) };
  const grown = (name: string) => Math.max(0, (now.get(name) ?? 0) - (old.get(name) ?? 0));
  const lost: LostOperators["lost"] = {};
  for (const [name, count] of old) {
    if (!isFused(name, before, after)) continue;
    const richer = (RICHER[name] ?? []).reduce((sum, other) => sum + grown(other), 0);
    const hasParts = (PARTS[name] ?? []).some((part) => grown(part) > 0);
    const fewer = count - (now.get(name) ?? 0) - (hasParts ? 0 : richer);
    if (fewer > 0 && (nodes.after >= nodes.before || hasParts)) {
      lost[name] = { before: count, after: now.get(name) ?? 0 };
    }
  }
  return Object.keys(lost).length > 0 || nodes.after > nodes.before ? { lost, nodes } : undefined;
}

/**
 * The finding in one sentence: `the runtime lost 12 Gelu (12 → 0): it runs 348 nodes, before 300`.
 */
export function lostSentence({ lost, nodes }: LostOperators): string {
  const list = Object.entries(lost)
    .map(([name, { before, after }]) => `${before - after} ${name} (${before} → ${after})`);
  const what = list.length > 0 ? `the runtime lost ${list.join(", ")}: it runs` : "the runtime runs";
  const more = nodes.after - nodes.before;
  return `${what} ${nodes.after} nodes, ${more === 0 ? "as many as before" : `before ${nodes.before}`}`;
}

/** Counts without domains; those of the blocked layout's domain keep it, since the plain operator has the same name. */
function byName(counts: Readonly<Record<string, number>>): Map<string, number> {
  const named = new Map<string, number>();
  for (const [operator, count] of Object.entries(counts)) {
    const name = nameOf(operator);
    named.set(name, (named.get(name) ?? 0) + count);
  }
  return named;
}

function nameOf(operator: string): string {
  const name = operator.slice(operator.lastIndexOf(".") + 1);
  return operator.startsWith("com.microsoft.nchwc.") ? `NCHWc ${name}` : name;
}

/** Whether an operator is one of the runtime's: by its name, or by its domain in either model. */
function isFused(name: string, ...models: Readonly<Record<string, number>>[]): boolean {
  if (COSTS.has(name)) return false;
  return FUSED.has(name) ||
    models.some((counts) =>
      Object.keys(counts).some((operator) => operator.startsWith("com.microsoft.") && nameOf(operator) === name)
    );
}

function total(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}
