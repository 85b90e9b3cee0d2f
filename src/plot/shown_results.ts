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

/** Methods of a list that make another one of its members. */
const SELECTIONS: readonly string[] = ["concat", "filter", "slice", "toReversed", "toSorted", "toSpliced", "with"];

/** A list that shows itself as a table, as does each record in it, and what is selected from it. */
export function shownList<T extends readonly unknown[]>(list: T, name?: string): T {
  for (const each of list) if (isRecord(each)) shownRecord(each);
  return withSelections(displayed(list, (list) => listDisplay(list, name)), (list) => shownList(list, name));
}

/** A list of which what is selected shows itself, too. The methods are the list's own: no class is changed. */
function withSelections<T extends readonly unknown[]>(list: T, show: (list: T) => T): T {
  for (const name of SELECTIONS) {
    const select: (...args: unknown[]) => unknown = Reflect.get(list as object, name);
    const value = (...args: unknown[]) => show(select.apply(list, args) as T);
    Object.defineProperty(list, name, { value, configurable: true });
  }
  return list;
}

/** Every record and every list of records in a value, at any depth, shows itself. */
function shownParts(value: unknown): void {
  if (!isRecord(value) && !Array.isArray(value) || !Object.isExtensible(value)) return;
  const parts = Object.values(value);
  parts.forEach(shownParts);
  if (!Array.isArray(value)) shownRecord(value);
  else if (parts.some(isRecord)) shownList(value);
}

function isRecord(value: unknown): value is object {
  return value?.constructor === Object && Object.isExtensible(value);
}

/** A record that shows itself, its fields one below the other. */
export function shownRecord<T extends object>(record: T): T {
  return displayed(record, recordDisplay);
}

/** A comparison that shows itself, as does everything in it; its error and its levels with their plots. */
export function shownComparison<T extends Comparison>(comparison: T): T {
  shownParts(comparison);
  displayed(comparison.error, errorDisplay);
  shownLevels(comparison.levels);
  for (const level of comparison.levels) displayed(level, (level) => levelsDisplay([level]));
  for (const list of [comparison.inputs, comparison.rules, comparison.notes]) if (list) shownList(list, "note");
  return displayed(comparison, comparisonDisplay);
}

function shownLevels<T extends readonly LevelComparison[]>(levels: T): T {
  return withSelections(displayed(levels, levelsDisplay), shownLevels);
}

/** A fusion report that shows itself, as do its rewrites, what it left alone, both sizes, and their parts. */
export function shownReport<T extends FusionSummary>(report: T, graphs?: { before: GraphShape; after: GraphShape }): T {
  shownParts(report);
  shownList(report.applied);
  shownList(report.skipped);
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
