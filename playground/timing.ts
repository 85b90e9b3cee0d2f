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
import { randomSource } from "../src/bench/random.ts";
import { median } from "../src/bench/statistics.ts";
import { timePair } from "../src/bench/timing.ts";
import type { InputDescription, NamedTensors, TensorData } from "../src/bench/session.ts";
import type { Interval, Verdict } from "../src/bench/types.ts";

/** ONNX Runtime's script, which puts this on the page. */
export interface Runtime {
  readonly env: { wasm: { numThreads?: number; wasmBinary?: ArrayBufferLike }; versions: { web?: string } };
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
  onProgress(fraction: number, text: string): void;
}

const LEVELS = ["disabled", "all"] as const;

/**
 * Times both models at both levels, with the likely shapes or, where those do not run, with other usual ones, as `layerfuse compare`
 * does; the note says so then. Throws where the runtime cannot load or run one of the models.
 */
export async function timeInPage(
  runtime: Runtime,
  request: TimingRequest,
): Promise<{ levels: TimedLevel[]; note?: string }> {
  const { before, after, inputs, size, seconds, onProgress } = request;
  const { shapes } = await runningShapes(runtime, request);
  const feeds = tensorsOf(runtime, randomInputs(inputs, { size, shapes }));
  const results: TimedLevel[] = [];
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
        renew: reopen,
        renewMs: openMs,
        onProgress: (fraction) => onProgress((index + fraction) / LEVELS.length, `level ${level}`),
      });
      results.push({
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
  return { levels: results, ...(shapes ? { note: fittingNote(shapes) } : {}) };
}

/** Shapes with which the first model runs. */
async function runningShapes(
  runtime: Runtime,
  { before, inputs, size, onProgress }: TimingRequest,
): Promise<Fitting> {
  const session = await runtime.InferenceSession.create(before, {
    executionProviders: ["wasm"],
    graphOptimizationLevel: "disabled",
    logSeverityLevel: 4, // what does not run is expected
  });
  try {
    onProgress(0, "running the model once");
    let others = 0;
    const options = { size, distributions: ["normal"] as const };
    const fitting = await fittingShapes(
      inputs,
      options,
      (feeds) => session.run(tensorsOf(runtime, feeds)),
      MOST_TRIED,
      () => onProgress(0, `trying other usual shapes: ${++others}`),
    );
    if (!fitting.failure) return fitting;
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
