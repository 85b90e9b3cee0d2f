/** ONNX Runtime's graph optimization levels. */
export type Level = "disabled" | "basic" | "extended" | "all";

/** Execution providers that can be asked for by name. */
export type Provider = "cpu" | "cuda" | "tensorrt" | "webgpu" | "coreml" | "dml";

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
