import type { Comparison } from "../bench/types.ts";
import {
  cleanText,
  escapeMarkdown,
  formatInterval,
  formatMs,
  formatNumber,
  formatScientific,
  formatVerdict,
} from "./format.ts";
import { LATENCY_COLUMNS, latencyRows, latencySentence, memorySentence } from "./latency.ts";
import { fold, markdownTable, textTable } from "./text_layout.ts";
import {
  batchNormalizationSentence,
  controlSentence,
  decisionSentence,
  factLevel,
  inputSentence,
  LAYER_COLUMNS,
  layerRows,
  layersSentence,
  providerSentence,
  runtimeSentence,
  worstSentence,
} from "./words.ts";

const COLUMNS = ["level", "before", "after", "speed-up (95% CI)", "verdict"];

/**
 * A comparison as lines for a terminal: where it ran, the article's three facts in its order, the table of levels,
 * what the levels mean, and every note. At most 96 columns where names allow it; no colour codes.
 */
export function comparisonText(comparison: Comparison): string {
  const facts = factRows(comparison, false);
  const label = Math.max(...facts.map(([name]) => name.length));
  const value = Math.max(...facts.map(([, text]) => text.length));
  const fused = batchNormalizationSentence(comparison);
  const meaning = runtimeSentence(comparison);
  const control = controlSentence(comparison), decided = decisionSentence(comparison);
  const worst = worstSentence(comparison);
  const rows = latencyRows(comparison), { layers } = comparison;
  const latency = [latencySentence(comparison), memorySentence(comparison)].filter((each) => each !== undefined);
  return [
    cleanText(`${comparison.before.name} → ${comparison.after.name}`),
    cleanText(`input    ${inputSentence(comparison)}`),
    `ran on   ${providerSentence(comparison)}`,
    ...(fused ? [`fused    ${fused}`] : []),
    "",
    ...facts.map(([name, text, note]) => `${name.padEnd(label)}  ${text.padStart(value)}  ${note}`),
    "",
    ...textTable(COLUMNS, levelRows(comparison)),
    ...(rows.length > 0 ? ["", ...textTable([...LATENCY_COLUMNS], rows)] : []),
    ...latency.flatMap((sentence) => fold(sentence)),
    ...(meaning ? ["", ...fold(meaning)] : []),
    ...(decided ? ["", ...fold(decided)] : []),
    ...(control ? ["", ...fold(control)] : []),
    ...(worst ? ["", ...fold(cleanText(worst))] : []),
    ...(layers
      ? [
        "",
        ...fold(cleanText(layersSentence(layers))),
        "",
        ...textTable([...LAYER_COLUMNS], layerRows(layers).map((row) => row.map(cleanText))),
      ]
      : []),
    ...(comparison.notes.length ? ["", ...comparison.notes.flatMap((note) => fold(`Note: ${cleanText(note)}`))] : []),
  ].join("\n");
}

/**
 * A comparison as Markdown, for a pull request or a notebook: the same content as {@link comparisonText}. Names are
 * escaped.
 */
export function comparisonMarkdown(comparison: Comparison): string {
  const fused = batchNormalizationSentence(comparison);
  const meaning = runtimeSentence(comparison);
  const control = controlSentence(comparison), decided = decisionSentence(comparison);
  const worst = worstSentence(comparison);
  const rows = latencyRows(comparison), { layers } = comparison;
  const latency = [latencySentence(comparison), memorySentence(comparison)].filter((each) => each !== undefined);
  return [
    `**${escapeMarkdown(comparison.before.name)} → ${escapeMarkdown(comparison.after.name)}**`,
    "",
    `Input ${escapeMarkdown(inputSentence(comparison))}; ran on ${providerSentence(comparison)}${
      fused ? `; fused ${fused}` : ""
    }.`,
    "",
    ...markdownTable(["", "", ""], factRows(comparison, true)),
    "",
    ...markdownTable(COLUMNS, levelRows(comparison)),
    ...(rows.length > 0 ? ["", ...markdownTable([...LATENCY_COLUMNS], rows)] : []),
    ...latency.flatMap((sentence) => ["", sentence]),
    ...(meaning ? ["", meaning] : []),
    ...(decided ? ["", decided] : []),
    ...(control ? ["", control] : []),
    ...(worst ? ["", escapeMarkdown(worst)] : []),
    ...(layers
      ? [
        "",
        escapeMarkdown(layersSentence(layers)),
        "",
        ...markdownTable([...LAYER_COLUMNS], layerRows(layers).map((row) => row.map(escapeMarkdown))),
      ]
      : []),
    ...comparison.notes.flatMap((note) => ["", `> ${escapeMarkdown(note)}`]),
    "",
  ].join("\n");
}

/** The three facts, in the article's order: name, value, what it is. */
function factRows(comparison: Comparison, markdown: boolean): string[][] {
  const level = factLevel(comparison);
  const { l2, norm, relativeL2 } = comparison.error;
  const strong = (text: string) => markdown ? `**${text}**` : text;
  const rounds = (count: number) => `median of ${count} round${count === 1 ? "" : "s"}`;
  return [
    ...(level
      ? [
        [
          "time before",
          strong(formatMs(level.before.medianMs)),
          `${rounds(level.before.samplesMs.length)}, optimizations ${where(level.level)}`,
        ],
        [
          "time after",
          strong(formatMs(level.after.medianMs)),
          `${rounds(level.after.samplesMs.length)}, optimizations ${where(level.level)}`,
        ],
      ]
      : []),
    [
      "error",
      strong(formatScientific(l2)),
      `L2 norm of the output difference; the output’s own norm is ${formatNumber(norm)} (relative ${
        formatScientific(relativeL2)
      })`,
    ],
  ];
}

function where(level: string): string {
  return level === "disabled" ? "disabled" : `at “${level}”`;
}

function levelRows(comparison: Comparison): string[][] {
  return comparison.levels.map((each) => [
    each.level,
    formatMs(each.before.medianMs),
    formatMs(each.after.medianMs),
    formatInterval(each.speedup),
    formatVerdict(each.verdict),
  ]);
}
