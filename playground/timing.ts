/**
 * Before and after, timed in the page by ONNX Runtime for browsers: the rounds, the interval and the verdict are those of
 * `layerfuse compare`, the sessions are WebAssembly on one thread.
 *
 * @module
 */
import type { InferenceSession, Tensor } from "onnxruntime-web";
import { measureError } from "../src/bench/error.ts";
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
  /** Height and width where an image's are dynamic. */
  size: number;
  /** Seconds for each level. */
  seconds: number;
  onProgress(fraction: number, text: string): void;
}

const LEVELS = ["disabled", "all"] as const;

/** Times both models at both levels. Throws where the runtime cannot load or run one of them. */
export async function timeInPage(runtime: Runtime, request: TimingRequest): Promise<TimedLevel[]> {
  const { before, after, inputs, size, seconds, onProgress } = request;
  const feeds = Object.fromEntries(
    Object.entries(randomInputs(inputs, { size })).map(([name, { type, dims, data }]) => [
      name,
      new runtime.Tensor(type as "float32", data as unknown as Float32Array, dims),
    ]),
  );
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
  return results;
}

function plain(outputs: InferenceSession.ReturnType): NamedTensors {
  return Object.fromEntries(
    Object.entries(outputs).map((
      [name, { type, dims, data }],
    ) => [name, { type, dims, data: data as TensorData["data"] }]),
  );
}
