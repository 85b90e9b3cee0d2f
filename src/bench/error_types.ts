/** How far two outputs are apart, of one output tensor or of all together. */
export interface ErrorMeasures {
  /** L2 norm of the difference: the article's third fact. */
  l2: number;
  /** L2 norm of the first model's output, to read {@link ErrorMeasures.l2} by. */
  norm: number;
  /** Largest absolute difference. */
  maxAbs: number;
  /** l2 / norm (0 when both are 0). */
  relativeL2: number;
  /** Cosine similarity. */
  cosine: number;
  /** Signal-to-noise ratio 20·log10(norm/l2) in dB; null when l2 is 0. */
  snrDb: number | null;
  /** Share of rows along the class axis with the same argmax, 0…1; null where no output has a class axis. */
  top1Agreement: number | null;
  /** Share of rows whose first argmax is in the second's five largest; null where none has 6 entries or more. */
  top5Agreement: number | null;
  /** Rows that the agreement is over: one for every input of a classifier. Absent where no output has a class axis. */
  classRows?: number;
  /**
   * Places where an output is NaN or infinite: `equal` in both alike, `different` where the two disagree (l2, maxAbs and
   * relativeL2 are then `Number.MAX_VALUE`, which stands for infinity in JSON). Absent where every value is finite.
   */
  nonFinite?: { equal: number; different: number };
  /** Whole numbers, booleans and strings, which have no rounding: how many differ, of how many. Absent where there are none. */
  unequal?: { count: number; of: number };
  /** How many elements were compared. */
  elements?: number;
}

/** The error of one output on one set of inputs. */
export interface OutputError extends ErrorMeasures {
  /** Output name, as the first model has it. */
  output: string;
  /** Name of the input set: a distribution, or the user's own. */
  input: string;
  /** What ONNX Runtime's own optimizations (all against disabled) make of the same output of the first model. */
  runtime?: Pick<ErrorMeasures, "l2" | "relativeL2" | "maxAbs">;
}

/** The error of a comparison: over everything, and by output. */
export interface ErrorSummary extends ErrorMeasures {
  /** The same by output name. */
  outputs: Record<string, ErrorMeasures>;
  /** Counts of log10(|difference|), one bin an edge pair; `zero` counts exact equals. */
  histogram: { log10Edges: number[]; counts: number[]; zero: number };
  /** Counts of the distance in units in the last place of float32 (of float16 for such outputs): 0, 1, 2, 3–4, 5–8, … */
  ulpHistogram: { upTo: number; count: number }[];
  /** The difference that ONNX Runtime's own optimizations make to the *first* model (all against disabled). */
  runtime?: ErrorMeasures;
  /** The error over all outputs by input distribution (`normal` is the one that was timed), or by the user's input set. */
  distributions?: Record<string, ErrorMeasures>;
  /** Every output by itself on every input set, the worst first. */
  worst?: OutputError[];
  /**
   * How far each model's outputs are apart when it is run twice on the same input; absent where they are equal. A model that
   * differs from itself has random operators, or sums in no fixed order, and an error says no more than that.
   */
  self?: { before?: ErrorMeasures; after?: ErrorMeasures };
}

/** How far a value in the middle of both models is apart. */
export interface LayerDifference extends Pick<ErrorMeasures, "l2" | "relativeL2" | "maxAbs" | "nonFinite"> {
  /** The value's name, the same in both models. */
  value: string;
  /** The operator that makes it in the second model. */
  operator: string;
  /** Types and shapes where they are not the same; the error is then `Number.MAX_VALUE`. */
  other?: { before: string; after: string };
}

/** Every value that both models name, at level `disabled`, on the timed input. */
export interface LayerDifferences {
  /** Relative L2 error beyond which a value differs. */
  tolerance: number;
  /** The values, in the order of the second model's graph. */
  values: LayerDifference[];
  /** Values that only the first model names. */
  onlyBefore: number;
  /** Values that only the second model names. */
  onlyAfter: number;
  /** Values that the runtime does not give away, being no tensors. */
  skipped: string[];
}
