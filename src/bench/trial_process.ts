/**
 * The process that tries a model: `trial_process.ts REQUEST`. It prints one line of JSON, or dies with the runtime.
 *
 * @module
 */
import { readFileSync } from "node:fs";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { deserialize } from "node:v8";
import { type FeedOptions, feedSets, feedsFor } from "./feeds.ts";
import { findFitting, withLimits } from "./fitting_inputs.ts";
import type { Fitting } from "./fitting_shapes.ts";
import { openSession } from "./session.ts";
import type { Level, MemoryUse, Provider } from "./types.ts";

/** What to try. */
export interface TrialRequest {
  /** The model file. */
  path: string;
  /** What to call it. */
  name: string;
  /** Optimization levels, in order; memory is measured at the first. */
  levels: readonly Level[];
  /** Execution provider. */
  provider: Provider;
  /** Intra-op threads. */
  threads: number;
  /** What to feed. */
  feeds: FeedOptions;
  /** Whether no other shapes are tried than those that are given or likely. */
  isExact?: boolean;
}

/** What came of it: `level` and `step` say what is under way, the last line counts. */
export interface TrialLine {
  /** The level tried. */
  level: Level;
  /** What comes next, should nothing more be heard. */
  step: "loads" | "runs" | "tries" | "done";
  /** Present with the first level's `done`. */
  memory?: MemoryUse;
  /** What inputs the model runs with; present once. */
  fitting?: Pick<Fitting, "shapes" | "tried">;
}

/** Runs a request and says each step before it is taken. */
async function runTrial(request: TrialRequest, say: (line: TrialLine) => void): Promise<void> {
  const { path, levels, provider, threads, feeds, isExact } = request;
  let options = feeds;
  for (const [i, level] of levels.entries()) {
    const start = i === 0 ? memory("VmRSS") : undefined;
    say({ level, step: "loads" });
    const session = await openSession(path, { provider, threads, level });
    say({ level, step: "runs" });
    if (i === 0) {
      const { failure, ...fitting } = await findFitting(
        session,
        path,
        feeds,
        isExact ? 0 : undefined,
        () => say({ level, step: "tries" }),
      );
      if (failure) return say({ level, step: "done", fitting });
      say({ level, step: "runs", fitting });
      if (fitting.shapes) options = { ...feeds, shape: undefined, shapes: fitting.shapes };
    }
    const [set] = feedSets(withLimits(session.inputs, path), options);
    const own = feedsFor(session, set.feeds, request.name);
    await session.run(own);
    await session.run(own);
    const peak = i === 0 ? memory("VmHWM") : undefined;
    await session[Symbol.asyncDispose]();
    const known = start !== undefined && peak !== undefined;
    say({ level, step: "done", ...(known ? { memory: { level, peakBytes: peak - start } } : {}) });
  }
}

/** A line of /proc/self/status in bytes; undefined where the system has none. */
function memory(name: "VmRSS" | "VmHWM"): number | undefined {
  try {
    const found = new RegExp(`^${name}:\\s*(\\d+) kB`, "m").exec(readFileSync("/proc/self/status", "utf8"));
    return found ? 1024 * Number(found[1]) : undefined;
  } catch {
    return undefined;
  }
}

if (import.meta.main ?? process.argv[1] === fileURLToPath(import.meta.url)) {
  const request = deserialize(readFileSync(process.argv[2])) as TrialRequest;
  await runTrial(request, (line) => console.log(JSON.stringify(line)));
}
