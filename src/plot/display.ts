/**
 * What a notebook shows of a comparison, a fusion report and an error summary: MIME bundles for
 * `Symbol.for("Jupyter.display")`.
 *
 * @module
 */

import type { Comparison, ErrorSummary } from "../bench/types.ts";
import { bundle, type MimeBundle } from "./bundle.ts";
import { comparisonMarkdown, comparisonText } from "./comparison_text.ts";
import { markdownTable, textTable } from "./text_layout.ts";
import { distribution } from "./distribution.ts";
import { htmlApplied, htmlPictures, htmlSkipped } from "./fusion_parts.ts";
import type { FusionSummary } from "./fusion_summary.ts";
import { fusionMarkdown, fusionText } from "./fusion_text.ts";
import type { GraphShape } from "./graph_layout.ts";
import { levelBars } from "./level_bars.ts";
import { errorHistogram } from "./error_histogram.ts";
import { ulpHistogram } from "./ulp_histogram.ts";
import { htmlFigure } from "./figure.ts";
import {
  errorRows,
  htmlBatchNormalization,
  htmlErrors,
  htmlFacts,
  htmlLatency,
  htmlLayers,
  htmlLevels,
  htmlNotes,
} from "./parts.ts";
import { ratioRounds } from "./ratio_rounds.ts";

/**
 * A comparison: the three facts, the table of levels and what it means; in HTML with the plots of times, samples and
 * rounds.
 */
export function comparisonDisplay(comparison: Comparison): MimeBundle {
  const { levels } = comparison;
  return bundle(comparisonText(comparison), comparisonMarkdown(comparison), [
    htmlFacts(comparison),
    htmlBatchNormalization(comparison),
    htmlNotes(comparison.notes),
    htmlLevels(comparison),
    htmlLatency(comparison),
    htmlLayers(comparison),
    htmlFigure((width) => levelBars(levels, { width })),
    htmlFigure((width) => distribution(levels, { width })),
    htmlFigure((width) => ratioRounds(levels, { width })),
  ]);
}

/**
 * A fusion report: sizes before and after, rewrites by rule, and why the rest was left alone; with the graphs, a
 * picture of each kind of rewrite.
 */
export function reportDisplay(report: FusionSummary, graphs?: { before: GraphShape; after: GraphShape }): MimeBundle {
  return bundle(fusionText(report), fusionMarkdown(report), [
    graphs ? htmlPictures(report, graphs) : "",
    htmlApplied(report),
    report.skipped.length ? `<p><strong>Not fused, and why</strong></p>` : "",
    report.skipped.length ? htmlSkipped(report) : "",
  ]);
}

/** An error summary: its measures beside what ONNX Runtime's own optimizations do, and in HTML both histograms. */
export function errorDisplay(error: ErrorSummary): MimeBundle {
  const head = ["", "before and after", ...(error.runtime ? ["ONNX Runtime’s own optimizations"] : [])];
  const rows = errorRows(error);
  const pair = { wide: 385, narrow: 345 };
  const figures = htmlFigure((width) => errorHistogram(error, { width }), pair) +
    htmlFigure((width) => ulpHistogram(error.ulpHistogram, { width }), pair);
  return bundle(textTable(head, rows).join("\n"), `${markdownTable(head, rows).join("\n")}\n`, [
    htmlErrors(error),
    `<div class="pair">${figures}</div>`,
  ]);
}
