/**
 * Plots, reports and notebook displays of a comparison: pure functions from data to SVG, HTML, Markdown and text. No
 * browser is needed.
 *
 * @module
 */

export type * from "../bench/types.ts";
export type { MimeBundle } from "./bundle.ts";
export { Drawing, type DrawingOptions } from "./drawing.ts";
export { comparisonMarkdown, comparisonText } from "./comparison_text.ts";
export { comparisonDisplay, errorDisplay, reportDisplay } from "./display.ts";
export { distribution } from "./distribution.ts";
export { errorHistogram } from "./error_histogram.ts";
export { fusionPicture, type FusionPictureOptions, rewriteKinds } from "./fusion_picture.ts";
export type { AppliedRule, FusionSummary, ModelStats, SkippedRule } from "./fusion_summary.ts";
export { fusionMarkdown, fusionText, type FusionTextOptions } from "./fusion_text.ts";
export type { GraphNode, GraphShape, Port } from "./graph_layout.ts";
export type { NodeMark } from "./graph_marks.ts";
export { graphPicture, type GraphPictureOptions } from "./graph_picture.ts";
export { DATA_TYPE, type Jupyter, progressLine, withData, withFlush } from "./jupyter.ts";
export { type LayerCost, layerCosts } from "./layer_costs.ts";
export { levelBars } from "./level_bars.ts";
export { modelDisplay, type ShownModel, type ShownPort } from "./model_display.ts";
export { opCounts, type OpCountsOptions } from "./op_counts.ts";
export { opTimes } from "./op_times.ts";
export { type Page, renderPage } from "./page.ts";
export { htmlFigure } from "./figure.ts";
export { htmlEnvironment, htmlMachine } from "./environment_parts.ts";
export { textTable } from "./text_layout.ts";
export { htmlFacts, htmlInterval, htmlLatency, htmlLevels, htmlTable } from "./parts.ts";
export { type PairsPage, renderPairs } from "./pairs_page.ts";
export { ratioRounds } from "./ratio_rounds.ts";
export { renderReport, type ReportOptions } from "./report.ts";
export { type RuleSpeedup, ruleSpeedups, type RuleSpeedupsOptions } from "./rule_speedups.ts";
export { renderPng, savePlot, type SavePlotOptions } from "./save_plot.ts";
export type { ColorName, Theme } from "./theme.ts";
export { ulpHistogram } from "./ulp_histogram.ts";
