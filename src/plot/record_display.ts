/**
 * Displays of plain data: lists of records as tables, a record as two columns.
 *
 * @module
 */
import { bundle, type MimeBundle } from "./bundle.ts";
import { cleanText, escapeMarkdown, escapeMarkup, formatCount, formatNumber } from "./format.ts";
import { htmlTable } from "./parts.ts";
import { markdownTable, textTable } from "./text_layout.ts";

/** Rows of a table at most; what is beyond is counted. */
const ROWS = 60;

/** A list: of records as a table with a column for each of their fields, of anything else as one column. */
export function listDisplay(list: readonly unknown[], name = "value"): MimeBundle {
  const shown = list.slice(0, ROWS), isRecord = (each: unknown) => typeof each === "object" && each !== null;
  const head = shown.length > 0 && shown.every(isRecord)
    ? [...new Set(shown.flatMap((each) => Object.keys(each!)))]
    : [];
  const rows = head.length > 0
    ? shown.map((each) => head.map((field) => cell((each as Record<string, unknown>)[field])))
    : shown.map((each) => [cell(each)]);
  const more = list.length > ROWS ? `… and ${formatCount(list.length - ROWS)} more` : list.length === 0 ? "none" : "";
  return tableDisplay(head.length > 0 ? head : [name], rows, more);
}

/** A record: its fields, one below the other. */
export function recordDisplay(record: object): MimeBundle {
  return tableDisplay(["", "value"], Object.entries(record).map(([field, value]) => [field, cell(value)]), "");
}

function tableDisplay(head: string[], rows: string[][], more: string): MimeBundle {
  const [plain, markdown, html] = [cleanText, escapeMarkdown, escapeMarkup].map((escape) =>
    [head, ...rows].map((row) => row.map(escape))
  );
  const table = (make: (head: string[], rows: string[][]) => string[], [head, ...rows]: string[][]) =>
    [...rows.length > 0 ? make(head, rows) : [], ...more ? [more] : []].join("\n");
  return bundle(table(textTable, plain), `${table(markdownTable, markdown)}\n`, [
    html.length > 1 ? htmlTable(html[0], html.slice(1), { className: "stack" }) : "",
    more ? `<p>${more}</p>` : "",
  ]);
}

/** A value in a cell: long lists by their length, small records as they are. */
function cell(value: unknown): string {
  if (value === undefined || value === null) return "–";
  if (typeof value === "number") return Number.isInteger(value) ? formatCount(value) : formatNumber(value);
  if (Array.isArray(value)) {
    return value.length > 8 ? `${formatCount(value.length)} values` : value.map(cell).join(", ");
  }
  if (typeof value !== "object") return String(value);
  const fields = Object.entries(value);
  return fields.length > 12
    ? `${fields.length} fields`
    : fields.map(([name, each]) => `${name} ${cell(each)}`).join(", ");
}
