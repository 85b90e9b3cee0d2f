/**
 * The data of a before/after comparison. Everything here is plain JSON: it is what `compare --json` writes, what a plot
 * reads and what a report embeds.
 *
 * @module
 */
import type { Environment, InputCard, Level, ModelCard, Settings } from "./environment_types.ts";
import type { ErrorSummary, LayerDifferences } from "./error_types.ts";

export type * from "./environment_types.ts";
export type * from "./error_types.ts";

/** What a paired comparison says; see {@link Decision} for how it is decided. */
export type Verdict = "faster" | "slower" | "same" | "inconclusive";

/** A point estimate with a confidence interval, all three dimensionless ratios. */
export interface Interval {
  /** The estimate: the exponential of the robust centre of ln-ratios, each opening with the same weight. */
  estimate: number;
  /** Lower end of the 95% interval. */
  low: number;
  /** Upper end of the 95% interval. */
  high: number;
}

/** What the rounds tell of a ratio, in ln, before anything is decided. */
export interface Evidence {
  /** The estimate: the robust centre of ln(before/after), Huber's M-estimate, each opening with the same weight. */
  ln: number;
  /** Its standard error, in ln. */
  standardError: number;
  /** Degrees of freedom of Student's t. */
  freedom: number;
  /** How many units the interval is over. */
  units: number;
  /** How many the units count as, where each resembles the one before: they tell less than as many that do not. */
  effectiveUnits?: number;
  /** What a unit is: an opening of both sessions; a block of rounds where there was nothing to open; a whole run in a `diff`. */
  unit: "opening" | "block" | "run";
  /** Rounds in all. */
  rounds: number;
  /** Standard deviation (ln) that was assumed between openings, or runs, where there were too few to know it. */
  assumedOpening?: number;
  /** Standard deviation (ln) of an opening's median that its own rounds explain. */
  withinOpening?: number;
  /** Standard deviation (ln) from opening to opening that the rounds do not explain: the variance component. */
  betweenOpenings?: number;
}

/** What was decided, by which interval, and why. */
export interface Decision {
  /** The outcome. */
  verdict: Verdict;
  /** The clock it was decided by. */
  basis: "wall" | "cpu";
  /** Half-width of the band called `same`, a share: 0.01 is ±1%. */
  delta: number;
  /** The 99.5% interval: what `faster` and `slower` are read from. */
  interval: Interval;
  /** The 95% interval of the same clock. */
  shown: Interval;
  /** What it stands on. */
  evidence: Evidence;
  /** How many operators ONNX Runtime ran, where they were the same for both models, shapes included. */
  sameOperators?: number;
  /** Why, one clause: "the 99.5% interval 0.98–1.03 reaches across 1 …; about 4 min more would tell". */
  reason: string;
  /** Seconds more that would probably decide it; absent where it is decided or no time would. */
  moreSeconds?: number;
}

/** What two openings of the same pair differ by: the noise floor. */
export interface NoiseFloor {
  /** Around 1: a difference inside this could not be called with as many openings as there were (99.5%). */
  speedup: Interval;
  /** Standard deviation (ln) from opening to opening that the rounds do not explain. */
  betweenOpenings: number;
  /** Standard deviation (ln) of an opening's median that its own rounds explain. */
  withinOpening: number;
}

/** What the machine did beside the measurement. Each is null where the system does not tell. */
export interface MachineWatch {
  /** How long it was watched, seconds. */
  seconds: number;
  /** Logical cores of the machine. */
  cores: number;
  /** Cores that other processes kept busy, on average. */
  othersBusy: number | null;
  /** Cores' worth of time that the hypervisor gave to other machines, on average. */
  stolen: number | null;
  /** Seconds for which the CPU quota of the control group stopped this process. */
  throttledSeconds: number | null;
  /** How often a core was slowed because it was hot. */
  thermalThrottles: number | null;
  /** One-minute load average at the begin and at the end. */
  load: { begin: number; end: number } | null;
}

/** The timings of one model at one level. */
export interface Timing {
  /** Median of {@link Timing.samplesMs}, milliseconds per inference. */
  medianMs: number;
  /** One raw sample per round, in the order they were taken, milliseconds per inference. */
  samplesMs: number[];
  /** CPU time of each sample, milliseconds per inference, where the system tells it: of the calling thread at one thread, else of the process. */
  cpuMs?: number[];
  /** Milliseconds per inference in a hot loop, the other model out of the way; absent where it would have taken too long. */
  hotMs?: number;
  /** How many samples lie outside Tukey's fences (1.5 IQR). They are never deleted. */
  outliers: number;
  /** Time to create the session (load, optimize), milliseconds: the median where sessions were opened anew. */
  sessionMs: number;
  /** Nodes by op type as ONNX Runtime really ran them after its own optimizations (`FusedConv` and such included). */
  opsRun: Record<string, number>;
  /** Nodes by execution provider, from the runtime's profile: `{"CPUExecutionProvider": 243}`. */
  providers: Record<string, number>;
  /**
   * Time by op type from the runtime's profile, milliseconds per inference, each the median over the profiled inferences; absent
   * where no profile was taken.
   */
  opTimesMs?: Record<string, number>;
  /**
   * Profiled inferences that {@link Timing.opTimesMs} are medians of, the median time of such a one, and what was taken off for
   * each node as the profiler's own cost, milliseconds. `scale` is what the times were multiplied by, where the machine was so much
   * busier or less busy while it was profiled that they were together more than a tenth away from the timed median.
   */
  profiled?: { runs: number; runMs: number; costMs: number; scale?: number };
  /**
   * Nodes by operator of the graph that the runtime saved after its own optimizations, domain first where it is not ONNX's own:
   * `{"com.microsoft.nchwc.Conv": 9}`. Absent where it was not saved (level `disabled`, other providers than cpu).
   */
  asRun?: Record<string, number>;
}

/** Operators that ONNX Runtime fused in the first model and no longer does in the second. */
export interface LostOperators {
  /** Operators that the runtime fused and that became fewer, by name: counts in the first and the second model. */
  lost: Record<string, { before: number; after: number }>;
  /** Nodes that the runtime runs. */
  nodes: { before: number; after: number };
}

/** One optimization level, both models. */
export interface LevelComparison {
  /** ONNX Runtime's graph optimization level. */
  level: Level;
  /** The model as it came. */
  before: Timing;
  /** The model after fusion (or the second model). */
  after: Timing;
  /** Time before over time after, paired round by round: above 1, the second model is faster. */
  speedup: Interval;
  /** ln(before/after) of every round, in order. */
  lnRatios: number[];
  /** What was decided: {@link Decision.verdict}. */
  verdict: Verdict;
  /** Operators that the runtime fused in the first model only; absent where there are none, or it was not asked. */
  lost?: LostOperators;
  /** How it was decided; absent in files of before this was written. */
  decision?: Decision;
  /** The noise floor, a variance component of the openings. Absent where there were too few. */
  control?: NoiseFloor;
  /** CPU time before over CPU time after, paired in the same rounds, 95%: absent where the system does not tell CPU time. */
  cpuSpeedup?: Interval;
  /** What else the machine did meanwhile. */
  machine?: MachineWatch;
  /** Seconds that the timing took. */
  seconds?: number;
  /** Inferences in one block: a sample is a block's time divided by this. */
  inner?: number;
  /**
   * The first round of each opening of both sessions, ascending from 0: sessions are opened anew again and again, and the
   * interval is over openings.
   */
  openings?: number[];
  /** Untimed inferences of each session before the first round. */
  warmup?: number;
  /** Why the rounds ended: the interval was narrow enough, the time or the number of rounds was used up, or it was interrupted. */
  stopped?: "precision" | "time" | "limit" | "rounds" | "aborted";
}

/** What one rule (or whatever was left out) contributes. */
export interface Contribution {
  /** The rule's name. */
  rule: string;
  /** Time without it over time with it. */
  speedup: Interval;
  /** What that says. */
  verdict: Verdict;
}

/** A whole comparison. */
export interface Comparison {
  /** Version of this schema. */
  schemaVersion: 1;
  /** Where and how it was measured. */
  environment: Environment;
  /** What was asked for; how many openings and rounds came of it stands with each level. */
  settings?: Settings;
  /** The two models. */
  before: ModelCard;
  /** The second model. */
  after: ModelCard;
  /** What was fed. */
  inputs: InputCard[];
  /** One entry a level, in the order asked for. */
  levels: LevelComparison[];
  /** The error, measured at the first level asked for. */
  error: ErrorSummary;
  /** Where in the graph the two begin to differ, where that was asked for. */
  layers?: LayerDifferences;
  /** What each rule contributes, where it was measured. */
  rules?: Contribution[];
  /** The rule that verdicts were decided by, in sentences. */
  rule?: string;
  /** Whether it was interrupted: something asked for is missing. */
  interrupted?: boolean;
  /** Sentences a reader must not miss: nodes that fell back to another provider, interrupted early, TF32, … */
  notes: string[];
}
