/**
 * The error of a comparison: the first input set in full, top-1 and top-5 over all sets, every output on every set by itself, and what it is to be read by.
 *
 * @module
 */
import { measureError } from "./error.ts";
import type { FeedSet } from "./feeds.ts";
import type { NamedTensors } from "./session.ts";
import type { ErrorMeasures, ErrorSummary, OutputError } from "./types.ts";

/** Outputs of both models on every input set, in the sets' order. */
export interface Outputs {
  /** The input sets. */
  sets: readonly FeedSet[];
  /** The first model's outputs. */
  before: readonly NamedTensors[];
  /** The second's. */
  after: readonly NamedTensors[];
  /** The first model's outputs with ONNX Runtime's optimizations off, and with all of them. */
  runtime?: readonly [readonly NamedTensors[], readonly NamedTensors[]];
}

/** Measures everything there is to say of two models' outputs. @throws {Error} As {@linkcode measureError} does. */
export function summariseErrors({ sets, before, after, runtime }: Outputs): ErrorSummary {
  const errors = sets.map((_, i) => measureError(before[i], alignOutputs(before[i], after[i])));
  const floors = runtime && sets.map((_, i) => measureError(runtime[0][i], runtime[1][i]));
  const worst = sets.flatMap(({ name: input }, i) =>
    Object.entries(errors[i].outputs).map(([output, measures]): OutputError => {
      const floor = floors?.[i].outputs[output];
      return {
        output,
        input,
        ...measures,
        ...(floor ? { runtime: { l2: floor.l2, relativeL2: floor.relativeL2, maxAbs: floor.maxAbs } } : {}),
      };
    })
  );
  return {
    ...errors[0],
    ...topAgreement(errors.flatMap(({ outputs }) => Object.values(outputs))),
    ...(floors ? { runtime: overall(floors[0]) } : {}),
    distributions: Object.fromEntries(sets.map(({ name }, i) => [name, overall(errors[i])])),
    worst: worst.sort((a, b) => severity(b) - severity(a)),
  };
}

/** Top-1 and top-5 agreement over all input sets and outputs with a class axis, and over how many rows. */
function topAgreement(
  outputs: readonly ErrorMeasures[],
): Pick<ErrorMeasures, "top1Agreement" | "top5Agreement" | "classRows"> {
  const over = (agreement: (measures: ErrorMeasures) => number | null) => {
    const taking = outputs.filter((measures) => agreement(measures) !== null);
    const rows = taking.reduce((sum, { classRows = 0 }) => sum + classRows, 0);
    const agreed = taking.reduce((sum, measures) => sum + agreement(measures)! * (measures.classRows ?? 0), 0);
    return rows > 0 ? { share: agreed / rows, rows } : undefined;
  };
  const top1 = over(({ top1Agreement }) => top1Agreement), top5 = over(({ top5Agreement }) => top5Agreement);
  return {
    top1Agreement: top1?.share ?? null,
    top5Agreement: top5?.share ?? null,
    ...top1 ? { classRows: top1.rows } : {},
  };
}

/** How bad an error is, to sort by: what has no rounding and differs is worse than any rounding. */
export function severity({ relativeL2, unequal }: ErrorMeasures): number {
  return unequal?.count ? Infinity : relativeL2;
}

/** The error over all outputs, without the histograms and the outputs by themselves. */
export function overall(
  { outputs: _outputs, histogram: _histogram, ulpHistogram: _ulps, ...measures }: ErrorSummary,
): ErrorMeasures {
  return measures;
}

/** Names the second model's outputs like the first's, by position, where no name is shared. */
function alignOutputs(first: NamedTensors, second: NamedTensors): NamedTensors {
  const names = Object.keys(first);
  const tensors = Object.values(second);
  if (names.some((name) => name in second) || names.length !== tensors.length) return second;
  return Object.fromEntries(names.map((name, i) => [name, tensors[i]]));
}
