import type { Comparison } from "../bench/types.ts";
import { distribution } from "./distribution.ts";
import { errorHistogram } from "./error_histogram.ts";
import { htmlApplied, htmlPictures, htmlSkipped } from "./fusion_parts.ts";
import type { FusionSummary } from "./fusion_summary.ts";
import type { GraphShape } from "./graph_layout.ts";
import { type LayerCost, layerCosts } from "./layer_costs.ts";
import { levelBars } from "./level_bars.ts";
import { opCounts } from "./op_counts.ts";
import { opTimes } from "./op_times.ts";
import { renderPage } from "./page.ts";
import { htmlFigure } from "./figure.ts";
import { htmlEnvironment } from "./environment_parts.ts";
import {
  htmlBatchNormalization,
  htmlErrors,
  htmlFacts,
  htmlLatency,
  htmlLayers,
  htmlLevels,
  htmlNotes,
} from "./parts.ts";
import { ratioRounds } from "./ratio_rounds.ts";
import { type RuleSpeedup, ruleSpeedups } from "./rule_speedups.ts";
import { ulpHistogram } from "./ulp_histogram.ts";
import { escapeMarkup } from "./format.ts";
import { factLevel, METHOD, verdictSentence } from "./words.ts";
import { checked, type OptionNames } from "../host/options.ts";

/** What goes into a report. */
export interface ReportOptions {
  /** The measurements. */
  comparison: Comparison;
  /** What was fused, where that is known. */
  fusion?: FusionSummary;
  /** Both graphs, to draw what was fused. */
  graphs?: { before: GraphShape; after: GraphShape };
  /** Arithmetic and traffic of each layer, where they are known. */
  layers?: { before: readonly LayerCost[]; after?: readonly LayerCost[] };
  /** Gain by rule, where it was measured. */
  rules?: readonly RuleSpeedup[];
  /** Heading; the two names when absent. */
  title?: string;
  /** Who measured. */
  author?: string;
}

const REPORT_OPTIONS: OptionNames<ReportOptions> = {
  comparison: true,
  fusion: true,
  graphs: true,
  layers: true,
  rules: true,
  title: true,
  author: true,
};

/**
 * A whole comparison as one self-contained HTML page for phone and desktop, light and dark: the three facts, the
 * levels and what they mean, the plots, what was fused and what was not, the environment, and the raw JSON in
 * `script#comparison` (and `script#fusion`). It runs no script and fetches nothing.
 */
export function renderReport(options: ReportOptions): string {
  const { comparison, fusion, graphs, layers, rules, title, author } = checked("renderReport", options, REPORT_OPTIONS);
  const { levels, error } = comparison;
  const level = factLevel(comparison);
  const last = levels.at(-1);
  const said = [...new Set([level, last])].filter((each) => each !== undefined);
  const pair = { wide: 385, narrow: 345 };
  const body = [
    htmlFacts(comparison, { times: "by-optimization-level", error: "is-it-still-the-same-function" }),
    htmlBatchNormalization(comparison),
    htmlNotes(comparison.notes),
    section("By optimization level", htmlLevels(comparison), htmlFigure((width) => levelBars(levels, { width }))),
    section("Loading, latency, throughput, memory", htmlLatency(comparison)),
    section(
      "How it was measured",
      `<p>${METHOD}</p>
<p>${escapeMarkup(comparison.rule ?? "")}</p>`,
      htmlFigure((width) => distribution(levels, { width })),
      htmlFigure((width) => ratioRounds(levels, { width })),
    ),
    section(
      "What ONNX Runtime ran",
      htmlFigure((width) => opCounts(comparison, { width })),
      level ? htmlFigure((width) => opTimes(level, { width })) : "",
      layers ? htmlFigure((width) => layerCosts(layers, { width })) : "",
      rules?.length ? htmlFigure((width) => ruleSpeedups(rules, { width })) : "",
    ),
    section(
      "Is it still the same function?",
      `<p>The difference between the outputs of the two models${levels[0] ? `, both run at “${levels[0].level}”` : ""}${
        error.runtime ? "; beside it the difference that ONNX Runtime’s own optimizations make to the first" : ""
      }.</p>`,
      htmlErrors(error),
      htmlLayers(comparison),
      `<div class="pair">${htmlFigure((width) => errorHistogram(error, { width }), pair)}${
        htmlFigure((width) => ulpHistogram(error.ulpHistogram, { width }), pair)
      }</div>`,
    ),
    ...(fusion
      ? [
        section("What was fused", graphs ? htmlPictures(fusion, graphs) : "", htmlApplied(fusion)),
        section("What was not, and why", htmlSkipped(fusion)),
      ]
      : []),
    section("Environment", htmlEnvironment(comparison)),
  ];
  return renderPage({
    title: title ?? `${comparison.before.name} → ${comparison.after.name}`,
    kicker: "Layer fusion, before and after",
    author,
    date: comparison.environment.date,
    lede: said.map(verdictSentence).join(" "),
    body: body.filter((part) => part !== "").join("\n"),
    json: { comparison, ...(fusion ? { fusion } : {}), ...(rules?.length ? { rules } : {}) },
  });
}

function section(title: string, ...parts: string[]): string {
  const id = title.toLowerCase().replaceAll(/[^a-z]+/g, "-").replaceAll(/^-|-$/g, "");
  return `<section id="${id}">\n<h2>${title}</h2>\n${parts.filter((part) => part !== "").join("\n")}\n</section>`;
}
