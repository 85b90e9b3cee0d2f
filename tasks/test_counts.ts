/** How many tests passed, failed and were skipped. */
export interface Counts {
  passed: number;
  failed: number;
  skipped: number;
}

/** Sum of two counts. */
export function add(a: Counts, b: Counts): Counts {
  return { passed: a.passed + b.passed, failed: a.failed + b.failed, skipped: a.skipped + b.skipped };
}

const STEPS = String.raw`(?: \(\d+ steps?\))?`;
const SUMMARY = new RegExp(
  String.raw`^(?:ok|FAILED) \| (\d+) passed${STEPS} \| (\d+) failed${STEPS}(?: \| (\d+) ignored${STEPS})?`,
  "gm",
);
// deno-lint-ignore no-control-regex
const COLOUR = /\x1b\[[0-9;]*m/g;

/**
 * Counts of a `deno test` run, read from its closing line. A run that failed without a failed test (a module that does not
 * type-check or load, a leak, a crash) counts one failure, so that it can never look green.
 */
export function parseCounts(output: string, success: boolean): Counts {
  const summary = [...output.replace(COLOUR, "").matchAll(SUMMARY)].at(-1);
  const [passed, failed, skipped] = (summary?.slice(1) ?? []).map((text) => Number(text ?? 0));
  if (!summary) return { passed: 0, failed: success ? 0 : 1, skipped: 0 };
  return { passed, failed: success ? failed : Math.max(1, failed), skipped };
}
