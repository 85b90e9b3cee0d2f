import { cleanText, escapeMarkdown, formatBytes, formatCount, formatNumberOf } from "./format.ts";
import { changedOps, type FusionSummary, groupBy, groupSkipped, type ModelStats } from "./fusion_summary.ts";
import { fold, markdownTable, textTable } from "./text_layout.ts";
import { checked } from "../host/options.ts";

/** How many nodes a list of names shows before it says how many more there are. */
const SHOWN = 6;
/** How many rewrites of one rule are listed before it says how many more there are. */
const SHOWN_REWRITES = 3;

/** How much {@link fusionText} lists. */
export interface FusionTextOptions {
  /** How many names or rewrites a list shows before it says how many more there are. */
  shown?: number;
  /** Whether each rewrite is listed with the nodes it replaces, not only counted by rule. */
  rewrites?: boolean;
}

/**
 * A fusion report as lines for a terminal: size before and after, rewrites by rule, and what was skipped by reason
 * with the first nodes it holds for.
 */
export function fusionText(report: FusionSummary, options: FusionTextOptions = {}): string {
  const { shown, rewrites = false } = checked("fusionText", options, { shown: true, rewrites: true });
  return [
    ...textTable(["", "before", "after"], statRows(report.before, report.after)),
    "",
    report.applied.length === 0 ? nothing(report) : `Fused (${formatNumberOf(report.applied.length, "rewrite")}):`,
    ...groupBy(report.applied, (each) => each.rule).flatMap(([rule, uses]) => [
      `  ${formatCount(uses.length).padStart(5)} × ${cleanText(rule)}`,
      ...rewrites ? rewriteLines(uses, shown) : [],
    ]),
    ...claimLines(report.wrongClaims ?? [], shown),
    ...loadedLines(report.loaded),
    ...(report.skipped.length === 0 ? [] : ["", "Not fused, and why:"]),
    ...groupSkipped(report).flatMap(({ rule, reason, members }) => [
      `  ${formatCount(members.length).padStart(5)} × ${cleanText(reason)} (${cleanText(rule)})`,
      ...fold(names(members.map((each) => each.node), cleanText, shown), " ".repeat(10)),
    ]),
  ].join("\n");
}

/** What to say where no rule applied, and why where no rule came near. */
export function nothing({ skipped }: Pick<FusionSummary, "skipped">): string {
  const why = " No linear layer in it has a neighbour that it could be one layer with.";
  return `Nothing was fused.${skipped.length === 0 ? why : ""}`;
}

/** What is not known where only a part of a file was loaded. */
function loadedLines(loaded: FusionSummary["loaded"]): string[] {
  if (!loaded) return [];
  const { bytes, of } = loaded;
  return [
    "",
    `Loaded were ${formatBytes(bytes)} of ${formatBytes(of)}: whether a new weight would overflow its element type ` +
    "is found out when the model is fused.",
  ];
}

/** What the file claims of its values and does not hold. */
function claimLines(claims: NonNullable<FusionSummary["wrongClaims"]>, shown: number = SHOWN): string[] {
  if (claims.length === 0) return [];
  const lines = claims.slice(0, shown).map(({ value, claimed, inferred }) =>
    `  '${cleanText(value)}' is said to be ${cleanText(claimed)}, from the inputs follows ${cleanText(inferred)}`
  );
  const more = claims.length > shown ? [`  and ${formatCount(claims.length - shown)} more`] : [];
  return ["", "Shapes the file declares are not believed, since they contradict its inputs:", ...lines, ...more];
}

/** What was measured of each rule. */
export function measuredLines({ measured = {} }: Pick<FusionSummary, "measured">): string[] {
  return Object.entries(measured).map(([rule, verdict]) =>
    `Measured with ${rule}: ${verdict}${verdict === "slower" ? ", so left out" : ""}.`
  );
}

/** What a reader should know of a report beside its tables: faults of the file, what was loaded of it, and what was measured. */
export function remarks(report: FusionSummary): string[] {
  const [, head, ...claims] = claimLines(report.wrongClaims ?? []);
  return [
    ...report.notes ?? [],
    ...head ? [`${head} ${claims.map((claim) => claim.trim()).join("; ")}.`] : [],
    ...loadedLines(report.loaded).slice(1),
    ...measuredLines(report),
  ];
}

/** A fusion report as Markdown: the same content as {@link fusionText}. Names are escaped. */
export function fusionMarkdown(report: FusionSummary): string {
  const applied = groupBy(report.applied, (each) => each.rule).map((
    [rule, uses],
  ) => [escapeMarkdown(rule), formatCount(uses.length)]);
  const skipped = groupSkipped(report).map(({ rule, reason, members }) => [
    escapeMarkdown(reason),
    escapeMarkdown(rule),
    formatCount(members.length),
    names(members.map((each) => each.node), escapeMarkdown),
  ]);
  return [
    ...markdownTable(
      ["", "before", "after"],
      statRows(report.before, report.after).map(([name, ...cells]) => [escapeMarkdown(name), ...cells]),
    ),
    ...remarks(report).flatMap((note) => ["", `> ${escapeMarkdown(note)}`]),
    "",
    ...(applied.length ? markdownTable(["fused by", "times"], applied) : [nothing(report)]),
    ...(skipped.length ? ["", ...markdownTable(["not fused: why", "rule", "times", "nodes"], skipped)] : []),
    "",
  ].join("\n");
}

/** Rows name, before, after: nodes, operators whose count changed, parameters, bytes. */
export function statRows(before: ModelStats, after: ModelStats): string[][] {
  return [
    ["nodes", formatCount(before.nodes), formatCount(after.nodes)],
    ...changedOps(before.ops, after.ops).map(([op, from, to]) => [cleanText(op), formatCount(from), formatCount(to)]),
    ["parameters", formatCount(before.parameters), formatCount(after.parameters)],
    ["size", formatBytes(before.bytes), formatBytes(after.bytes)],
  ];
}

function rewriteLines(uses: FusionSummary["applied"], shown = SHOWN_REWRITES): string[] {
  const lines = uses.slice(0, shown).map(({ nodes, result }) =>
    `${nodes.map(cleanText).join(" + ")} → ${cleanText(result)}`
  );
  if (uses.length > shown) lines.push(`and ${formatCount(uses.length - shown)} more`);
  return lines.flatMap((line) => fold(line, " ".repeat(10)));
}

function names(list: string[], escape: (name: string) => string, shown = SHOWN): string {
  const more = list.length - shown;
  return list.slice(0, shown).map(escape).join(", ") + (more > 0 ? ` and ${formatCount(more)} more` : "");
}
