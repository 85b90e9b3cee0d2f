import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { parseComparison, toGithubActionBenchmark, toMarkdown } from "../../src/bench/export.ts";
import { comparisonWith, levelWith, spread } from "./saved.ts";

const comparison = comparisonWith([
  levelWith("disabled", spread(Math.log(1.25), 0.01)),
  levelWith("all", spread(0, 0.01)),
]);

Deno.test("toMarkdown() writes one row a level with its interval, then the error and the notes", () => {
  const text = toMarkdown({ ...comparison, notes: ["Beware of *this*."] });
  const rows = text.split("\n").filter((line) => line.startsWith("| ") && !line.startsWith("| ONNX"));
  assertEquals(rows.length, 2);
  assertEquals(
    /^\| disabled \| 12\.5 ms \| 10\.0 ms \| 1\.250× \(1\.2\d\d–1\.2\d\d\) \| faster \|$/.test(rows[0]),
    true,
    rows[0],
  );
  assertStringIncludes(rows[1], "| same |");
  assertStringIncludes(text, "L2 1.00e-5 of 10.0 (relative 1.00e-6)");
  assertStringIncludes(text, "> Beware of \\*this\\*.");
});

Deno.test("toMarkdown() keeps a model's name from breaking the table", () => {
  assertStringIncludes(toMarkdown({ ...comparison, before: { ...comparison.before, name: "a|b_c" } }), "a\\|b\\_c");
});

Deno.test("toGithubActionBenchmark() gives times in ms and their ratio, smaller being better", () => {
  const entries = toGithubActionBenchmark(comparison);
  assertEquals(entries.length, 7);
  assertEquals(entries.map(({ unit }) => unit), ["ms", "ms", "ratio", "ms", "ms", "ratio", "ratio"]);
  assertEquals(entries[0].value, comparison.levels[0].before.medianMs);
  assertEquals(entries[2].value.toFixed(3), "0.800");
  assertEquals([entries[2].extra, entries[6].value], ["faster", 1e-6]);
});

Deno.test("parseComparison() reads what was saved, and says what is wrong with anything else", () => {
  assertEquals(parseComparison(JSON.stringify(comparison)), comparison);
  assertThrows(() => parseComparison("{", "old.json"), Error, "old.json: not JSON");
  assertThrows(() => parseComparison("null", "old.json"), Error, "old.json: schemaVersion undefined, expected 1");
  assertThrows(() => parseComparison('{"schemaVersion":2}', "old.json"), Error, "schemaVersion 2, expected 1");
  assertThrows(() => parseComparison('{"schemaVersion":1}', "old.json"), Error, '"environment" is missing');
  const [level] = comparison.levels;
  const damages = [
    { inputs: null },
    { levels: "all" },
    { levels: [null] },
    { levels: [{ ...level, lnRatios: [] }] },
    { levels: [{ ...level, lnRatios: [null] }] },
    { levels: [{ ...level, before: null }] },
    { levels: [{ ...level, openings: [] }] },
    { levels: [{ ...level, decision: { evidence: null } }] },
  ];
  for (const damage of damages) {
    const saved = JSON.stringify({ ...comparison, ...damage });
    assertThrows(() => parseComparison(saved, "old.json"), Error, "old.json: its inputs or levels are damaged");
  }
});
