/**
 * The numbers and the words of the one decision. Apart from `decide.ts`, so that `--help` can say them without loading anything.
 *
 * @module
 */

/** The band called `same` where nothing else is asked for: ±1%. */
export const DELTA = 0.01;

/** The band where ONNX Runtime runs the same operators for both models: ±3%. */
export const SAME_OPERATORS_DELTA = 0.03;

/** Confidence of the interval that is shown, and that must lie within the band for `same`. */
export const SHOWN = 0.95;

/** Confidence of the interval that must leave out 1 for `faster` and `slower`. */
export const CALLED = 0.995;

/** Below this many rounds nothing is called. */
export const MIN_ROUNDS_FOR_VERDICT = 10;

/** The rule of {@linkcode decide} in sentences, as the page, the notebook and `--help` state it. */
export const RULE: string =
  "Faster or slower: the 99.5% interval lies wholly on that side of 1, and the estimate is at least δ away from it. " +
  "Same: the 95% interval lies wholly within 1 ± δ. Everything else is inconclusive. δ is 1% unless said otherwise, and 3% " +
  "where ONNX Runtime runs the same operators for both models.";
