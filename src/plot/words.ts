/**
 * What a comparison says, in sentences. Terminal, Markdown and HTML all take them from here.
 *
 * @module
 */

import type { Comparison, LayerDifferences, LevelComparison } from "../bench/types.ts";
import { formatCount, formatDims, formatInterval, formatNumberOf, formatScientific } from "./format.ts";

/** The article that started it. */
export const CITATION = "Z. K. Suri, “Layers fusion for faster neural network inference”, 2021.";

/** Where the article is. */
export const ARTICLE_ADDRESS = "https://zshn25.github.io/Layers-fusion-for-faster-inference";

/** Where layerfuse is. */
export const HOME_ADDRESS = "https://jsr.io/@layerfuse/layerfuse";

/** How a pair of models is timed, in sentences. */
export const METHOD =
  "Both models are opened and warmed up in random order, timed in rounds, and opened anew, again and again. In each round both " +
  "run, in random order, so that whatever else the machine does hits both alike. The speed-up is the mean over openings of " +
  "the ratio before ÷ after, in which a round far from the others counts only as far as the others reach (Huber’s " +
  "M-estimate); its 95% interval is Student’s t over openings. No measurement is left out.";

/**
 * The level the three facts are read at: `disabled` where it was measured, since only there both models run as they
 * are written; else the first.
 */
export function factLevel(comparison: Comparison): LevelComparison | undefined {
  return comparison.levels.find((each) => each.level === "disabled") ?? comparison.levels[0];
}

/**
 * How many BatchNormalization nodes the second model no longer has: `104 of 104 BatchNormalization nodes`. Undefined
 * where the first has none.
 */
export function batchNormalizationSentence(
  { before, after }: Pick<Comparison, "before" | "after">,
): string | undefined {
  const had = before.ops.BatchNormalization ?? 0, has = after.ops.BatchNormalization ?? 0;
  if (had === 0 || has > had) return undefined;
  return `${formatCount(had - has)} of ${formatCount(had)} BatchNormalization nodes`;
}

/** The verdict at one level, as one sentence. */
export function verdictSentence(level: LevelComparison): string {
  const where = level.level === "disabled"
    ? "with ONNX Runtime’s own optimizations disabled"
    : `at optimization level “${level.level}”`;
  const interval = formatInterval(level.speedup).replace("(", "(95% CI ");
  const { decision } = level;
  const isPlain = !decision ||
    (decision.basis === "wall" && !decision.sameOperators && !decision.evidence.assumedOpening);
  const because = decision && !isPlain ? ` (${decision.reason})` : "";
  switch (level.verdict) {
    case "faster":
      return `Faster ${where}: the second model runs at ${interval} the speed of the first${because}.`;
    case "slower":
      return `Slower ${where}: the second model runs at ${interval} the speed of the first${because}.`;
    case "same":
      return `No difference that matters ${where}: ${interval}${because}.`;
    case "inconclusive":
      return `Not decided ${where}: ${interval}; ${
        decision?.reason ?? "more rounds or a quieter machine would be needed"
      }.`;
  }
}

/** Why each verdict was given, and the rule it was given by. Undefined where no level tells. */
export function decisionSentence({ levels, rule }: Pick<Comparison, "levels" | "rule">): string | undefined {
  const reasons = levels.flatMap(({ level, verdict, decision }) =>
    decision ? [`“${level}” is ${verdict}: ${decision.reason}.`] : []
  );
  return reasons.length > 0 ? `Why: ${reasons.join(" ")}${rule ? ` The rule: ${rule}` : ""}` : undefined;
}

/**
 * What the rows above `disabled` mean: from `basic` on ONNX Runtime folds Conv + BatchNormalization itself. With how
 * many of them it really left in the first model, where it has any. Undefined where only `disabled` was measured.
 */
export function runtimeSentence(comparison: Comparison): string | undefined {
  const levels = comparison.levels.filter((each) => each.level !== "disabled");
  if (levels.length === 0) return undefined;
  const names = levels.map((each) => `“${each.level}”`);
  const list = names.length === 1 ? names[0] : `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;
  const had = comparison.before.ops.BatchNormalization ?? 0;
  const left = levels.at(-1)!.before.opsRun.BatchNormalization ?? 0;
  const seen = had > 0 && Object.keys(levels.at(-1)!.before.opsRun).length > 0
    ? ` (here it ran the first model at ${names.at(-1)} with ${formatCount(left)} of its ${
      formatCount(had)
    } BatchNormalization nodes left)`
    : "";
  const other = comparison.levels.some((each) => each.level === "disabled")
    ? "; only “disabled” compares the two models as they are written"
    : "";
  return `What ${list} ${
    names.length === 1 ? "means" : "mean"
  }: from “basic” up ONNX Runtime folds Conv + BatchNormalization itself${seen}, ` +
    `so ${
      names.length === 1 ? "that row asks" : "those rows ask"
    } what fusing beforehand adds to what the runtime does anyway${other}.`;
}

/**
 * The noise floors: how large a difference must be to be told from 1 with the openings there were. Says so where that is more
 * than the band called `same`. Undefined where nothing is known of it.
 */
export function controlSentence({ levels }: Pick<Comparison, "levels">): string | undefined {
  const controls = levels.flatMap(({ level, control, openings, decision }) =>
    control?.speedup
      ? [{
        level,
        floor: control.speedup.high - 1,
        control,
        openings: openings?.length,
        delta: decision?.delta ?? 0.01,
      }]
      : []
  );
  if (controls.length === 0) return undefined;
  const list = controls.map(({ level, floor, control, openings }) =>
    `below ±${formatPercent(floor)} at “${level}”${openings ? ` (${formatCount(openings)} openings` : " ("}${
      openings ? ", " : ""
    }${
      control.betweenOpenings
        ? `±${formatPercent(control.betweenOpenings)} from one to the next`
        : "alike but for their rounds"
    })`
  ).join(", ");
  const coarse = controls.filter(({ floor, delta }) => floor > delta).map(({ level }) => `“${level}”`);
  const warning = coarse.length > 0
    ? ` At ${
      coarse.join(" and ")
    } that is more than the difference that counts: more time or a quieter machine would be needed.`
    : "";
  return `Noise floor: what could not be told from 1 is ${list}.${warning}`;
}

/** A small share: `0.6%`, `0.04%`. */
function formatPercent(share: number): string {
  return `${Number((100 * share).toPrecision(2))}%`;
}

/**
 * The output that is furthest off, by itself and on its worst input set: `Worst output: boxes, relative 1.20e-6 (input wide); …`.
 * Undefined where the model has one output only.
 */
export function worstSentence({ error }: Pick<Comparison, "error">): string | undefined {
  const [worst] = error.worst ?? [];
  if (!worst || Object.keys(error.outputs).length < 2) return undefined;
  const { output, input, relativeL2, unequal, runtime } = worst;
  const how = unequal?.count
    ? `${formatCount(unequal.count)} of ${formatCount(unequal.of)} values differ`
    : `relative ${formatScientific(relativeL2)}`;
  const floor = runtime ? `; ONNX Runtime’s own optimizations make ${formatScientific(runtime.relativeL2)} of it` : "";
  return `Worst output: ${output}, ${how} (input ${input})${floor}.`;
}

/**
 * Where two models begin to differ: the first value beyond the tolerance, in the order of the second's graph, and how many agree.
 */
export function layersSentence({ tolerance, values, onlyBefore, onlyAfter, skipped }: LayerDifferences): string {
  const first = values.findIndex(({ relativeL2, nonFinite }) => !(relativeL2 <= tolerance) || nonFinite?.different);
  const count = `${formatCount(values.length)} value${values.length === 1 ? "" : "s"} of both models`;
  const rest = `(${formatCount(onlyBefore)} only the first names, ${formatCount(onlyAfter)} only the second` +
    `${skipped.length > 0 ? `; ${formatCount(skipped.length)} cannot be read` : ""})`;
  if (first < 0) return `Layer by layer: ${count} are within ${tolerance} of each other ${rest}.`;
  const { value, operator, relativeL2, other } = values[first];
  const how = other ? `${other.before} before, ${other.after} after` : `relative L2 ${formatScientific(relativeL2)}`;
  const beyond = values.filter((each) => !(each.relativeL2 <= tolerance)).length;
  return `Layer by layer: of ${count} ${
    formatCount(beyond)
  } differ by more than ${tolerance}, the first of them ${value} ` +
    `(${operator}, ${how}), after ${
      formatCount(first)
    } that do not ${rest}. A rewrite may scale a value and undo that later: what counts are the outputs.`;
}

/** The values furthest apart, in the order of the graph: value, operator, relative L2, largest difference. */
export function layerRows({ values }: LayerDifferences, limit = 12): string[][] {
  const worst = new Set([...values].sort((a, b) => b.relativeL2 - a.relativeL2).slice(0, limit));
  return values.filter((each) => worst.has(each) && each.relativeL2 > 0).map((
    { value, operator, relativeL2, maxAbs, other },
  ) => [
    value,
    operator,
    other ? `${other.before} / ${other.after}` : formatScientific(relativeL2),
    other ? "–" : formatScientific(maxAbs),
  ]);
}

/** Columns of {@link layerRows}. */
export const LAYER_COLUMNS: readonly string[] = ["value", "operator", "relative L2", "largest difference"];

/** Where the nodes really ran, from the runtime's profile; the provider asked for where there is no profile. */
export function providerSentence(comparison: Comparison): string {
  const { provider, threads } = comparison.environment;
  const run = Object.entries(factLevel(comparison)?.after.providers ?? {}).sort((a, b) => b[1] - a[1]);
  const total = run.reduce((sum, [, nodes]) => sum + nodes, 0);
  const where = run.length === 0
    ? `${provider} (asked for; no profile)`
    : run.length === 1
    ? `${run[0][0]}, ${total === 1 ? "its only node" : `all ${formatNumberOf(total, "node")}`}`
    : run.map(([name, nodes]) => `${name} ${formatCount(nodes)} of ${formatCount(total)} nodes`).join(", ");
  return `${where}, ${threads} thread${threads === 1 ? "" : "s"}`;
}

/** The inputs fed: `input float32 1×3×256×256`. */
export function inputSentence(comparison: Pick<Comparison, "inputs">): string {
  return comparison.inputs.map((input) => `${input.name} ${input.type} ${formatDims(input.dims)}`).join(", ");
}
