/**
 * What a notebook shows of a comparison and of a fusion report: MIME bundles for `Symbol.for("Jupyter.display")`.
 *
 * @module
 */

import type { Comparison } from "../bench/types.ts";
import type { MimeBundle } from "./chart.ts";
import { comparisonMarkdown, comparisonText } from "./comparison_text.ts";
import { distribution } from "./distribution.ts";
import { htmlApplied, htmlSkipped } from "./fusion_parts.ts";
import type { FusionSummary } from "./fusion_summary.ts";
import { fusionMarkdown, fusionText } from "./fusion_text.ts";
import { levelBars } from "./level_bars.ts";
import { PART_STYLE } from "./page_style.ts";
import { htmlBatchNormalization, htmlFacts, htmlFigure, htmlLevels, htmlNotes } from "./parts.ts";
import { ratioRounds } from "./ratio_rounds.ts";

/** A comparison: the three facts, the table of levels and what it means; in HTML with the plots of times, samples and rounds. */
export function comparisonDisplay(comparison: Comparison): MimeBundle {
  const { levels } = comparison;
  return bundle(comparisonText(comparison), comparisonMarkdown(comparison), [
    htmlFacts(comparison),
    htmlBatchNormalization(comparison),
    htmlNotes(comparison.notes),
    htmlLevels(comparison),
    htmlFigure((width) => levelBars(levels, { width })),
    htmlFigure((width) => distribution(levels, { width })),
    htmlFigure((width) => ratioRounds(levels, { width })),
  ]);
}

/** A fusion report: sizes before and after, rewrites by rule, and why the rest was left alone. */
export function reportDisplay(report: FusionSummary): MimeBundle {
  return bundle(fusionText(report), fusionMarkdown(report), [
    htmlApplied(report),
    report.skipped.length ? `<p><strong>Not fused, and why</strong></p>` : "",
    report.skipped.length ? htmlSkipped(report) : "",
  ]);
}

/** The three forms of one display; the HTML carries its own style, scoped to itself. */
export function bundle(text: string, markdown: string, html: string[]): MimeBundle {
  return {
    "text/plain": text,
    "text/markdown": markdown,
    "text/html": `<div class="lf display"><style>${PART_STYLE}</style>${
      html.filter((part) => part !== "").join("\n")
    }</div>`,
  };
}
