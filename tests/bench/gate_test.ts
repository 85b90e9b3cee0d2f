import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { INFINITE_ERROR } from "../../src/bench/error.ts";
import { gate } from "../../src/bench/gate.ts";
import { comparisonWith, levelWith, measures, spread } from "./saved.ts";

const slowerBy = (share: number, half = 0.01) => levelWith("all", spread(-Math.log1p(share), half));

Deno.test("gate() fails a model that is surely slower than the limit, and says by how much", () => {
  const { passed, sentence, warnings } = gate(comparisonWith([slowerBy(0.05)]), { failIfSlower: 0.02 });
  assertEquals([passed, warnings], [false, []]);
  assertStringIncludes(sentence, "Failed: the second model is 5.0% slower at level all (99.5% CI of the slow-down ");
  assertStringIncludes(sentence, "above 2.0%.");
});

Deno.test("gate() passes a model that is surely within the limit", () => {
  for (const share of [-0.2, 0, 0.01]) {
    const { passed, warnings } = gate(comparisonWith([slowerBy(share)]), { failIfSlower: 0.02 });
    assertEquals([passed, warnings], [true, []], `${share}`);
  }
});

Deno.test("gate() warns, and passes, where noise leaves it open", () => {
  const { passed, warnings } = gate(comparisonWith([slowerBy(0.03, 0.5)]), { failIfSlower: 0.02 });
  assertEquals([passed, warnings.length], [true, 1]);
  assertStringIncludes(warnings[0], "Inconclusive: 3.0% slower at level all");
});

Deno.test("gate() judges every level", () => {
  const levels = [levelWith("disabled", spread(0.1, 0.01)), slowerBy(0.05)];
  assertEquals(gate(comparisonWith(levels), { failIfSlower: 0.02 }).passed, false);
});

Deno.test("gate() fails on the worst error of all input sets, an infinite one too", () => {
  const comparison = comparisonWith([slowerBy(0)], 1e-6);
  assertEquals(gate(comparison, { maxError: 1e-5 }).passed, true);
  assertEquals(gate(comparison, { maxError: 1e-7 }).passed, false);
  const wide = gate({ ...comparison, error: { ...comparison.error, distributions: { wide: measures(1e-3) } } }, {
    maxError: 1e-4,
  });
  assertEquals(wide.sentence, "Failed: the relative L2 error is 1.00e-3 (input wide), above 0.0001.");
  assertEquals(gate(comparisonWith([], INFINITE_ERROR), { maxError: 0.99 }).passed, false);
});

Deno.test("gate() refuses a limit of errors that is negative, no number, or so large that an output of zeros is within", () => {
  for (const maxError of [-1, 1, 2, Infinity, NaN]) {
    assertThrows(() => gate(comparisonWith([], 0), { maxError }), RangeError, "expected a number of at least 0");
  }
});

Deno.test("gate() without limits passes", () => {
  assertEquals(gate(comparisonWith([slowerBy(0.5)], 1), {}), {
    passed: true,
    outcome: "passed",
    sentence: "Passed: within the limits.",
    warnings: [],
  });
});
