import type { Node } from "../graph/graph.ts";
import { hasScale } from "../ops/affine_map.ts";
import type { Builder } from "../ops/builder.ts";
import { INPUT_SIZES } from "../ops/known_at.ts";
import { Skip } from "../ops/skip.ts";
import { affineMapOf } from "../ops/views.ts";
import { costAt, costOf } from "./cost.ts";
import { type OperatorCount, partOfIdiom } from "./operators.ts";
import type { Cost } from "./report.ts";
import type { Phase, Replacement } from "./rule.ts";

/** Lengths that open dimensions are tried at: what is less work only for some inputs is left alone. */
const SIZES: readonly number[] = [12, 56, 224];

/** Phases whose rules trade one amount of arithmetic for another: they may not take more of it for fewer operators. */
const TRADES: readonly Phase[] = ["merge", "compose", "reorder", "decompose"];

/** What decides whether a replacement is cheaper, beside what it is. */
export interface CheaperOptions {
  /** What both sides cost as they are. */
  readonly costs: Costs;
  /** When the rule is tried. */
  readonly phase: Phase;
  /** How many operators a runtime runs without it and with it. */
  readonly operators: OperatorCount;
  /** Whether to do what may be more work, where shapes that would tell are not known. */
  readonly aggressive?: boolean;
}

/**
 * Why a replacement is not cheaper than what it replaces. Compared in this order: operators that the runtime runs, nodes,
 * multiply-accumulates, bytes moved, nodes that scale (an addition alone is a bias); the first that differs decides, and one
 * must, so that rewriting ends. In the phase `decompose` a good part less arithmetic is worth more operators, in `reorder` it is
 * worth parting what the runtime runs as one, and in `lower` the rules' own measured conditions decide. Where shapes are open the
 * arithmetic is worked out at several sizes, which must agree.
 */
export function whyNotCheaper(
  { removed, outputs }: Replacement,
  { nodes }: Pick<Builder, "nodes">,
  { costs, phase, operators, aggressive = false }: CheaperOptions,
): Skip | undefined {
  if (phase === "lower") return undefined;
  const mayPart = phase === "decompose" || phase === "reorder" && nodes.length <= removed.length;
  if (mayPart && savesArithmetic({ removed, outputs }, { nodes }, costs)) return undefined;
  const isTrade = TRADES.includes(phase), isFewer = operators.after < operators.before;
  const isLess = isFewer || operators.after === operators.before && nodes.length < removed.length;
  if (operators.after > operators.before) return moreOperators(operators, removed.length, nodes.length);
  if (!isLess && nodes.length > removed.length) return moreNodes(removed.length, nodes.length);
  if (isLess && !isTrade) return undefined;
  const ways = pairsOf(removed, nodes, costs), here = ways.next().value;
  const saysNothing = here?.every(([before, after]) => before.macs === after.macs) ?? true;
  const pairs = (saysNothing ? ways.next().value : undefined) ?? here;
  if (!pairs) return isLess || aggressive ? undefined : unknown(); // without ranks: rules compare per position
  const [first, ...rest] = pairs.map(([before, after]) => differenceOf(before, after, isLess));
  const isAgreed = rest.every((next) => Math.sign(next) === Math.sign(first));
  if (!isAgreed) return aggressive ? undefined : unknown();
  const [[before, after]] = pairs;
  if (first < 0 || isLess && first === 0) return undefined;
  if (first === 0 && scalingNodes(nodes) < scalingNodes(removed)) return undefined;
  return new Skip(
    "not-cheaper",
    `it would save nothing: ${before.macs} multiply-accumulates before, ${after.macs} after`,
  );
}

/** Share of the multiply-accumulates that a larger weight must save. */
const SAVED = 0.25;

/** Whether a replacement takes a good part less arithmetic than what it replaces, whatever open dimensions are. */
export function savesArithmetic(
  { removed, outputs }: Replacement,
  { nodes }: Pick<Builder, "nodes">,
  costs: Costs = costsOf({ removed, outputs }, { nodes }),
): boolean {
  const isSaved = ([before, after]: Costs) => before.macs! > 0 && after.macs! <= (1 - SAVED) * before.macs!;
  const ways = pairsOf(removed, nodes, costs);
  return ways.next().value?.every(isSaved) || ways.next().value?.every(isSaved) || false;
}

/** What both sides of a replacement cost. */
export type Costs = readonly [before: Cost, after: Cost];

/** What both sides of a replacement cost, as far as shapes tell. */
export function costsOf({ removed }: Replacement, { nodes }: Pick<Builder, "nodes">): Costs {
  return [costOf(removed), costOf(nodes)];
}

/**
 * What both sides cost: as they are; where that is open, at several sizes of what flows into them, and then of the model's inputs,
 * which says more where one map is enlarged to the size of another. Undefined where that does not tell.
 */
function* pairsOf(
  removed: Replacement["removed"],
  nodes: Builder["nodes"],
  exact: Costs,
): Generator<Costs[] | undefined, undefined> {
  if (exact.every(({ macs, bytes }) => macs !== null && bytes !== null)) yield [exact];
  else {
    const isKnown = ([before, after]: Costs) => before.macs !== null && after.macs !== null;
    for (const [from, sizes] of [["here", SIZES], ["inputs", INPUT_SIZES]] as const) {
      const pairs = sizes.map((size): Costs => [costAt(removed, size, from), costAt(nodes, size, from)]);
      yield pairs.every(isKnown) ? pairs : undefined;
      if (pairs.every(([before, after]) => before.macs === 0 && after.macs === 0)) return; // nor will it be any elsewhere
    }
  }
}

/** Below zero where the second is less: multiply-accumulates first, then, where nothing else is less, bytes moved. */
function differenceOf(before: Cost, after: Cost, isLess: boolean): number {
  return after.macs! - before.macs! || (isLess ? 0 : (after.bytes ?? 0) - (before.bytes ?? 0));
}

function scalingNodes(nodes: readonly Node[]): number {
  return nodes.filter((node) => {
    const affine = affineMapOf(node);
    return affine && hasScale(affine);
  }).length;
}

function moreOperators({ before, after, broken }: OperatorCount, removed: number, nodes: number): Skip {
  if (broken) return partOfIdiom(broken.idiom);
  if (nodes > removed) return moreNodes(removed, nodes);
  return new Skip("not-cheaper", `it would take ${after} operators instead of ${before}`);
}

function moreNodes(before: number, after: number): Skip {
  return new Skip("not-cheaper", `it would take ${after} nodes instead of ${before}`);
}

function unknown(): Skip {
  return new Skip(
    "cost-unknown",
    "whether it saves work depends on shapes that the model does not say (the option aggressive does it anyway)",
    { remedy: "pass --aggressive" },
  );
}
