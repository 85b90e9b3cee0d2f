/**
 * Before and after, timed in the page by ONNX Runtime for browsers: the rounds, the interval and the verdict are those of
 * `layerfuse compare`, the sessions are WebAssembly on one thread.
 *
 * @module
 */
import type { InferenceSession, Tensor } from "onnxruntime-web";
import { measureError } from "../src/bench/error.ts";
import { type Fitting, fittingNote, fittingShapes, MOST_TRIED } from "../src/bench/fitting_shapes.ts";
import { resolveShapes } from "../src/bench/input_shapes.ts";
import { randomInputs } from "../src/bench/inputs.ts";
import { planOpenings } from "../src/bench/opening_plan.ts";
import { randomSource } from "../src/bench/random.ts";
import { median } from "../src/bench/statistics.ts";
import { timePair } from "../src/bench/timing.ts";
import type { InputDescription, NamedTensors, TensorData } from "../src/bench/session.ts";
import type { Interval, Verdict } from "../src/bench/types.ts";

/** As much of ONNX Runtime for browsers as is used. */
export interface Runtime {
  readonly InferenceSession: typeof InferenceSession;
  readonly Tensor: typeof Tensor;
}

/** What was measured at one level. */
export interface TimedLevel {
  /** ONNX Runtime's optimization level. */
  level: "disabled" | "all";
  /** Median milliseconds of one inference. */
  beforeMs: number;
  /** Median milliseconds of one inference. */
  afterMs: number;
  /** Before divided by after. */
  speedup: Interval;
  /** What that shows. */
  verdict: Verdict;
  /** Rounds. */
  rounds: number;
  /** Relative L2 norm of the outputs' difference. */
  relativeL2: number;
}

/** The two models' bytes and what to feed. */
export interface TimingRequest {
  before: Uint8Array;
  after: Uint8Array;
  inputs: readonly InputDescription[];
  /** Height and width where an image's are dynamic; undefined to try usual ones. */
  size?: number;
  /** Seconds for each level. */
  seconds: number;
  /** Called once the first model has run: how long all will take, seconds, and one inference, milliseconds. */
  onPlan(plan: TimingPlan): void;
  /** Called as it goes on: the share done, 0…1, and what is under way. */
  onProgress(fraction: number, text: string): void;
  /** Called with each level as it is done. */
  onLevel(level: TimedLevel): void;
}

/** What is known before the first round. */
export interface TimingPlan {
  /** How long all will take, seconds. */
  seconds: number;
  /** How long one inference took, milliseconds. */
  runMs: number;
  /** What shapes are fed, where those are not the likely ones. */
  note?: string;
}

/** Rounds of each level at least. */
const MIN_ROUNDS = 30;

const LEVELS = ["disabled", "all"] as const;

/**
 * Times both models at both levels, with the likely shapes or, where those do not run, with other usual ones, as `layerfuse compare`
 * does; the plan says so then. Throws where the runtime cannot load or run one of the models.
 */
export async function timeInPage(
  runtime: Runtime,
  request: TimingRequest,
): Promise<void> {
  const { before, after, inputs, size, seconds, onPlan, onProgress, onLevel } = request;
  const { shapes, runMs, openMs } = await runningShapes(runtime, request);
  onPlan({
    seconds: LEVELS.length * secondsOf(runMs, openMs, seconds),
    runMs,
    ...(shapes ? { note: fittingNote(shapes) } : {}),
  });
  const feeds = tensorsOf(runtime, randomInputs(inputs, { size, shapes }));
  for (const [index, level] of LEVELS.entries()) {
    const random = randomSource(0, 4);
    let sessions: InferenceSession[] = [], openMs = 0;
    const reopen = async () => {
      const start = performance.now();
      for (const session of sessions.splice(0)) await session.release();
      const order = random() < 0.5 ? [0, 1] : [1, 0], opened: InferenceSession[] = [];
      for (const side of order) {
        opened[side] = await runtime.InferenceSession.create([before, after][side], {
          executionProviders: ["wasm"],
          graphOptimizationLevel: level,
        });
      }
      sessions = opened;
      openMs = performance.now() - start;
      const [first, second] = sessions;
      return { before: () => first.run(feeds), after: () => second.run(feeds) };
    };
    try {
      const runs = await reopen();
      const { relativeL2 } = measureError(plain(await runs.before()), plain(await runs.after()));
      const timing = await timePair(runs.before, runs.after, {
        seconds,
        minRounds: MIN_ROUNDS,
        renew: reopen,
        renewMs: openMs,
        onProgress: (fraction) => onProgress((index + fraction) / LEVELS.length, `level ${level}`),
      });
      onLevel({
        level,
        beforeMs: median(timing.beforeMs),
        afterMs: median(timing.afterMs),
        speedup: timing.speedup,
        verdict: timing.verdict,
        rounds: timing.lnRatios.length,
        relativeL2,
      });
    } finally {
      for (const session of sessions) await session.release();
    }
  }
}

/** Seconds that a level takes: those asked for, or what the least of rounds and openings takes. */
function secondsOf(runMs: number, openMs: number, seconds: number): number {
  const roundMs = 2 * runMs, openingMs = 2 * openMs + 3 * roundMs;
  const { rounds, openings } = planOpenings({ openingMs, roundMs }, { seconds, minRounds: MIN_ROUNDS });
  return Math.max(seconds, openings * (openingMs + rounds * roundMs) / 1000);
}

/** Shapes with which the first model runs, and how long it took to open it and to run it once. */
async function runningShapes(
  runtime: Runtime,
  { before, inputs, size, onProgress }: TimingRequest,
): Promise<Fitting & { runMs: number; openMs: number }> {
  const start = performance.now();
  const session = await runtime.InferenceSession.create(before, {
    executionProviders: ["wasm"],
    graphOptimizationLevel: "disabled",
    logSeverityLevel: 4, // what does not run is expected
  });
  try {
    const openMs = performance.now() - start;
    onProgress(0, "running the model twice");
    let others = 0, runMs = 0;
    const options = { size, distributions: ["normal"] as const };
    const fitting = await fittingShapes(
      inputs,
      options,
      async (feeds) => {
        const fed = tensorsOf(runtime, feeds);
        await session.run(fed);
        const start = performance.now();
        await session.run(fed); // the first is longer: WebAssembly is compiled on the way
        runMs = performance.now() - start;
      },
      MOST_TRIED,
      () => onProgress(0, `trying other usual shapes: ${++others}`),
    );
    if (!fitting.failure) return { ...fitting, runMs, openMs };
    const fed = Object.entries(resolveShapes(inputs, options)).map(([name, dims]) =>
      `${name} as ${dims.join("×") || "a scalar"}`
    );
    throw new Error(
      `${fitting.failure.message.trim()}\nFed: ${fed.join(", ")}${
        fitting.tried ? `; ${fitting.tried} other shapes do not run either` : ""
      }.`,
    );
  } finally {
    await session.release();
  }
}

function tensorsOf(runtime: Runtime, feeds: NamedTensors): Record<string, Tensor> {
  return Object.fromEntries(
    Object.entries(feeds).map(([name, { type, dims, data }]) => [
      name,
      new runtime.Tensor(type as "float32", data as unknown as Float32Array, dims),
    ]),
  );
}

function plain(outputs: InferenceSession.ReturnType): NamedTensors {
  return Object.fromEntries(
    Object.entries(outputs).map((
      [name, { type, dims, data }],
    ) => [name, { type, dims, data: data as TensorData["data"] }]),
  );
}
