import type { Comparison } from "../bench/mod.ts";
import type { FusionReport } from "../fusion/mod.ts";
import { bundle } from "../plot/bundle.ts";
import { escapeMarkdown, escapeMarkup, formatCount, formatNumberOf, formatPower, formatShare } from "../plot/format.ts";
import { displayed } from "../plot/displayed.ts";
import { verdictSentence } from "../plot/words.ts";

/** The largest relative L2 error that float32 rounding explains. */
const ROUNDING = 1e-5;

/** What {@linkcode answers} reads of a fusion report. */
export type AnsweredReport = Pick<FusionReport, "applied" | "before" | "after"> & {
  readonly skipped: readonly unknown[];
};

/** What a fusion and its measurement say, as questions and answers. In a notebook it shows itself. */
export interface Answers {
  /** Questions with their answers, plain text, in order. */
  readonly list: readonly { readonly question: string; readonly answer: string }[];
}

/** What was fused, is it faster here, is it still the same: in a sentence or two each. */
export function answers(report: AnsweredReport, comparison: Comparison): Answers {
  const list = [
    { question: "What was fused?", answer: fused(report) },
    {
      question: "Is it faster here?",
      answer: comparison.levels.map(verdictSentence).join(" ") || "Nothing was timed.",
    },
    { question: "Is it still the same?", answer: same(comparison) },
  ];
  const display = () =>
    bundle(
      list.map(({ question, answer }) => `${question}\n${answer}`).join("\n\n"),
      list.map(({ question, answer }) => `**${question}** ${escapeMarkdown(answer)}\n`).join("\n"),
      list.map(({ question, answer }) => `<p><strong>${question}</strong> ${escapeMarkup(answer)}</p>`),
    );
  return displayed({ list }, display, false);
}

function fused({ applied, skipped, before, after }: AnsweredReport): string {
  if (applied.length === 0) return "Nothing: no rule found neighbours that are one linear layer.";
  const had = before.ops.BatchNormalization ?? 0, left = after.ops.BatchNormalization ?? 0;
  return `${formatNumberOf(before.nodes, "node")} became ${formatCount(after.nodes)}, in ${
    formatNumberOf(applied.length, "rewrite")
  }` +
    (had > 0
      ? `; of ${formatCount(had)} BatchNormalization nodes ${left === 0 ? "none" : formatCount(left)} ${
        left > 1 ? "are" : "is"
      } left`
      : "") +
    (skipped.length > 0
      ? `. ${formatNumberOf(skipped.length, "place")} ${
        skipped.length === 1 ? "was" : "were"
      } left alone, each with its reason.`
      : ".");
}

function same({ error }: Comparison): string {
  const { relativeL2, top1Agreement, runtime } = error;
  const how = relativeL2 === 0
    ? "Yes, bit for bit."
    : relativeL2 <= ROUNDING
    ? `Yes, to the rounding of float32: the outputs differ by ${formatPower(relativeL2)} of their norm.`
    : runtime && relativeL2 <= 10 * runtime.relativeL2
    ? `About as much as when ONNX Runtime optimizes the model itself: the outputs differ by ${
      formatPower(relativeL2)
    } of their norm.`
    : `Not to rounding: the outputs differ by ${formatPower(relativeL2)} of their norm. Look at the values below.`;
  const wild = error.nonFinite && error.nonFinite.equal + error.nonFinite.different;
  return how +
    (wild ? ` NaN or infinity stands at ${formatCount(wild)} places, where no error is taken.` : "") +
    (runtime
      ? ` ONNX Runtime’s own optimizations ${
        runtime.relativeL2 === 0 ? "do not change them" : `change them by ${formatPower(runtime.relativeL2)}`
      }.`
      : "") +
    (top1Agreement === null ? "" : ` The best class is the same for ${formatShare(top1Agreement)} of the inputs.`);
}
