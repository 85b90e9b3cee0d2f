/**
 * Results that show themselves, and everything in them that a notebook's cell can end with.
 *
 * @module
 */
import type { Comparison, LevelComparison } from "../bench/types.ts";
import { bundle, type MimeBundle } from "./bundle.ts";
import { comparisonDisplay, errorDisplay, reportDisplay } from "./display.ts";
import { displayed } from "./displayed.ts";
import { htmlFigure } from "./figure.ts";
import { escapeMarkdown, formatInterval, formatMs, formatVerdict } from "./format.ts";
import type { FusionSummary } from "./fusion_summary.ts";
import type { GraphShape } from "./graph_layout.ts";
import { levelBars } from "./level_bars.ts";
import { modelDisplay, type ShownModel } from "./model_display.ts";
import { htmlInterval, htmlTable } from "./parts.ts";
import { listDisplay, recordDisplay } from "./record_display.ts";
import { markdownTable, textTable } from "./text_layout.ts";

/** A list that shows itself as a table, as does each record in it. */
export function shownList<T extends readonly unknown[]>(list: T, name?: string): T {
  for (const each of list) if (each?.constructor === Object && Object.isExtensible(each)) shownRecord(each);
  return displayed(list, (list) => listDisplay(list, name));
}

/** A record that shows itself, its fields one below the other. */
function shownRecord<T extends object>(record: T): T {
  return displayed(record, recordDisplay);
}

/** A comparison that shows itself, as do its error, its levels and each of these, with the speed-up, and what it knows of the machine. */
export function shownComparison<T extends Comparison>(comparison: T): T {
  displayed(comparison.error, errorDisplay);
  displayed(comparison.levels, levelsDisplay);
  for (const level of comparison.levels) {
    displayed(level, (level) => levelsDisplay([level]));
    for (const part of [level.before, level.after, level.speedup, level.decision]) if (part) shownRecord(part);
  }
  for (const part of [comparison.environment, comparison.before, comparison.after]) shownRecord(part);
  for (const list of [comparison.inputs, comparison.rules, comparison.notes]) if (list) shownList(list, "note");
  return displayed(comparison, comparisonDisplay);
}

/** A fusion report that shows itself, as do its rewrites, what it left alone, and both sizes. */
export function shownReport<T extends FusionSummary>(report: T, graphs?: { before: GraphShape; after: GraphShape }): T {
  shownList(report.applied);
  shownList(report.skipped);
  shownRecord(report.before);
  shownRecord(report.after);
  return displayed(report, (report) => reportDisplay(report, graphs));
}

/** What came of a fusion: shows itself as its report does, and keeps the report's data. */
export function shownFusion<T extends { report: FusionSummary }>(
  result: T,
  graphs: { before: GraphShape; after: GraphShape },
): T {
  return displayed(result, ({ report }) => reportDisplay(report, graphs), result.report);
}

/** Getters of a model whose values show themselves, and methods that make another model. */
const LISTS = ["inputs", "outputs", "nodes", "wrongClaims"],
  RECORDS = ["stats", "ops"],
  MODELS = ["named", "withFrozenInputs"];

/** A model that shows itself, as does what it tells of itself, and models made of it. */
export function shownModel<T extends ShownModel>(model: T): T {
  const get = (name: string, show: (value: object) => object): PropertyDescriptor => ({
    get: () => show(Reflect.get(Object.getPrototypeOf(model), name, model)),
    configurable: true,
  });
  const own: Record<string, PropertyDescriptor> = {};
  for (const name of LISTS) if (name in model) own[name] = get(name, (list) => shownList(list as unknown[]));
  for (const name of RECORDS) if (name in model) own[name] = get(name, shownRecord);
  for (const name of MODELS) {
    const method = Reflect.get(model, name);
    if (typeof method === "function") {
      own[name] = { value: (...args: unknown[]) => shownModel(method.apply(model, args)), configurable: true };
    }
  }
  return displayed(Object.defineProperties(model, own), modelDisplay, false);
}

const HEAD = ["optimizations", "before", "after", "speed-up (95% CI)", "verdict"];

function levelsDisplay(levels: readonly LevelComparison[]): MimeBundle {
  const table = (interval: typeof formatInterval) =>
    levels.map(({ level, before, after, speedup, verdict }) => [
      level,
      formatMs(before.medianMs),
      formatMs(after.medianMs),
      interval(speedup),
      formatVerdict(verdict),
    ]);
  const rows = table(formatInterval);
  return bundle(
    textTable(HEAD, rows).join("\n"),
    `${markdownTable(HEAD, rows.map((row) => row.map(escapeMarkdown))).join("\n")}\n`,
    [
      htmlTable(HEAD, table(htmlInterval), { numbers: [1, 2], className: "stack" }),
      levels.length > 0 ? htmlFigure((width) => levelBars(levels, { width })) : "",
    ],
  );
}
