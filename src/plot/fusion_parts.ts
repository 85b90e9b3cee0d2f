import { escapeMarkup, formatCount } from "./format.ts";
import { type AppliedRule, type FusionSummary, groupBy, groupSkipped, type SkippedRule } from "./fusion_summary.ts";
import { nothing, remarks, statRows } from "./fusion_text.ts";
import { fusionPicture, rewriteKinds } from "./fusion_picture.ts";
import type { GraphShape } from "./graph_layout.ts";
import { htmlFigure } from "./figure.ts";
import { htmlName, htmlNotes, htmlTable } from "./parts.ts";

/** Rows of one list; the rest is in the JSON that a page has to download. */
const ROWS = 400;

/** Kinds of rewrites that get a picture. */
const PICTURES = 6;

/**
 * What was fused: sizes before and after, what else is to be known, and every rewrite under its rule. A row's id is `applied-` and its place in
 * the report.
 */
export function htmlApplied(report: FusionSummary): string {
  const places = new Map(report.applied.map((each, index) => [each, index]));
  const row = (each: AppliedRule) =>
    `<tr id="applied-${places.get(each)}"><td>${each.nodes.map(htmlName).join(" + ")}</td><td>${
      htmlName(each.result)
    }</td></tr>`;
  const sizes = htmlTable(
    ["", "before", "after"],
    statRows(report.before, report.after).map(([name, ...rest]) => [escapeMarkup(name), ...rest]),
    {
      numbers: [1, 2],
    },
  );
  return sizes + htmlNotes(remarks(report)) + (report.applied.length === 0 ? `<p>${nothing(report)}</p>` : "") +
    groupBy(report.applied, (each) => each.rule).map(([rule, uses]) =>
      folded(
        htmlName(rule),
        uses.length,
        `<thead><tr><th scope="col">nodes</th><th scope="col">became</th></tr></thead>`,
        uses.map(row),
      )
    ).join("\n");
}

/**
 * What was not fused: every reason with the nodes it holds for. A row's id is `skipped-` and its place in the report.
 */
export function htmlSkipped(report: FusionSummary): string {
  const places = new Map(report.skipped.map((each, index) => [each, index]));
  if (report.skipped.length === 0) return "<p>No rule found a place that it had to leave alone.</p>";
  return groupSkipped(report).map(({ rule, reason, members }) => {
    const differ = members.some((each) => each.reason !== members[0].reason);
    const row = (each: SkippedRule) =>
      `<tr id="skipped-${places.get(each)}"><td>${htmlName(each.node)}</td>${
        differ ? `<td>${escapeMarkup(each.reason)}</td>` : ""
      }</tr>`;
    return folded(
      `${escapeMarkup(reason)} <span class="range">${htmlName(rule)}</span>`,
      members.length,
      "",
      members.map(row),
    );
  }).join("\n");
}

/** A picture of one rewrite of each kind, the most frequent first. */
export function htmlPictures(
  report: FusionSummary,
  { before, after }: { before: GraphShape; after: GraphShape },
): string {
  return rewriteKinds(before, after, report).slice(0, PICTURES)
    .map(({ rewrite }) => htmlFigure((width) => fusionPicture(before, after, report, { rewrite, width }))).join("\n");
}

function folded(summary: string, count: number, head: string, rows: string[]): string {
  const more = rows.length - ROWS;
  const last = more > 0 ? `<tr><td colspan="2">and ${formatCount(more)} more, in the JSON</td></tr>` : "";
  return `<details><summary><span class="count">${formatCount(count)}</span>${summary}</summary>` +
    `<div class="scroll"><table>${head}<tbody>${rows.slice(0, ROWS).join("\n")}${last}</tbody></table></div></details>`;
}
