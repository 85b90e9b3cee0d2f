/**
 * ONNX Runtime sessions with nothing left to chance: by path, threads fixed, pools that do not spin.
 *
 * @module
 */
import { InferenceSession, Tensor } from "onnxruntime-node";
import { workerCpus } from "./affinity.ts";
import { noTensor } from "./no_tensor.ts";
import { loadError } from "./shown_names.ts";
import { disableTelemetry } from "./telemetry.ts";
import type { Level, Provider } from "./types.ts";
import { checked, type OptionNames } from "../host/options.ts";

/** An input or output tensor; ONNX Runtime's `Tensor` is one. */
export interface TensorData {
  /** ONNX Runtime's name of the element type: `float32`, `int64`, … */
  readonly type: string;
  /** Shape. */
  readonly dims: readonly number[];
  /** Elements in row-major order; float16 as a `Float16Array` or as the bits in a `Uint16Array`. */
  readonly data: ArrayLike<number | bigint | boolean | string>;
}

/** Tensors by input or output name. */
export type NamedTensors = Record<string, TensorData>;

/** What a model says of one of its inputs. */
export interface InputDescription {
  /** Input name. */
  name: string;
  /** Element type, ONNX Runtime's name. */
  type: string;
  /** Shape as declared: a number, or the name of a dynamic dimension ("" if it has none). */
  dims: (number | string)[];
  /** How many rows the smallest table has that its values look up (a vocabulary); absent where that is not known. */
  limit?: number;
}

/** Threads that a session may have: with thousands ONNX Runtime is not done opening it for minutes. */
export const MOST_THREADS = 1024;

/** How to open a session. */
export interface SessionOptions {
  /** Execution provider, default `cpu`. */
  provider?: Provider;
  /** Graph optimization level, default `all`. */
  level?: Level;
  /** Intra-op threads, default 1. */
  threads?: number;
  /** Pin worker threads to cores of their own where that is possible (Linux), default true; see {@link workerCpus}. */
  pin?: boolean;
  /** Write the runtime's profile to files beginning with this path. */
  profilePrefix?: string;
  /** Save the graph as the runtime runs it to this path, weights included. */
  optimizedPath?: string;
}

/** Every option of {@linkcode openSession}. */
const SESSION_OPTIONS: OptionNames<SessionOptions> = {
  provider: true,
  level: true,
  threads: true,
  pin: true,
  profilePrefix: true,
  optimizedPath: true,
};

/** An open session. Close it, or use `await using`. */
export interface Session extends AsyncDisposable {
  /** The model's inputs, initializers that are also graph inputs excluded. */
  readonly inputs: InputDescription[];
  /** Names of the outputs, in order. */
  readonly outputs: string[];
  /** Time to create it, milliseconds. */
  readonly createMs: number;
  /** One inference; a quiet one that fails is not written to standard error by the runtime as well. */
  run(feeds: NamedTensors, quiet?: boolean): Promise<NamedTensors>;
  /** Prepares a call that does nothing but one inference, for timing. */
  prepare(feeds: NamedTensors): () => Promise<unknown>;
  /** Ends profiling: the profile's file is complete after it. */
  endProfiling(): void;
}

/**
 * Opens a session on a model file.
 *
 * @throws {Error} If the file is no model that ONNX Runtime can load, or the provider cannot start.
 */
export async function openSession(path: string, options: SessionOptions = {}): Promise<Session> {
  return await startSession(path, checked("openSession", options, SESSION_OPTIONS));
}

/** The same, whatever else the options are. */
export async function startSession(path: string, options: SessionOptions = {}): Promise<Session> {
  const { provider = "cpu", level = "all", threads = 1, pin = true, profilePrefix, optimizedPath } = options;
  const cpus = pin && provider === "cpu" && threads > 1 ? workerCpus(threads) : undefined;
  // ONNX Runtime counts logical CPUs from 1, and wants one entry for every thread but the caller's.
  const affinity = cpus ? { intra_op_thread_affinities: cpus.map((cpu) => cpu + 1).join(";") } : {};
  disableTelemetry();
  const start = performance.now();
  const session = await InferenceSession.create(path, {
    executionProviders: [provider],
    graphOptimizationLevel: level,
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    executionMode: "sequential",
    logSeverityLevel: profilePrefix ? 4 : 3, // a profiled session that cannot load its model complains about the profile, too
    // Sessions that wait their turn must not take the cores from the one that is timed.
    extra: { session: { ...affinity, intra_op: { allow_spinning: "0" }, inter_op: { allow_spinning: "0" } } },
    ...(optimizedPath ? { optimizedModelFilePath: optimizedPath } : {}),
    ...(profilePrefix ? { enableProfiling: true, profileFilePrefix: profilePrefix } : {}),
  }).catch((error) => {
    // with another provider it may be that one that does not start
    throw provider === "cpu" || /^Load model from /.test(error.message) ? loadError(path, error) : error;
  });
  const createMs = performance.now() - start;
  return {
    inputs: session.inputMetadata.map((input) => {
      if (!input.isTensor) throw new Error(noTensor(path, input.name));
      return { name: input.name, type: input.type, dims: [...input.shape] };
    }),
    outputs: [...session.outputNames],
    createMs,
    run: async (feeds, quiet) =>
      await session.run(toTensors(feeds), quiet ? { logSeverityLevel: 4 } : {}) as unknown as NamedTensors,
    prepare(feeds) {
      const tensors = toTensors(feeds);
      return () => session.run(tensors);
    },
    endProfiling: () => session.endProfiling(),
    [Symbol.asyncDispose]: () => session.release(),
  };
}

function toTensors(feeds: NamedTensors): Record<string, Tensor> {
  return Object.fromEntries(
    Object.entries(feeds).map(([name, value]) => [name, value instanceof Tensor ? value : toTensor(value)]),
  );
}

function toTensor({ type, data, dims }: TensorData): Tensor {
  const tensor = new Tensor(type as "float32", (type === "float16" ? halfBits(data) : data) as Float32Array, dims);
  // onnxruntime-common makes a Float16Array of float16 data, which Deno's Node-API does not know: it is given the bits
  const held = tensor.data as unknown;
  if (held instanceof Float16Array) {
    Object.assign(tensor, { cpuData: new Uint16Array(held.buffer, held.byteOffset, held.length) });
  }
  return tensor;
}

/** float16 data as its bits, the one form that ONNX Runtime takes where the language has no Float16Array. */
function halfBits(data: TensorData["data"]): Uint16Array {
  if (data instanceof Uint16Array && !(data instanceof Float16Array)) return data;
  const halves = data instanceof Float16Array ? data : Float16Array.from(data as ArrayLike<number>);
  return new Uint16Array(halves.buffer, halves.byteOffset, halves.length);
}
