/**
 * A model is tried in a process of its own first: ONNX Runtime can die of a model, and would take this process with it. The same
 * process shows how much memory the model needs.
 *
 * @module
 */
import { execFile, type ExecFileException } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { serialize } from "node:v8";
import { emptyExtraOutputs } from "./known_faults.ts";
import type { FeedOptions } from "./feeds.ts";
import type { Fitting } from "./fitting_shapes.ts";
import type { NamedTensors, TensorData } from "./session.ts";
import { TemporaryDirectory } from "../host/temporary_directory.ts";
import type { TrialLine, TrialRequest } from "./trial_process.ts";
import type { MemoryUse } from "./types.ts";

/** What is known of a model that was tried. */
export interface Trial extends Pick<Fitting, "shapes" | "tried"> {
  /** The memory it took. */
  memory?: MemoryUse;
}

/**
 * Loads and runs a model in a process of its own, at each level asked for.
 *
 * @returns What memory it took at the first level, where the system tells, and which inputs it runs with; undefined where no process
 * can be started (no permission to run one). That the model does not load or run is no error here: who opens it next says so.
 * @throws {Error} If the process dies of it, with what is known of the cause.
 */
export async function tryModel(request: TrialRequest, signal?: AbortSignal): Promise<Trial | undefined> {
  using directory = new TemporaryDirectory();
  const file = join(directory.path, "request");
  await writeFile(file, serialize({ ...request, feeds: plainFeeds(request.feeds) }));
  const { died, text } = await runProcess(file, signal);
  const lines: TrialLine[] = text.split("\n").filter(Boolean).map((line) => JSON.parse(line));
  if (signal?.aborted) return undefined;
  const last = lines.at(-1);
  if (died && last?.step === "tries") return { tried: lines.filter(({ step }) => step === "tries").length };
  if (died && last && last.step !== "done") {
    throw new Error(
      `${request.name}: ONNX Runtime dies (${died}) when it ${last.step} this model at level ${last.level}. ` +
        (emptyExtraOutputs(request.path) ??
          "That is a fault of the runtime; simplify the model or use another version of it."),
    );
  }
  const fitting = lines.find(({ fitting }) => fitting)?.fitting;
  if (fitting?.shapes) { // the process has run other shapes, too: its memory is that of the largest
    const feeds = { ...request.feeds, shape: undefined, shapes: fitting.shapes };
    return { ...await tryModel({ ...request, feeds, isExact: true }, signal), ...fitting };
  }
  const memory = lines.find(({ memory }) => memory)?.memory;
  return fitting && { ...fitting, ...(memory ? { memory } : {}) };
}

/** Runs the process that tries a model; what it died of is undefined where it ended by itself, or could not be started. */
function runProcess(file: string, signal?: AbortSignal): Promise<{ died?: string; text: string }> {
  const script = import.meta.url.replace(/trial(\.\w+)$/, "trial_process$1");
  // Deno reads /proc/self/status for nothing less than -A
  const run = process.versions.deno ? ["run", "-A", "--quiet", "--no-lock", script] : [fileURLToPath(script)];
  return new Promise((resolve, reject) => {
    const done = (error: ExecFileException | null, text: string) => {
      const died = error?.signal ?? (Number(error?.code) >= 128 ? `exit code ${error!.code}` : undefined);
      resolve({ ...(died && !signal?.aborted ? { died } : {}), text });
    };
    try {
      execFile(process.execPath, [...run, file], { signal, maxBuffer: 1 << 20 }, done);
    } catch (error) {
      if ((error as Error).name !== "NotCapable") return reject(error);
      resolve({ text: "" }); // no permission to run a process
    }
  });
}

/** Feeds of plain tensors, which can be written down: ONNX Runtime's are objects with a native part. */
function plainFeeds({ inputs, ...rest }: FeedOptions): FeedOptions {
  if (!inputs) return rest;
  const sets = Array.isArray(inputs) ? inputs.slice(0, 1) : [{ name: "inputs", feeds: inputs as NamedTensors }];
  return { ...rest, inputs: sets.map(({ name, feeds }) => ({ name, feeds: plainTensors(feeds) })) };
}

function plainTensors(feeds: NamedTensors): NamedTensors {
  return Object.fromEntries(
    Object.entries(feeds).map(([name, { type, dims, data }]) => [name, {
      type,
      dims: [...dims],
      data: bitsOf(data),
    }]),
  );
}

/** float16 as its bits: not every serializer knows a Float16Array. */
function bitsOf(data: TensorData["data"]): TensorData["data"] {
  const held: unknown = data;
  return held instanceof Float16Array ? new Uint16Array(held.buffer, held.byteOffset, held.length) : data;
}
