/**
 * `Deno.bench` both ways: registering a pair of models, and running `deno bench` from a script or a notebook.
 *
 * @module
 */
import { execFile } from "node:child_process";
import process from "node:process";
import { denoNamespace } from "../host/deno.ts";
import { TemporaryDirectory } from "../host/temporary_directory.ts";
import { defaultThreads } from "./environment.ts";
import { type FeedOptions, feedSets, feedsFor, firstRun } from "./feeds.ts";
import { findFitting, withLimits } from "./fitting_inputs.ts";
import type { Fitting } from "./fitting_shapes.ts";
import { INPUT_OPTIONS, type InputOptions } from "./input_options.ts";
import { resolveProvider } from "./provider.ts";
import { type NamedTensors, openSession } from "./session.ts";
import { materialise, type ModelSource } from "./source.ts";
import { tryModel } from "./trial.ts";
import type { Level } from "./types.ts";
import { checked, type OptionNames } from "../host/options.ts";

/** A model, or a function that makes one, called only when a bench really runs. */
export type LazyModelSource = ModelSource | (() => ModelSource | Promise<ModelSource>);

/** How to register a pair. */
export interface RegisterOptions extends InputOptions {
  /** Optimization levels, one group each; default `disabled` and `all`. */
  levels?: readonly Level[];
  /** Execution provider by name, default `auto`. */
  provider?: string;
  /** Intra-op threads of each session, default the physical cores. */
  threads?: number;
  /** The user's own inputs in place of made-up ones; those it leaves out are made up. */
  inputs?: NamedTensors;
}

const REGISTER_OPTIONS: OptionNames<RegisterOptions> = {
  levels: true,
  provider: true,
  threads: true,
  inputs: true,
  ...INPUT_OPTIONS,
};

interface Pair extends AsyncDisposable {
  before: () => Promise<unknown>;
  after: () => Promise<unknown>;
}

/** Groups run one after the other: only one pair's sessions are open at a time. */
let openPair: { key: object; pair: Promise<Pair> } | undefined;

/**
 * Registers two models with `Deno.bench`: both models at each level, every inference awaited.
 *
 * Each bench is a group of its own. `deno bench` times one bench after the other, and what it says of the benches of one group
 * ("1.02x faster than") is no verdict: no interval, and the machine's mood in it. {@linkcode compare} gives the verdict.
 *
 * A pair that fails fails alone, with the reason at both of its benches.
 *
 * Outside `deno bench` this does nothing: models are made, and sessions opened, in the first iteration, off its clock.
 *
 * @throws {Error} Where it is not Deno that runs.
 *
 * @example
 * ```ts
 * import { registerComparison } from "@layerfuse/layerfuse/bench";
 *
 * registerComparison("mine", "before.onnx", "after.onnx", { shape: [1, 3, 224, 224] });
 * ```
 */
export function registerComparison(
  name: string,
  before: LazyModelSource,
  after: LazyModelSource,
  options: RegisterOptions = {},
): void {
  checked("registerComparison", options, REGISTER_OPTIONS);
  const deno = denoNamespace();
  if (!deno) throw new Error("registerComparison() registers with Deno.bench: run it with `deno bench`.");
  for (const level of options.levels ?? ["disabled", "all"]) {
    const key = {};
    const pairOf = async (): Promise<Pair> => {
      if (openPair?.key !== key) {
        const last = openPair?.pair;
        openPair = { key, pair: closed(last).then(() => open(before, after, level, options)) };
      }
      return await openPair.pair;
    };
    for (const side of ["before", "after"] as const) {
      deno.bench({
        name: `${name} ${side}`,
        group: `${name}, level ${level}, ${side}`,
        async fn(bench) {
          const run = (await pairOf())[side];
          bench.start();
          await run();
          bench.end();
        },
      });
    }
  }
}

/** Closes a pair, where there is one; one that failed has said so itself, and left nothing open. */
async function closed(pair?: Promise<Pair>): Promise<void> {
  await (await pair?.catch(() => undefined))?.[Symbol.asyncDispose]();
}

async function open(
  before: LazyModelSource,
  after: LazyModelSource,
  level: Level,
  options: RegisterOptions,
): Promise<Pair> {
  const resources = new AsyncDisposableStack();
  try {
    return await openIn(resources, before, after, level, options);
  } catch (error) {
    await resources.disposeAsync();
    throw error;
  }
}

/** Opens a pair; what has to be closed goes to `resources`, should it fail or when it is done with. */
async function openIn(
  resources: AsyncDisposableStack,
  before: LazyModelSource,
  after: LazyModelSource,
  level: Level,
  options: RegisterOptions,
): Promise<Pair> {
  const directory = resources.use(new TemporaryDirectory());
  const made = async (source: LazyModelSource) => typeof source === "function" ? await source() : source;
  const files = [
    await materialise(await made(before), directory.path, "before"),
    await materialise(await made(after), directory.path, "after"),
  ];
  const threads = options.threads ?? await defaultThreads();
  const { provider } = await resolveProvider(options.provider ?? "auto", files[0].path);
  let feeding: FeedOptions = inputOptions(options), fitting: Fitting | undefined;
  for (const file of files) { // the runtime can die of a model, and every other bench with it
    const trial = await tryModel({ ...file, levels: [level], provider, threads, feeds: feeding });
    if (file === files[0]) fitting = trial;
    if (fitting?.shapes) feeding = { ...feeding, shape: undefined, shapes: fitting.shapes };
  }
  const sessions = [
    resources.use(await openSession(files[0].path, { provider, level, threads })),
    resources.use(await openSession(files[1].path, { provider, level, threads })),
  ];
  fitting ??= await findFitting(sessions[0], files[0].path, feeding);
  if (fitting.shapes) feeding = { ...feeding, shape: undefined, shapes: fitting.shapes };
  const [{ feeds }] = feedSets(withLimits(sessions[0].inputs, files[0].path), feeding);
  const runs = [];
  for (const [i, session] of sessions.entries()) {
    const own = feedsFor(session, feeds, files[i].name);
    await firstRun(session, own, files[i].name, fitting.tried);
    runs.push(session.prepare(own));
  }
  return {
    before: runs[0],
    after: runs[1],
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}

/** The part of the options that says what to feed, without what cannot be written down. */
function inputOptions({ seed, shape, shapes, values, size, distribution, inputs }: RegisterOptions): FeedOptions {
  return { seed, shape, shapes, values, size, inputs, distributions: [distribution ?? "normal"] };
}

/** One bench of `deno bench --json`. */
export interface DenoBenchResult {
  /** The file it is in, a URL. */
  origin: string;
  /** Its group, null where it has none. */
  group: string | null;
  /** Its name. */
  name: string;
  /** Whether it is its group's baseline. */
  baseline: boolean;
  /** Iterations measured; 0 where it failed. */
  iterations: number;
  /** Mean, smallest, largest and 75th, 99th percentile, milliseconds; null where it failed. `deno bench` gives no median. */
  times: { meanMs: number; minMs: number; maxMs: number; p75Ms: number; p99Ms: number } | null;
  /** Why it failed, null where it did not. */
  error: string | null;
}

/** How to run `deno bench`. */
export interface DenoBenchOptions {
  /** Only benches with this in their name. */
  filter?: string;
  /** Further arguments of `deno bench`, before the files; default `-A`. */
  args?: readonly string[];
  /** Working directory. */
  cwd?: string | URL;
  /** Aborting ends the process. */
  signal?: AbortSignal;
}

const DENO_BENCH_OPTIONS: OptionNames<DenoBenchOptions> = { filter: true, args: true, cwd: true, signal: true };

interface DenoBenchJson {
  version: number;
  benches: {
    origin: string;
    group: string | null;
    name: string;
    baseline: boolean;
    results: { ok?: Record<"n" | "min" | "max" | "avg" | "p75" | "p99", number>; failed?: { message: string } }[];
  }[];
}

/**
 * Runs `deno bench --json` on files in a process of its own.
 *
 * `deno bench` times one bench after the other, so small differences between them are the machine's; {@link compare} is the
 * one to believe.
 *
 * @throws {Error} If it gives no results: a file is missing or does not type-check, or its JSON has another schema version.
 */
export async function denoBench(
  files: string | URL | readonly (string | URL)[],
  options: DenoBenchOptions = {},
): Promise<DenoBenchResult[]> {
  const { filter, args = ["-A"], cwd, signal } = checked("denoBench", options, DENO_BENCH_OPTIONS);
  const list = (Array.isArray(files) ? files : [files]).map(String);
  const line = ["bench", "--json", ...args, ...(filter ? ["--filter", filter] : []), ...list];
  const env = { ...process.env, NO_COLOR: "1" };
  return await new Promise((resolve, reject) => {
    const program = denoNamespace() ? process.execPath : "deno";
    execFile(program, line, { cwd, signal, env, maxBuffer: 1 << 28 }, (_failed, stdout, stderr) => {
      try {
        resolve(parseDenoBench(stdout, stderr));
      } catch (error) {
        reject(error);
      }
    });
  });
}

/** Reads what `deno bench --json` printed: schema version 1, times in nanoseconds. */
export function parseDenoBench(stdout: string, stderr = ""): DenoBenchResult[] {
  let json: DenoBenchJson;
  try {
    json = JSON.parse(stdout.slice(stdout.indexOf("{")));
  } catch {
    throw new Error(`deno bench gave no results: ${stderr.trim() || "it printed nothing"}`);
  }
  if (json.version !== 1) throw new Error(`deno bench --json: schema version ${json.version}, expected 1`);
  return json.benches.map(({ origin, group, name, baseline, results: [{ ok, failed }] }) => ({
    origin,
    group,
    name,
    baseline,
    iterations: ok?.n ?? 0,
    times: ok
      ? { meanMs: ok.avg / 1e6, minMs: ok.min / 1e6, maxMs: ok.max / 1e6, p75Ms: ok.p75 / 1e6, p99Ms: ok.p99 / 1e6 }
      : null,
    error: ok ? null : failed?.message ?? "failed",
  }));
}
