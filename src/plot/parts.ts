/**
 * The parts that reports and notebook displays are made of, as HTML. Everything that comes from a model is escaped.
 *
 * @module
 */

import { checked } from "../host/options.ts";
import type { Comparison, ErrorMeasures, ErrorSummary, Interval, OutputError } from "../bench/types.ts";
import {
  escapeMarkup,
  formatCount,
  formatInterval,
  formatMs,
  formatNumber,
  formatPower,
  formatShare,
  formatVerdict,
} from "./format.ts";
import { LATENCY_COLUMNS, latencyRows, latencySentence, memorySentence } from "./latency.ts";
import {
  batchNormalizationSentence,
  controlSentence,
  decisionSentence,
  factLevel,
  LAYER_COLUMNS,
  layerRows,
  layersSentence,
  runtimeSentence,
} from "./words.ts";

/** A table of more columns than this is shown as cards on wide screens, too. */
const MANY = 7;

/** A table: a head of plain text and rows of trusted HTML cells; `numbers` are the columns set right. */
export function htmlTable(
  head: string[],
  rows: string[][],
  options: { numbers?: number[]; className?: string } = {},
): string {
  const { numbers = [], className = "" } = checked("htmlTable", options, { numbers: true, className: true });
  // a phone shows each row as a card, each cell behind its column's name; roles keep it a table to those who hear it
  const isStack = /\bstack\b/.test(className) || head.length > 3;
  const role = (name: string) => isStack ? ` role="${name}"` : "";
  const label = (column: number) => isStack ? ` data-label="${escapeMarkup(head[column])}"` : "";
  const attribute = (column: number) => numbers.includes(column) ? ' class="number"' : "";
  const row = (cells: string[]) =>
    `<tr${role("row")}>${
      cells.map((cell, column) =>
        column === 0
          ? `<th scope="row"${role("rowheader")}>${cell}</th>`
          : `<td${attribute(column)}${role("cell")}${label(column)}>${cell}</td>`
      ).join("")
    }</tr>`;
  const top = head.some((name) => name !== "")
    ? `<thead><tr${role("row")}>${
      head.map((name, column) =>
        `<th scope="col"${role("columnheader")}${attribute(column)}>${escapeMarkup(name)}</th>`
      ).join("")
    }</tr></thead>`
    : "";
  const classes = new Set([
    "scroll",
    ...className.split(" "),
    isStack ? "stack" : "",
    head.length > MANY ? "many" : "",
  ]);
  classes.delete("");
  return `<div class="${[...classes].join(" ")}"><table${role("table")}>${top}<tbody>${
    rows.map(row).join("\n")
  }</tbody></table></div>`;
}

/** A name out of a model, in the type of code. */
export function htmlName(name: string): string {
  return `<span class="name">${escapeMarkup(name)}</span>`;
}

/** A ratio with its interval set apart, which does not break. */
export function htmlInterval(interval: Interval): string {
  const [estimate, range = ""] = formatInterval(interval).split(" ");
  return `${estimate} <span class="range">${range}</span>`;
}

/** The article's three facts, in its order; with `anchors`, ids of sections, each is a link to where it comes from. */
export function htmlFacts(comparison: Comparison, anchors?: { times: string; error: string }): string {
  const level = factLevel(comparison);
  const { l2, norm, relativeL2 } = comparison.error;
  const fact = (name: string, title: string, value: string, note: string) =>
    `<dl class="fact ${name}"><dt>${title}</dt><dd class="value">${
      sourced(escapeMarkup(value), name)
    }</dd><dd class="note">${escapeMarkup(note)}</dd></dl>`;
  // on a page a number leads to where it comes from; a notebook's cell has no such place
  const sourced = (value: string, name: string) =>
    anchors ? `<a href="#${name === "error" ? anchors.error : anchors.times}">${value}</a>` : value;
  const how = (rounds: number) =>
    `median of ${formatCount(rounds)} round${rounds === 1 ? "" : "s"}, optimizations ${
      level!.level === "disabled" ? "disabled" : `at “${level!.level}”`
    }`;
  return `<div class="facts">${
    level
      ? fact("before", "Time before", formatMs(level.before.medianMs), how(level.before.samplesMs.length)) +
        fact("after", "Time after", formatMs(level.after.medianMs), how(level.after.samplesMs.length))
      : ""
  }${
    fact(
      "error",
      "Error",
      formatPower(l2),
      `L2 norm of the output difference; the output’s own norm is ${formatNumber(norm)} (relative ${
        formatPower(relativeL2)
      })`,
    )
  }</div>`;
}

/** The table of levels, and the sentences that say what they mean and how much is noise. */
export function htmlLevels(comparison: Comparison): string {
  const withCpu = comparison.levels.some(({ cpuSpeedup }) => cpuSpeedup !== undefined);
  const rows = comparison.levels.map((level) => {
    return [
      level.level,
      formatMs(level.before.medianMs).replace(" ms", ""),
      formatMs(level.after.medianMs).replace(" ms", ""),
      htmlInterval(level.speedup),
      ...withCpu ? [level.cpuSpeedup ? htmlInterval(level.cpuSpeedup) : "–"] : [],
      `<span class="verdict ${level.verdict}">${formatVerdict(level.verdict)}</span>`,
    ];
  });
  const cpu = withCpu ? ["speed-up of CPU time (95% CI)"] : [];
  return htmlTable(["level", "before (ms)", "after (ms)", "speed-up (95% CI)", ...cpu, "verdict"], rows, {
    numbers: [1, 2],
    className: "stack",
  }) +
    [runtimeSentence(comparison), decisionSentence(comparison), controlSentence(comparison)].map((sentence) =>
      sentence ? `<p class="meaning">${escapeMarkup(sentence)}</p>` : ""
    ).join("");
}

/** Loading, latency, throughput and memory of both models; nothing where nothing was timed. */
export function htmlLatency(comparison: Comparison): string {
  const rows = latencyRows(comparison);
  const said = [latencySentence(comparison), memorySentence(comparison)].filter((each) => each !== undefined);
  return (rows.length > 0
    ? htmlTable([...LATENCY_COLUMNS], rows, { numbers: [2, 3, 4, 5, 6], className: "stack" })
    : "") +
    said.map((sentence) => `<p class="meaning">${escapeMarkup(sentence)}</p>`).join("");
}

/** Where two models begin to differ, layer by layer; nothing where that was not asked for. */
export function htmlLayers({ layers }: Comparison): string {
  if (!layers) return "";
  const rows = layerRows(layers).map(([value, ...rest]) => [htmlName(value), ...rest.map(escapeMarkup)]);
  return `<p>${escapeMarkup(layersSentence(layers))}</p>` +
    (rows.length > 0 ? htmlTable([...LAYER_COLUMNS], rows, { numbers: [2, 3] }) : "");
}

/** Sentences a reader must not miss, or nothing. */
export function htmlNotes(notes: readonly string[]): string {
  return notes.length === 0
    ? ""
    : `<div class="notes" role="note">${notes.map((note) => `<p>${escapeMarkup(note)}</p>`).join("")}</div>`;
}

/**
 * All error measures, beside what ONNX Runtime's own optimizations do to the first model; and by output where there
 * are several.
 */
export function htmlErrors(error: ErrorSummary): string {
  const head = ["", "before and after", ...(error.runtime ? ["ONNX Runtime’s own optimizations, before"] : [])];
  const outputs = worstByOutput(error);
  const byOutput = outputs.map((each) => [
    htmlName(each.output),
    escapeMarkup(each.input ?? "–"),
    ...MEASURES.slice(0, 4).map(([, show]) => show(each)),
    each.runtime ? formatPower(each.runtime.relativeL2) : "–",
    formatNonFinite(each),
    formatUnequal(each),
  ]);
  const names = MEASURES.slice(0, 4).map(([name]) => name);
  return htmlTable(head, errorRows(error), { numbers: [1, 2] }) +
    (outputs.length > 1
      ? htmlTable(
        ["output, worst first", "worst input", ...names, "relative L2, runtime’s own", "NaN or infinity", "unequal"],
        byOutput,
        { numbers: [2, 3, 4, 5, 6] },
      )
      : "");
}

/** Every output once, on its worst input set, the worst output first. */
function worstByOutput(error: ErrorSummary): (ErrorMeasures & Partial<OutputError> & { output: string })[] {
  if (!error.worst) return Object.entries(error.outputs).map(([output, measures]) => ({ ...measures, output }));
  return error.worst.filter(({ output }, i, all) => all.findIndex((each) => each.output === output) === i);
}

/** Rows of every error measure: its name, before and after, and the runtime's own where it was measured. */
export function errorRows(error: ErrorSummary): string[][] {
  const columns = [error, ...(error.runtime ? [error.runtime] : [])];
  return MEASURES.filter(([name]) => columns.some(OPTIONAL[name] ?? (() => true)))
    .map(([name, show]) => [name, ...columns.map(show)]);
}

const MEASURES: [string, (error: ErrorMeasures) => string][] = [
  ["L2 norm of the difference", (error) => formatPower(error.l2)],
  ["L2 norm of the output", (error) => formatNumber(error.norm)],
  ["relative L2", (error) => formatPower(error.relativeL2)],
  ["largest difference", (error) => formatPower(error.maxAbs)],
  ["cosine similarity", (error) => formatCosine(error.cosine)],
  ["signal to noise", (error) => error.snrDb === null ? "∞" : `${error.snrDb.toFixed(1)} dB`],
  ["same top-1", (error) => agreement(error, error.top1Agreement)],
  ["top-1 among the other’s top 5", (error) => agreement(error, error.top5Agreement)],
  ["NaN or infinity", formatNonFinite],
  ["whole numbers, booleans, strings that differ", formatUnequal],
];

/** Rows that say nothing where there is nothing of the kind in any column. */
const OPTIONAL: Record<string, (error: ErrorMeasures) => boolean> = {
  "same top-1": ({ top1Agreement }) => top1Agreement !== null,
  "top-1 among the other’s top 5": ({ top5Agreement }) => top5Agreement !== null,
  "NaN or infinity": ({ nonFinite }) => nonFinite !== undefined,
  "whole numbers, booleans, strings that differ": ({ unequal }) => unequal !== undefined,
};

function agreement({ classRows }: ErrorMeasures, share: number | null): string {
  if (share === null) return "–";
  return classRows === undefined
    ? formatShare(share)
    : `${formatShare(share)} of ${formatCount(classRows)} input${classRows === 1 ? "" : "s"}`;
}

function formatNonFinite({ nonFinite }: ErrorMeasures): string {
  if (!nonFinite) return "none";
  const { equal, different } = nonFinite;
  return [
    ...(different ? [`${formatCount(different)} in one only`] : []),
    ...(equal ? [`${formatCount(equal)} in both alike`] : []),
  ].join(", ");
}

function formatUnequal({ unequal }: ErrorMeasures): string {
  return unequal ? `${formatCount(unequal.count)} of ${formatCount(unequal.of)}` : "–";
}

/** 1 − x where that says more: cosine similarities near 1. */
function formatCosine(cosine: number): string {
  const below = 1 - cosine;
  return below > 0 && below < 1e-3 ? `1 − ${formatPower(below)}` : below === 0 ? "1" : formatNumber(cosine);
}

/** `Fused: 104 of 104 BatchNormalization nodes.`, or nothing. */
export function htmlBatchNormalization(comparison: Comparison): string {
  const sentence = batchNormalizationSentence(comparison);
  return sentence ? `<p>Fused: ${escapeMarkup(sentence)}.</p>` : "";
}
