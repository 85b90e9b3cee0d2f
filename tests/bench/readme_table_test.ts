import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { resultsTable, withResults } from "../../bench/readme_table.ts";

const readme = await Deno.readTextFile(new URL("../../README.md", import.meta.url));
const results = await Deno.readTextFile(new URL("../../bench/RESULTS.md", import.meta.url));

/** Text without what `deno fmt` changes: spaces, breaks and the dashes of a table's rule. */
const plain = (text: string) => text.replaceAll(/[\s-]+/g, " ").replaceAll(/: (?=\|)/g, "");

Deno.test("the README's table is what bench/RESULTS.md says", () => {
  assertEquals(
    plain(readme),
    plain(withResults(readme, results)),
    "`deno run -A bench/write_readme.ts` writes it anew",
  );
});

Deno.test("the README shows the largest speed-up of RESULTS.md before the first command", () => {
  const speedups = [...results.matchAll(/\*\*(\d+\.\d+)×\*\*/g)].map(([, ratio]) => Number(ratio));
  const before = readme.slice(0, readme.indexOf("```sh"));
  assertStringIncludes(before, `**${Math.max(...speedups).toFixed(3)}×**`);
});

Deno.test("resultsTable() folds up what a reader need not pass on the way to the first command", () => {
  const [shown, folded] = resultsTable(results).split("<details>");
  const rows = (text: string) => text.match(/^\| (?!network|---)/gm)?.length;
  assertEquals([rows(shown), rows(folded)], [8, Number(/<summary>(\d+) more/.exec(folded)?.[1])]);
});

Deno.test("resultsTable() lists what became faster, and counts the rest by verdict", () => {
  const row = (name: string, ratio: string, verdict: string) =>
    `| ${name} | 1×3 | 9 → 5 | 2 ms | 1 ms | **${ratio}×** (1–3) | ${verdict} | – | 30 | 1 | 1e-7 | – | 2026-01-01 | – |`;
  const table = (...rows: string[]) => ["| model | input | … |", "| --- | --- | --- |", ...rows].join("\n");
  const text = `# Results\n\n## Level \`all\`: on\n\n${
    table(row("a", "2.000", "faster"), row("b", "1.000", "same"), row("c", "0.900", "slower"))
  }\n\n## Level \`disabled\`: off\n\n${table(row("a", "3.000", "faster"))}\n`;
  const made = resultsTable(text);
  assertStringIncludes(made, "| a | 9 → 5 | 2 ms | 1 ms | **2.000×** (1–3) | **3.000×** (1–3) |");
  assert(!made.includes("| b |"));
  assertStringIncludes(
    made,
    "1 of 3 networks became faster than ONNX Runtime makes them by itself; the others: 1 same, 1 slower.",
  );
  assertThrows(() => resultsTable("# Results"), Error, "expected a table below the heading of level `all`");
  assertThrows(() => withResults("# layerfuse", text), Error, "README.md: expected a line <!-- results");
});
