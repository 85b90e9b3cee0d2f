/**
 * One optimization level: what ran, where, how fast.
 *
 * @module
 */
import { shuffle } from "simple-statistics";
import { cpuClock } from "./cpu_clock.ts";
import { feedsFor } from "./feeds.ts";
import { watchMachine } from "./machine_watch.ts";
import type { Observation, Setup } from "./observe.ts";
import type { Profile } from "./profile.ts";
import { scaledToRun, withoutProfilerCost } from "./profiler_cost.ts";
import { type RandomSource, randomSource } from "./random.ts";
import { type NamedTensors, type Session, startSession } from "./session.ts";
import type { ModelFile } from "./source.ts";
import { countOutliers, median } from "./statistics.ts";
import { type Contestants, TIME_PAIR_OPTIONS, timePair, type TimePairOptions } from "./timing.ts";
import { optionsOf } from "../host/options.ts";
import type { Level, LevelComparison, Timing } from "./types.ts";

/**
 * Times two models at one level.
 *
 * @returns Undefined if it was aborted before the first round ended.
 */
export async function timeLevel(
  files: readonly [ModelFile, ModelFile],
  level: Level,
  setup: Setup,
  feeds: NamedTensors,
  observed: readonly [Observation, Observation],
  options: Omit<TimePairOptions, "renew" | "renewMs" | "sameOperators"> & { opTimes: boolean },
): Promise<LevelComparison | undefined> {
  const { opTimes, ...rest } = options;
  await using sessions = new SessionSet(files, level, setup, options.seed ?? 0);
  const contestants = async (): Promise<Contestants> => {
    const [before, after] = (await sessions.open()).map((session, i) =>
      session.prepare(feedsFor(session, feeds, files[i].name))
    );
    return { before, after };
  };
  const first = await contestants();
  if (options.signal?.aborted) return undefined;
  const onOneThread = setup.provider === "cpu" && setup.threads === 1;
  const watched = watchMachine();
  const timing = await timePair(first.before, first.after, {
    ...optionsOf<TimePairOptions>(rest, TIME_PAIR_OPTIONS),
    cpuNow: setup.provider === "cpu" ? cpuClock(onOneThread ? "thread" : "process") : undefined,
    cpuMayDecide: onOneThread,
    sameOperators: sameOperators(observed[0].profile.kernels, observed[1].profile.kernels),
    renew: contestants,
    renewMs: sessions.openMs,
  }).catch((error) => {
    if (options.signal?.aborted) return undefined; // stopped before the first round ended
    throw error;
  });
  if (!timing) return undefined;
  const machine = watched();
  const card = (side: "before" | "after", createMs: number[], { profile, asRun }: Observation): Timing => {
    const samplesMs = timing[`${side}Ms`];
    return {
      medianMs: median(samplesMs),
      samplesMs,
      ...(timing.cpuMs ? { cpuMs: timing.cpuMs[side] } : {}),
      ...(timing.hotMs ? { hotMs: timing.hotMs[side] } : {}),
      outliers: countOutliers(samplesMs),
      sessionMs: median(createMs),
      opsRun: profile.ops,
      providers: profile.providers,
      ...(opTimes ? operatorTimes(profile, median(samplesMs)) : {}),
      ...(asRun ? { asRun } : {}),
    };
  };
  const { speedup, cpuSpeedup, lnRatios, verdict, decision, control, inner, warmup, openings, seconds, stopped } =
    timing;
  return {
    level,
    before: card("before", sessions.createMs[0], observed[0]),
    after: card("after", sessions.createMs[1], observed[1]),
    speedup,
    lnRatios,
    verdict,
    decision,
    ...(control ? { control } : {}),
    ...(cpuSpeedup ? { cpuSpeedup } : {}),
    machine,
    seconds,
    inner,
    warmup,
    openings,
    stopped,
  };
}

/** Times by operator without the profiler's own cost, together about one inference, and what they are taken from. */
function operatorTimes(profile: Profile, medianMs: number): Pick<Timing, "opTimesMs" | "profiled"> {
  const { opTimesMs: own, costMs } = withoutProfilerCost(profile, medianMs);
  const { opTimesMs, scale } = scaledToRun(own, medianMs);
  const profiled = { runs: profile.timedRuns, runMs: profile.runMs, costMs, ...scale === undefined ? {} : { scale } };
  return { opTimesMs, profiled };
}

/** How many operators ran where they were the same for both, element types and shapes included; else undefined. */
function sameOperators(
  first: Readonly<Record<string, number>>,
  second: Readonly<Record<string, number>>,
): number | undefined {
  const kernels = Object.keys(first);
  const total = Object.values(first).reduce((sum, count) => sum + count, 0);
  if (kernels.length !== Object.keys(second).length || total === 0) return undefined;
  return kernels.every((kernel) => first[kernel] === second[kernel]) ? total : undefined;
}

/**
 * The sessions of one level. Opened in a random order each time: which comes first decides where its memory lies, and with a
 * small model that is worth half a percent.
 */
class SessionSet implements AsyncDisposable {
  /** Creation times of each, milliseconds. */
  readonly createMs: number[][];
  /** How long the last opening took, closing the one before included, milliseconds. */
  openMs = 0;
  #sessions: Session[] = [];
  #random: RandomSource;

  private files: readonly ModelFile[];
  private level: Level;
  private setup: Setup;

  constructor(files: readonly ModelFile[], level: Level, setup: Setup, seed: number) {
    this.files = files;
    this.level = level;
    this.setup = setup;

    this.createMs = files.map(() => []);
    this.#random = randomSource(seed, 4);
  }

  async open(): Promise<readonly Session[]> {
    const start = performance.now();
    await this[Symbol.asyncDispose]();
    const opened: Session[] = [];
    for (const index of shuffle(this.files.map((_, i) => i), this.#random)) {
      const session = await startSession(this.files[index].path, { ...this.setup, level: this.level });
      this.#sessions.push(opened[index] = session);
      this.createMs[index].push(session.createMs);
    }
    this.openMs = performance.now() - start;
    return opened;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const session of this.#sessions.splice(0)) await session[Symbol.asyncDispose]();
  }
}
