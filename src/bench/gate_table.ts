/**
 * The gate over several pairs of models: one table, one outcome.
 *
 * @module
 */
import { escapeMarkdown } from "./export.ts";
import { gate, type GateLimits, type GateResult } from "./gate.ts";
import { severity } from "./error_summary.ts";
import type { Comparison } from "./types.ts";

/** A pair of models as it was judged. */
export interface GatedPair {
  /** What to call it. */
  name: string;
  /** What was measured; absent where the pair could not be run. */
  comparison?: Comparison;
  /** Why the pair could not be run. */
  error?: string;
  /** What it was judged by. */
  limits: GateLimits;
  /** The judgement; absent where the pair could not be run, or there is no limit. */
  result?: GateResult;
}

/** Judges one pair. A pair without a comparison is given with its `error`. */
export function judgePair(pair: Omit<GatedPair, "result">): GatedPair {
  const { comparison, limits } = pair;
  const isLimited = limits.failIfSlower !== undefined || limits.maxError !== undefined;
  return comparison && isLimited ? { ...pair, result: gate(comparison, limits) } : pair;
}

/** What one pair came to, in a word. */
export function outcomeOf({ error, result }: GatedPair): "passed" | "failed" | "undecided" | "error" | "measured" {
  return error !== undefined ? "error" : result?.outcome ?? "measured";
}

/**
 * The exit code for all pairs: 2 where one could not be run, else 1 where one failed or could not be decided, else 0.
 */
export function gateExitCode(pairs: readonly GatedPair[]): 0 | 1 | 2 {
  const outcomes = pairs.map(outcomeOf);
  if (outcomes.includes("error")) return 2;
  return outcomes.some((outcome) => outcome === "failed" || outcome === "undecided") ? 1 : 0;
}

/** All pairs in one sentence: `Failed: 1 of 3 pairs failed, 1 could not be run.` */
export function gateSentence(pairs: readonly GatedPair[]): string {
  const count = (outcome: ReturnType<typeof outcomeOf>) => pairs.filter((pair) => outcomeOf(pair) === outcome).length;
  const ofPairs = `${pairs.length} pair${pairs.length === 1 ? "" : "s"}`;
  const parts = [
    [count("failed"), "failed"],
    [count("undecided"), "could not be decided"],
    [count("error"), "could not be run"],
  ].filter(([number]) => number !== 0).map(([number, what]) => `${number} ${what}`);
  if (parts.length > 0) {
    return `Not passed: of ${ofPairs} ${parts.join(", ")}.`;
  }
  const passed = count("passed");
  return passed === 0 ? `${ofPairs} measured, without limits.` : `Passed: ${passed} of ${ofPairs}.`;
}

/** Columns of {@linkcode gateRows}. */
export const GATE_COLUMNS: readonly string[] = ["pair", "speed-up (95% CI)", "largest error", "outcome"];

/** One row a pair: name, speed-up at every level, the worst output's relative L2 error, what it came to. */
export function gateRows(pairs: readonly GatedPair[]): string[][] {
  return pairs.map((pair) => {
    const levels = pair.comparison?.levels ?? [];
    const speed = levels.map(({ level, speedup: { estimate, low, high } }) =>
      `${level} ${estimate.toFixed(3)}× (${low.toFixed(3)}–${high.toFixed(3)})`
    );
    const error = pair.comparison?.error;
    const worst = error && [error, ...error.worst ?? []].reduce((a, b) => severity(b) > severity(a) ? b : a);
    const far = worst && (worst.unequal?.count ? "unequal" : worst.relativeL2.toExponential(2));
    return [pair.name, speed.join(", ") || "–", far ?? "–", outcomeOf(pair)];
  });
}

/**
 * The table as Markdown, and below it why each pair did not pass, and what could not be told.
 *
 * @example
 * ```ts
 * import { gateMarkdown, judgePair } from "@layerfuse/layerfuse/bench";
 *
 * const pairs = [judgePair({ name: "detector", error: "detector.onnx: no such file", limits: { maxError: 1e-4 } })];
 * if (!gateMarkdown(pairs).includes("| detector | – | – | error |")) throw new Error("no row of the pair");
 * ```
 */
export function gateMarkdown(pairs: readonly GatedPair[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [
    line(GATE_COLUMNS),
    "|---|---|---:|---|",
    ...gateRows(pairs).map((row) => line(row.map(escapeMarkdown))),
    "",
    `**${gateSentence(pairs)}**`,
    ...pairs.flatMap((pair) =>
      remarksOf(pair).flatMap((remark) => ["", `> ${escapeMarkdown(`${pair.name}: ${remark}`)}`])
    ),
    "",
  ].join("\n");
}

/** What there is to say of a pair: why it could not be run or did not pass, and warnings. */
export function remarksOf({ error, result }: GatedPair): string[] {
  return [
    ...(error !== undefined ? [error] : []),
    ...(result && !result.passed ? [result.sentence] : []),
    ...result?.warnings ?? [],
  ];
}
