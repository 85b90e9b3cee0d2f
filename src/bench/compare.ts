/**
 * The comparison of two models: how fast, how different, and how sure.
 *
 * @module
 */
import { checkOptions, COMPARE_OPTIONS, type CompareOptions, settingsOf } from "./compare_options.ts";
import { RULE } from "./decision_rule.ts";
import { defaultThreads, describeEnvironment, loadNow } from "./environment.ts";
import { errorNotes } from "./error_notes.ts";
import { summariseErrors } from "./error_summary.ts";
import { DoesNotRun, feedOptions, type FeedSet, feedSets } from "./feeds.ts";
import { findFitting, withLimits } from "./fitting_inputs.ts";
import { type Fitting, fittingNote } from "./fitting_shapes.ts";
import { layerDifferences } from "./layer_differences.ts";
import { timeLevel } from "./level.ts";
import { lostOperators, lostSentence } from "./lost_operators.ts";
import { type Observation, observe, type Setup } from "./observe.ts";
import { PROVIDER_CLASSES, resolveProvider } from "./provider.ts";
import { type NamedTensors, type Session, startSession } from "./session.ts";
import { fingerprint, materialise, type ModelFile, type ModelSource } from "./source.ts";
import { TemporaryDirectory } from "../host/temporary_directory.ts";
import { timingNotes } from "./timing_notes.ts";
import { tryModel } from "./trial.ts";
import type { Comparison, InputCard, Level, LevelComparison, MemoryUse, ModelCard } from "./types.ts";
import { checked } from "../host/options.ts";

/** Models larger than this are not saved as ONNX Runtime runs them only to be looked at. */
const LARGEST_SAVED = 2 ** 30;

/**
 * Compares two models: time at each optimization level, and the difference of their outputs on the same inputs.
 *
 * Both models' sessions live side by side and take turns in randomised rounds (see {@link timePair}), on the same threads and
 * the same inputs. Works on any two models with the same inputs and outputs.
 *
 * @param before The first model; ratios are its time over the second's.
 * @param after The second model.
 * @throws {Error} If a model cannot be loaded or run, the provider cannot start, or outputs have other shapes.
 * @throws {DOMException} If it is aborted before the error was measured; later, the result so far is returned.
 *
 * @example
 * ```ts
 * import { compare } from "@layerfuse/layerfuse/bench";
 *
 * const model = new URL("../../tests/fixtures/fashion_resnet.onnx", import.meta.url);
 * const result = await compare(model, model, { seconds: 1, levels: ["all"] });
 * console.log(result.levels[0].speedup, result.levels[0].verdict, result.error.relativeL2);
 * ```
 */
export async function compare(
  before: ModelSource,
  after: ModelSource,
  options: CompareOptions = {},
): Promise<Comparison> {
  const { levels: asked = ["disabled", "all"], seconds = 20, seed = 0, signal, onProgress, profile = true } = checked(
    "compare",
    options,
    COMPARE_OPTIONS,
  );
  const levels = [...new Set(asked)], threads = options.threads ?? await defaultThreads();
  checkOptions(levels, seconds, threads);
  signal?.throwIfAborted();
  using directory = new TemporaryDirectory();

  onProgress?.(0, "reading the models");
  const files = [
    await materialise(before, directory.path, "before", signal),
    await materialise(after, directory.path, "after", signal),
  ] as const;
  const prints = [await fingerprint(files[0]), await fingerprint(files[1])];
  const { provider, notes } = await resolveProvider(options.provider ?? "auto", files[0].path);
  const environment = await describeEnvironment({
    provider,
    threads,
    seed,
    modelPath: files[0].path.startsWith(directory.path) ? undefined : files[0].path,
  });
  const setup: Setup = { provider, threads, directory: directory.path };
  if (prints[0].sha256 === prints[1].sha256) notes.push("Both files are the same, byte for byte.");

  const { isolate = true } = options;
  if (isolate) onProgress?.(0.01, "trying each model in a process of its own");
  const memory: (MemoryUse | undefined)[] = [];
  let feeding = feedOptions(options), fitting: Fitting | undefined;
  const fit = (found: Fitting) => {
    fitting = found;
    if (!found.shapes) return;
    feeding = { ...feeding, shape: undefined, shapes: found.shapes };
    notes.push(fittingNote(found.shapes));
  };
  for (const file of isolate ? files : []) {
    // the level asked for last is measured: the runtime at its best
    const trial = await tryModel({ ...file, levels: levels.toReversed(), provider, threads, feeds: feeding }, signal);
    memory.push(trial?.memory);
    if (trial && file === files[0]) fit(trial);
    signal?.throwIfAborted();
  }

  onProgress?.(0.02, "running both models once");
  let sets: FeedSet[] | undefined;
  const work = {
    sets: (session: Session) => sets ??= feedSets(withLimits(session.inputs, files[0].path), feeding),
    get tried() {
      return fitting?.tried;
    },
    signal,
  };
  const seen = new Map<string, Observation>();
  const look = async (model: 0 | 1, level: Level) => {
    const key = `${model} ${level}`;
    const detail = profile && levels.includes(level);
    const known = seen.get(key) ?? await observe(files[model], level, setup, {
      ...work,
      detail,
      asRun: detail && prints[model].bytes <= LARGEST_SAVED,
      twice: level === levels[0],
    });
    seen.set(key, known);
    return known;
  };
  const original = await look(0, levels[0]).catch(async (error) => {
    if (!(error instanceof DoesNotRun) || fitting) throw error;
    await using session = await startSession(files[0].path, { ...setup, level: levels[0] });
    fit(await findFitting(session, files[0].path, feeding));
    sets = undefined;
    return await look(0, levels[0]);
  });
  const first = [original, await look(1, levels[0])] as const;
  const feeds = sets![0].feeds;
  const error = summariseErrors({
    sets: sets!,
    before: first[0].outputs,
    after: first[1].outputs,
    runtime: [(await look(0, "disabled")).outputs, (await look(0, "all")).outputs],
  });
  const self = { before: first[0].self, after: first[1].self };
  if (self.before || self.after) error.self = self;
  notes.push(...errorNotes(error, { before: files[0].name, after: files[1].name }));
  const ops = [await look(0, "disabled"), await look(1, "disabled")].map(({ profile }) => profile.ops);

  const layers = options.layers ? await layerDifferences(files, feeds, setup, signal) : undefined;

  const measured: LevelComparison[] = [];
  for (const [index, level] of levels.entries()) {
    if (signal?.aborted) break;
    const progress = (fraction: number) =>
      onProgress?.(0.05 + 0.95 * (index + fraction) / levels.length, `timing at optimization level ${level}`);
    progress(0);
    const observed = [await look(0, level), await look(1, level)] as const;
    notes.push(...fallbackNotes(files, level, observed, setup));
    const timed = await timeLevel(files, level, setup, feeds, observed, {
      ...options,
      seconds: seconds / levels.length,
      limitSeconds: options.limitSeconds === undefined ? undefined : options.limitSeconds / levels.length,
      seed,
      opTimes: profile,
      onProgress: progress,
    });
    const lost = lostOperators(observed[0].asRun ?? {}, observed[1].asRun ?? {});
    if (lost) notes.push(`At “${level}” ${lostSentence(lost)}.`);
    if (timed) measured.push({ ...timed, ...(lost ? { lost } : {}) });
    if (timed) notes.push(...timingNotes(timed));
  }
  if (signal?.aborted) notes.push("Interrupted: this is what was measured until then.");
  onProgress?.(1, "done");
  return {
    schemaVersion: 1,
    environment: { ...environment, loadEnd: loadNow() },
    settings: settingsOf(options),
    before: {
      name: files[0].name,
      ...prints[0],
      ops: writtenOps(before) ?? ops[0],
      ...(memory[0] ? { memory: memory[0] } : {}),
    },
    after: {
      name: files[1].name,
      ...prints[1],
      ops: writtenOps(after) ?? ops[1],
      ...(memory[1] ? { memory: memory[1] } : {}),
    },
    inputs: inputCards(feeds),
    levels: measured,
    error,
    ...(layers ? { layers } : {}),
    rule: RULE,
    ...(signal?.aborted ? { interrupted: true } : {}),
    notes,
  };
}

function fallbackNotes(
  files: readonly ModelFile[],
  level: Level,
  observed: readonly Observation[],
  { provider }: Setup,
): string[] {
  return observed.flatMap(({ profile }, i) =>
    Object.entries(profile.providers).filter(([name]) => name !== PROVIDER_CLASSES[provider]).map(([name, nodes]) => {
      const all = Object.values(profile.providers).reduce((sum, count) => sum + count, 0);
      return `${files[i].name} at level ${level}: ${nodes} of ${all} nodes ran on ${name}, not on ${
        PROVIDER_CLASSES[provider]
      }.`;
    })
  );
}

/** Op counts as the source itself knows them, where it does. */
function writtenOps(source: ModelSource): ModelCard["ops"] | undefined {
  const { ops } = source as { ops?: unknown };
  return ops && typeof ops === "object" ? ops as ModelCard["ops"] : undefined;
}

function inputCards(feeds: NamedTensors): InputCard[] {
  return Object.entries(feeds).map(([name, { type, dims }]) => ({ name, type, dims: [...dims] }));
}
