import { assertAlmostEquals, assertEquals, assertStringIncludes } from "@std/assert";
import { binomialInterval, type Condition, ratesTable, type Reading, summarise } from "../../bench/selftest_rates.ts";
import { judge } from "../../src/bench/judge.ts";
import { levelWith, spread } from "./saved.ts";

Deno.test("binomialInterval() is Clopper and Pearson's", () => {
  // 0 of 10: 1 − 0.025^(1/10); 5 of 10: of any table
  assertEquals(binomialInterval(0, 10)[0], 0);
  assertAlmostEquals(binomialInterval(0, 10)[1], 0.308497, 1e-5);
  assertAlmostEquals(binomialInterval(5, 10)[0], 0.187086, 1e-5);
  assertAlmostEquals(binomialInterval(5, 10)[1], 0.812914, 1e-5);
});

const reading = (ln: number): Reading => {
  const openings = Array.from({ length: 10 }, (_, i) => 10 * i), sorted = spread(ln, 0.001);
  const ratios = sorted.map((_, i) => sorted[37 * i % sorted.length]); // in order, openings would resemble each other
  return { ...levelWith("all", ratios), ...judge(ratios, { openings, sameOperators: 50 }) } as Reading;
};
const condition = (pair: string, lns: number[]): Condition => ({
  ...{ name: "quiet", model: "3 ms", threads: 1, pair, seconds: 10 },
  readings: lns.map(reading),
});

Deno.test("summarise() counts false calls by the plain band, and is broken where a rate is surely beyond its limit", () => {
  const right = summarise([condition("A/A", Array(20).fill(0))]);
  assertEquals(right.map(({ isBroken }) => isBroken), [false, false, false]);
  const wrong = summarise([condition("A/A", Array(20).fill(0.02))]);
  assertEquals(wrong.map(({ isBroken }) => isBroken), [true, true, false]);
  assertStringIncludes(wrong[1].text, "false verdicts                  20 of 20");
});

Deno.test("summarise() asks for power, and takes the median of all runs for the truth of the gate", () => {
  const found = summarise([condition("+2%", Array(20).fill(-0.02))]);
  assertEquals(found.map(({ isBroken }) => isBroken), [false, false, false, false]);
  const missed = summarise([condition("+2%", Array(20).fill(-0.002))]);
  assertEquals(missed.find(({ text }) => text.includes("power"))!.isBroken, true);
});

Deno.test("summarise() of runs whose median is not slower at all still counts the gate", () => {
  const found = summarise([condition("+2%", Array(5).fill(0.03))]);
  assertStringIncludes(found.find(({ text }) => text.includes("gate"))!.text, "0 of 5");
});

Deno.test("ratesTable() has a row per rate with its share and interval", () => {
  const rows = ratesTable(summarise([condition("A/A", Array(20).fill(0))])).split("\n");
  assertEquals(rows.length, 5);
  assertEquals(rows[3], "| quiet | 3 ms | 1 | 10 s | A/A (1.000) | false verdicts | 0 of 20 | 0.0% (0.0%–16.8%) |");
});

Deno.test("summarise() adds the rates of all models together", () => {
  const first = condition("A/A", Array(20).fill(0)), second = { ...first, model: "0.2 ms" };
  const { cells, count, of } = summarise([first, second]).find(({ cells }) => cells[1] === "together")!;
  assertEquals(cells.slice(0, 6), ["quiet", "together", "", "10 s", "A/A", "interval leaves out 1"]);
  assertEquals([count, of], [0, 40]);
});
