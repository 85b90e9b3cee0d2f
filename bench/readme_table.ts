/**
 * The table near the top of the README, made of bench/RESULTS.md: what a reader is to see before the first command.
 *
 * @module
 */
import { sectionOf } from "./results_table.ts";

/** Where the table stands in the README. */
const BEGIN = "<!-- results: written by `deno task results` -->", END = "<!-- end of results -->";

/** Rows that are seen; the rest is folded up. */
const SHOWN = 8;

/** Columns of RESULTS.md's tables. */
const MODEL = 0, NODES = 2, BEFORE = 3, AFTER = 4, SPEEDUP = 5, VERDICT = 6;

/** The README with its table made anew of RESULTS.md. Throws an Error where it has no place for one, or there are no results. */
export function withResults(readme: string, results: string): string {
  const begin = readme.indexOf(BEGIN), end = readme.indexOf(END);
  if (begin < 0 || end < begin) throw new Error(`README.md: expected a line ${BEGIN}, and below it ${END}`);
  return `${readme.slice(0, begin)}${BEGIN}\n\n${resultsTable(results)}\n\n${readme.slice(end)}`;
}

/** Networks that became faster, at the levels of RESULTS.md, and how many of the others did not. */
export function resultsTable(results: string): string {
  const all = rowsOf(sectionOf(results, heading(results, "all")));
  const disabled = new Map(rowsOf(sectionOf(results, heading(results, "disabled"))).map((row) => [row[MODEL], row]));
  if (all.length === 0) throw new Error("RESULTS.md: expected a table below the heading of level `all`, found none");
  const faster = all.filter((row) => row[VERDICT] === "faster");
  const count = (verdict: string) => all.filter((row) => row[VERDICT] === verdict).length;
  const lines = faster.map((row) =>
    [row[MODEL], row[NODES], row[BEFORE], row[AFTER], row[SPEEDUP], disabled.get(row[MODEL])?.[SPEEDUP] ?? "–"].join(
      " | ",
    )
  );
  const others = ["same", "inconclusive", "slower"].filter((verdict) => count(verdict) > 0)
    .map((verdict) => `${count(verdict)} ${verdict}`).join(", ");
  const table = (rows: readonly string[]) => [
    "| network | nodes | before | after | speed-up (95% CI), ONNX Runtime's own fusions on | off |",
    "| --- | --- | ---: | ---: | --- | --- |",
    ...rows.map((row) => `| ${row} |`),
    "",
  ];
  const more = lines.slice(SHOWN);
  return [
    ...table(lines.slice(0, SHOWN)),
    ...more.length > 0
      ? ["<details>", `<summary>${more.length} more that became faster</summary>`, "", ...table(more), "</details>", ""]
      : [],
    `${faster.length} of ${all.length} networks became faster than ONNX Runtime makes them by itself${
      others ? `; the others: ${others}` : ""
    }. All rows, the machine and the noise floors: [bench/RESULTS.md](bench/RESULTS.md).`,
  ].join("\n");
}

/** The heading of a level's table. */
function heading(results: string, level: string): string {
  return results.split("\n").find((line) => line.startsWith(`## Level \`${level}\``)) ?? "";
}

function rowsOf(table: string): string[][] {
  return table.split("\n").filter((line) => line.startsWith("|")).slice(2).map((line) =>
    line.split("|").slice(1, -1).map((cell) => cell.trim())
  );
}
