/**
 * The data of a before/after comparison. Everything here is plain JSON: it is what `compare --json` writes, what a plot
 * reads and what a report embeds.
 *
 * @module
 */

/** ONNX Runtime's graph optimization levels. */
export type Level = "disabled" | "basic" | "extended" | "all";

/** Execution providers that can be asked for by name. */
export type Provider = "cpu" | "cuda" | "tensorrt" | "webgpu" | "coreml" | "dml";

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
  /** One raw sample a round, in the order they were taken, milliseconds per inference. */
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

/** What one rule (or whatever was left out) contributes. */
export interface Contribution {
  /** The rule's name. */
  rule: string;
  /** Time without it over time with it. */
  speedup: Interval;
  /** What that says. */
  verdict: Verdict;
}

/** Memory that a model needs. */
export interface MemoryUse {
  /** The optimization level it was measured at. */
  level: Level;
  /** Peak resident memory of a process that loads the model and runs it twice, over that of the same process before, bytes. */
  peakBytes: number;
}

/** One of the two models. */
export interface ModelCard {
  /** What to call it: file name or architecture. */
  name: string;
  /** SHA-256 of the model file, hex. */
  sha256: string;
  /** Size on disk in bytes, external data included. */
  bytes: number;
  /** Nodes by op type as written in the file. */
  ops: Record<string, number>;
  /** Memory it needs, measured in a process of its own; absent where that could not be. */
  memory?: MemoryUse;
}

/** One input tensor that was fed. */
export interface InputCard {
  /** Input name. */
  name: string;
  /** ONNX Runtime's name of the element type: `float32`, `int64`, … */
  type: string;
  /** The shape fed. */
  dims: number[];
}

/** State of a git repository. */
export interface Repository {
  /** Whose it is: the one that the first model lies in, or that of the working directory. */
  of: "model" | "working directory";
  /** Name of its folder. */
  name: string;
  /** Commit that is checked out. */
  commit: string;
  /** Whether tracked files differ from the commit. */
  isDirty: boolean;
}

/** Where and how a result was measured. */
export interface Environment {
  /** ISO 8601 time of the start. */
  date: string;
  /** CPU model name. */
  cpu: string;
  /** Logical cores. */
  cores: number;
  /** One-minute load average at the start; null where the system has none. */
  load: number | null;
  /** Memory of the machine, bytes. */
  memoryBytes: number;
  /** Operating system and release. */
  os: string;
  /** GPU and driver where one is there and was used; else null. */
  gpu: string | null;
  /** Deno version. */
  deno: string | null;
  /** Node's version, where it is not Deno that ran. */
  node?: string;
  /** onnxruntime-node version. */
  onnxruntime: string;
  /** The provider asked for (`auto` resolved). */
  provider: Provider;
  /** Intra-op threads of each session. */
  threads: number;
  /** Seed of inputs, order of rounds. */
  seed: number;
  /** Git commit of {@link Environment.git}, where there is one. */
  commit: string | null;
  /** Version of layerfuse. */
  layerfuse?: string;
  /** Program and arguments of the process; empty in a notebook. */
  commandLine?: string[];
  /** Name of the notebook that measured, empty where the kernel was not told; null outside notebooks. */
  notebook?: string | null;
  /** Git state of the model's repository, else of the working directory's; null where there is none. */
  git?: Repository | null;
  /** Frequency governor of the first core (`performance`, `powersave`, …); null where the system does not tell. */
  governor?: string | null;
  /** Whether cores may exceed their nominal frequency; null where the system does not tell. */
  turbo?: boolean | null;
  /** Whether cores run two threads each; null where the system does not tell. */
  smt?: boolean | null;
  /** Cores that the control group may use at most; null where there is no limit, or the system does not tell. */
  cpuQuota?: number | null;
  /** Logical CPUs that each session's worker threads are pinned to; null where they are not. */
  pinned?: number[] | null;
  /** One-minute load average at the end; null where the system has none. */
  loadEnd?: number | null;
}

/** What was asked for. */
export interface Settings {
  /** Seconds of timing, over all levels. */
  seconds: number;
  /** Rounds at each level at least. */
  minRounds: number;
  /** Half-width of the band called `same`. */
  delta: number;
  /** Half-width in ln of the interval at which a level stops. */
  precision: number;
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
