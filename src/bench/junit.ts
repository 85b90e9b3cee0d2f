/**
 * A gate's outcome as JUnit XML, which CI systems show as tests.
 *
 * @module
 */
// @ts-types="./junit_report_builder.d.ts"
import builder from "junit-report-builder";
import { gate } from "./gate.ts";
import type { GatedPair } from "./gate_table.ts";

/**
 * One test case for each pair and limit (speed, error), and one that says whether a pair without limits could be run. What is
 * undecided is a failure of type `undecided`; a pair that could not be run is an error.
 *
 * @example
 * ```ts
 * import { judgePair, toJUnit } from "@layerfuse/layerfuse/bench";
 *
 * const xml = toJUnit([judgePair({ name: "detector", error: "no such file", limits: { maxError: 1e-4 } })]);
 * if (!xml.includes('errors="1"')) throw new Error(xml);
 * ```
 */
export function toJUnit(pairs: readonly GatedPair[]): string {
  const report = builder.newBuilder();
  const suite = report.testSuite().name("layerfuse compare");
  for (const { name, comparison, error, limits: { failIfSlower, maxError } } of pairs) {
    const seconds = (comparison?.levels ?? []).reduce((sum, level) => sum + (level.seconds ?? 0), 0);
    const cases = [
      ...(failIfSlower === undefined ? [] : [["speed", { failIfSlower }] as const]),
      ...(maxError === undefined ? [] : [["error", { maxError }] as const]),
    ];
    for (const [what, limits] of cases.length > 0 ? cases : [["runs", {}] as const]) {
      const test = suite.testCase().className(clean(name)).name(what).time(what === "error" ? 0 : seconds);
      if (!comparison) {
        test.error(clean(error ?? "not measured"));
        continue;
      }
      const { outcome, sentence, warnings } = gate(comparison, limits);
      if (outcome !== "passed") test.failure(clean(sentence), outcome);
      const remarks = [...warnings, ...what === "error" ? [] : comparison.notes];
      if (remarks.length > 0) test.standardOutput(clean(remarks.join("\n")));
    }
  }
  return report.build();
}

/** Text without what XML cannot hold; a name may have anything in it. */
function clean(text: string): string {
  // deno-lint-ignore no-control-regex
  return text.toWellFormed().replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, "\ufffd");
}
