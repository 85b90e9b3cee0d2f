/**
 * What is said of two models' outputs wherever their error is shown.
 *
 * @module
 */
import type { ErrorMeasures, ErrorSummary } from "./types.ts";

/**
 * Sentences on NaN and infinity, in both models alike too, on whole numbers, booleans and strings that differ, and on models that
 * differ from themselves; none where there is nothing to say.
 *
 * @param names What the two models are called.
 */
export function errorNotes(error: ErrorSummary, names: { before: string; after: string }): string[] {
  const notes: string[] = [];
  const outputs = new Map<string, ErrorMeasures & { input?: string }>();
  const all = error.worst ?? Object.entries(error.outputs).map(([output, measures]) => ({ output, ...measures }));
  for (const each of all) { // the worst input set of each output speaks for it
    const known = outputs.get(each.output);
    const isWorse = (each.nonFinite?.equal ?? 0) > (known?.nonFinite?.equal ?? 0);
    if (!known || (!known.nonFinite?.different && isWorse)) outputs.set(each.output, each);
  }
  for (const [output, { nonFinite, unequal, elements, input }] of outputs) {
    const where = `output ${output}${input === undefined ? "" : ` (input ${input})`}`;
    const of = elements === undefined ? "" : ` of ${elements}`;
    if (nonFinite?.different) {
      notes.push(`NaN or infinity in one model only: ${places(nonFinite.different)}${of} of ${where}.`);
    }
    if (nonFinite?.equal) {
      notes.push(
        `NaN or infinity in both models alike: ${places(nonFinite.equal)}${of} of ${where}; no error is taken there.`,
      );
    }
    if (unequal?.count) {
      notes.push(
        `${where[0].toUpperCase()}${where.slice(1)}: ${unequal.count} of ${unequal.of} ${
          unequal.of === 1 ? "value differs" : "values differ"
        }; whole numbers, booleans and strings should be equal.`,
      );
    }
  }
  for (const which of ["before", "after"] as const) {
    const self = error.self?.[which];
    if (!self) continue;
    notes.push(
      `${names[which]} differs from itself: run twice on the same input, its outputs are ${
        self.relativeL2 === Number.MAX_VALUE ? "infinitely far" : self.relativeL2.toExponential(2)
      } apart (relative L2). It has random operators, or sums in no fixed order; the error between the two models says no more than that.`,
    );
  }
  return notes;
}

function places(count: number): string {
  return `${count} place${count === 1 ? "" : "s"}`;
}
