/**
 * A model is tried in a process of its own first: ONNX Runtime can die of a model, and would take this process with it. The same
 * process shows how much memory the model needs.
 *
 * @module
 */
import { basename, join } from "node:path";
import { serialize } from "node:v8";
import { emptyExtraOutputs } from "./known_faults.ts";
import type { FeedOptions } from "./feeds.ts";
import type { NamedTensors, TensorData } from "./session.ts";
import { TemporaryDirectory } from "./source.ts";
import type { TrialLine, TrialRequest } from "./trial_process.ts";
import type { MemoryUse } from "./types.ts";

/**
 * Loads and runs a model in a process of its own, at each level asked for.
 *
 * @returns What memory it took at the first level; undefined where the system does not tell, or no process can be started (no
 * permission to run one). That the model does not load or run is no error here: who opens it next says so.
 * @throws {Error} If the process dies of it, with what is known of the cause.
 */
export async function tryModel(request: TrialRequest, signal?: AbortSignal): Promise<MemoryUse | undefined> {
  if (!basename(Deno.execPath()).startsWith("deno")) return undefined; // a compiled program is no Deno
  using directory = new TemporaryDirectory(false);
  const file = join(directory.path, "request");
  await Deno.writeFile(file, serialize({ ...request, feeds: plainFeeds(request.feeds) }));
  const lines: TrialLine[] = [];
  let status: Deno.CommandStatus;
  try {
    const child = new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        "-A", // nothing less lets Deno read /proc/self/status
        "--quiet",
        "--no-lock",
        import.meta.resolve("./trial_process.ts"),
        file,
      ],
      stdin: "null",
      stdout: "piped",
      stderr: "null",
      signal,
    }).spawn();
    const text = await new Response(child.stdout).text();
    for (const line of text.split("\n").filter(Boolean)) lines.push(JSON.parse(line));
    status = await child.status;
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable || error instanceof Deno.errors.PermissionDenied) return undefined;
    throw error;
  }
  if (signal?.aborted) return undefined;
  const last = lines.at(-1);
  const died = status.signal ?? (status.code >= 128 ? `exit code ${status.code}` : undefined);
  if (died && last && last.step !== "done") {
    throw new Error(
      `${request.name}: ONNX Runtime dies (${died}) when it ${last.step} this model at level ${last.level}. ` +
        (emptyExtraOutputs(request.path) ??
          "That is a fault of the runtime; simplify the model or use another version of it."),
    );
  }
  return lines.find(({ memory }) => memory)?.memory;
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
