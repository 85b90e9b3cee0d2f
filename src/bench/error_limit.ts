/**
 * Whether two models' outputs are close enough: every output by itself, the worst first.
 *
 * @module
 */
import { checked } from "../host/options.ts";
import { INFINITE_ERROR } from "./error.ts";
import { severity } from "./error_summary.ts";
import type { ErrorMeasures, ErrorSummary, OutputError } from "./types.ts";

/** What a limit of relative L2 errors must be. */
export const ERROR_LIMIT = "a number of at least 0 and below 1, which an output of nothing but zeros has; such as 1e-4";

/** Whether it is one that can fail. */
export function isErrorLimit(value: unknown): value is number {
  return typeof value === "number" && value >= 0 && value < 1;
}

/** How many times the difference that the runtime's own optimizations make of an output is still rounding. */
const FLOOR_FACTOR = 4;
/** How many times the limit that allowance reaches, unless no element differs by more than the limit itself. */
const FLOOR_CAP = 10;
/** Outputs named in one sentence. */
const NAMED = 3;

/** How {@linkcode judgeError} excuses what is beyond the limit. */
export interface ExcuseOptions {
  /** Whether ten times the limit is never excused, however small the elements. */
  isAbsolute?: boolean;
  /** What `runtime` of the errors is, where it is not what the runtime's optimizations make: "the original makes". */
  by?: string;
}

/** What {@linkcode judgeError} says. */
export interface ErrorJudgement {
  /** Whether every output is within the limit, or is no more than rounding beyond it. */
  passed: boolean;
  /** Why not, the worst output first: parts of a sentence. */
  failures: string[];
  /** What a reader must know all the same: sentences. */
  warnings: string[];
}

/**
 * Judges the error of every output, on every input set, by itself: a large output that is equal does not hide a small one that
 * is not.
 *
 * - Floating-point outputs: the relative L2 error must be at most `maxError`. One beyond it passes, with a warning, where it is at
 *   most four times what ONNX Runtime's own optimizations make of the same output of the *first* model (a nearly empty output is
 *   mostly rounding), and not beyond ten times `maxError` unless no element differs by more than `maxError` itself.
 * - Whole numbers, booleans and strings have no rounding: they must be equal.
 * - NaN or infinity in one model only fails at any limit. In both alike it is a warning; where an output is nothing else, there
 *   was nothing to compare, and it fails.
 * - A model that differs from itself, run twice on one input, is a warning.
 *
 * @param maxError The largest relative L2 error, above or equal to 0.
 */
export function judgeError(
  error: ErrorSummary,
  maxError: number,
  options: ExcuseOptions = {},
): ErrorJudgement {
  const { isAbsolute = false, by = "ONNX Runtime's own optimizations make" } = checked("judgeError", options, {
    isAbsolute: true,
    by: true,
  });
  const outputs = byOutput(error);
  const failures = new Map<string | undefined, string>(); // by output: its worst input set speaks for it
  const excused = new Map<string | undefined, string>();
  const alike = new Map<string | undefined, string>();
  for (const each of outputs) {
    const { output, input, relativeL2, nonFinite, unequal, elements, runtime } = each;
    const where = [output === undefined ? undefined : `output ${output}`, input].filter((part) => part !== undefined)
      .join(", ");
    const fail = (text: string) => failures.has(output) || failures.set(output, text);
    const beside = runtime ? `; ${by} ${scientific(runtime.relativeL2)} of it` : "";
    if (unequal?.count) {
      fail(
        `${unequal.count} of ${unequal.of} whole numbers, booleans or strings differ (${where}), and these must be equal`,
      );
    } else if (nonFinite?.different) {
      fail(`NaN or infinity stands at ${places(nonFinite.different)} in one model only (${where})`);
    } else if (nonFinite && nonFinite.equal === elements) {
      fail(`there is nothing but NaN or infinity in both models (${where}), so nothing was compared`);
    } else if (!(relativeL2 <= maxError)) {
      const said = `relative L2 error is ${scientific(relativeL2)} (${where}${beside}), above ${maxError}`;
      if (!isRounding(each, maxError, isAbsolute)) fail(`the ${said}`);
      else if (!excused.has(output)) excused.set(output, `The ${said}, but no more than rounding.`);
    }
    if (nonFinite?.equal && nonFinite.equal !== elements && !alike.has(output)) {
      alike.set(output, `NaN or infinity stands at ${places(nonFinite.equal)} in both models alike (${where}).`);
    }
  }
  const warnings = [...excused.values(), ...alike.values()];
  for (const [which, measures] of Object.entries(error.self ?? {})) {
    if (measures) {
      warnings.push(
        `The ${
          which === "before" ? "first" : "second"
        } model differs from itself: run twice on one input its outputs are ` +
          `${scientific(measures.relativeL2)} apart (relative L2).`,
      );
    }
  }
  const all = [...failures.values()];
  const more = all.length - NAMED;
  const named = more > 0 ? [...all.slice(0, NAMED), `and ${more} more output${more === 1 ? "" : "s"}`] : all;
  return { passed: all.length === 0, failures: named, warnings };
}

/** No more than a few times what the runtime itself does to the output, and that within a cap. */
function isRounding(
  { l2, relativeL2, maxAbs, runtime }: ErrorMeasures & Partial<OutputError>,
  limit: number,
  isAbsolute: boolean,
): boolean {
  return runtime !== undefined && l2 < INFINITE_ERROR && l2 <= FLOOR_FACTOR * runtime.l2 &&
    (relativeL2 <= FLOOR_CAP * limit || !isAbsolute && maxAbs <= limit);
}

/** Every output on every input set, the worst first; comparisons saved without that have either alone. */
function byOutput(
  error: ErrorSummary,
): (ErrorMeasures & { output?: string; input?: string; runtime?: OutputError["runtime"] })[] {
  if (error.worst) return error.worst.map((each) => ({ ...each, input: `input ${each.input}` }));
  return [
    ...Object.entries(error.outputs).map(([output, { ...measures }]) => ({
      ...measures,
      output,
      input: "the timed input",
    })),
    ...Object.entries(error.distributions ?? {}).map(([input, measures]) => ({ ...measures, input: `input ${input}` })),
  ].sort((a, b) => severity(b) - severity(a));
}

function places(count: number): string {
  return `${count} place${count === 1 ? "" : "s"}`;
}

function scientific(value: number): string {
  return value >= INFINITE_ERROR ? "infinite" : value === 0 ? "0" : value.toExponential(2);
}
