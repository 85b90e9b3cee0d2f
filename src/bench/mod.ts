/**
 * Before/after benchmarks that can be trusted: any two ONNX models, paired in randomised rounds, with the error beside the
 * speed.
 *
 * @module
 */
export * from "./types.ts";
export { compare } from "./compare.ts";
export { type CompareOptions, LEVELS } from "./compare_options.ts";
export { verdictOf } from "./verdict.ts";
export { type Contestants, type PairTiming, type Run, timePair, type TimePairOptions } from "./timing.ts";
export {
  GATE_COLUMNS,
  type GatedPair,
  gateExitCode,
  gateMarkdown,
  gateRows,
  gateSentence,
  judgePair,
  outcomeOf,
  remarksOf,
} from "./gate_table.ts";
export { type GateFilePair, parseGateFile } from "./gate_file.ts";
export { toJUnit } from "./junit.ts";
export { asRunOperators } from "./as_run.ts";
export { lostOperators, lostSentence } from "./lost_operators.ts";
export { classCount, INFINITE_ERROR, measureError } from "./error.ts";
export { type Outputs, summariseErrors } from "./error_summary.ts";
export { type Fitting } from "./fitting_shapes.ts";
export { type Trial, tryModel } from "./trial.ts";
export type { TrialRequest } from "./trial_process.ts"; // a program: nothing of it may be loaded from here
export { type ErrorJudgement, type ExcuseOptions, judgeError } from "./error_limit.ts";
export { type FeedOptions, type FeedSet } from "./feeds.ts";
export { type GivenValue } from "./given_values.ts";
export { type Distribution, DISTRIBUTIONS, type InputOptions } from "./input_options.ts";
export { randomInputs } from "./inputs.ts";
export {
  type InputDescription,
  type NamedTensors,
  openSession,
  type Session,
  type SessionOptions,
  type TensorData,
} from "./session.ts";
export { parseProvider, PROVIDERS, type ResolvedProvider, resolveProvider } from "./provider.ts";
export { countOutliers, evidenceOf, type EvidenceOptions, intervalAt } from "./statistics.ts";
export { decide, type DecideOptions, isSlowerByMoreThan } from "./decide.ts";
export { DELTA, RULE, SAME_OPERATORS_DELTA } from "./decision_rule.ts";
export { addToBaseline, type Baseline, otherMachine, parseBaseline } from "./baseline.ts";
export { judge, type Judgement, type JudgeOptions } from "./judge.ts";
export { medianSentence } from "./timing_notes.ts";
export { describeEnvironment } from "./environment.ts";
export { type ModelFile, type ModelSource, type SavableModel } from "./source.ts";
export {
  denoBench,
  type DenoBenchOptions,
  type DenoBenchResult,
  type LazyModelSource,
  registerComparison,
  type RegisterOptions,
} from "./deno_bench.ts";
export { contributions } from "./variants.ts";
export { type ComparisonDiff, diffComparisons, type LevelDiff } from "./diff.ts";
export { type BenchmarkEntry, parseComparison, toGithubActionBenchmark, toMarkdown } from "./export.ts";
export { gate, type GateLimits, type GateResult } from "./gate.ts";
export { gateSpeed, type SpeedGate } from "./speed_gate.ts";
export { parseShare } from "./share.ts";
export { type InputFileOptions, readInputs } from "./input_files.ts";
