/**
 * One optimization level: what ran, where, how fast.
 *
 * @module
 */
import { shuffle } from "simple-statistics";
import { feedsFor } from "./feeds.ts";
import type { Observation, Setup } from "./observe.ts";
import type { Profile } from "./profile.ts";
import { withoutProfilerCost } from "./profiler_cost.ts";
import { type RandomSource, randomSource } from "./random.ts";
import { type NamedTensors, openSession, type Session } from "./session.ts";
import type { ModelFile } from "./source.ts";
import { countOutliers, median } from "./statistics.ts";
import { type Contestants, timePair, type TimePairOptions } from "./timing.ts";
import type { Level, LevelComparison, Timing } from "./types.ts";

/**
 * Times two models at one level, with a second session of the first as control where asked for.
 *
 * @returns Undefined if it was aborted before the first round ended.
 */
export async function timeLevel(
  [before, after]: readonly [ModelFile, ModelFile],
  level: Level,
  setup: Setup,
  feeds: NamedTensors,
  observed: readonly [Observation, Observation],
  options: Omit<TimePairOptions, "control" | "renew" | "renewMs"> & { control: boolean; opTimes: boolean },
): Promise<LevelComparison | undefined> {
  const { control, opTimes, ...rest } = options;
  await using sessions = new SessionSet(
    control ? [before, after, before] : [before, after],
    level,
    setup,
    options.seed ?? 0,
  );
  const contestants = async (): Promise<Contestants> => {
    const runs = (await sessions.open()).map((session, i) =>
      session.prepare(feedsFor(session, feeds, [before, after, before][i].name))
    );
    return { before: runs[0], after: runs[1], control: runs[2] };
  };
  const first = await contestants();
  if (options.signal?.aborted) return undefined;
  const timing = await timePair(first.before, first.after, {
    ...rest,
    control: first.control,
    renew: contestants,
    renewMs: sessions.openMs,
  });
  const card = (samplesMs: number[], createMs: number[], { profile, asRun }: Observation): Timing => ({
    medianMs: median(samplesMs),
    samplesMs,
    outliers: countOutliers(samplesMs),
    sessionMs: median(createMs),
    opsRun: profile.ops,
    providers: profile.providers,
    ...(opTimes ? operatorTimes(profile, median(samplesMs)) : {}),
    ...(asRun ? { asRun } : {}),
  });
  const { speedup, lnRatios, verdict, inner, warmup, openings, stopped } = timing;
  return {
    level,
    before: card(timing.beforeMs, sessions.createMs[0], observed[0]),
    after: card(timing.afterMs, sessions.createMs[1], observed[1]),
    speedup,
    lnRatios,
    verdict,
    ...(timing.control ? { control: timing.control } : {}),
    inner,
    warmup,
    openings,
    stopped,
  };
}

/** Times by operator without the profiler's own cost, and what they are taken from. */
function operatorTimes(profile: Profile, medianMs: number): Pick<Timing, "opTimesMs" | "profiled"> {
  const { opTimesMs, costMs } = withoutProfilerCost(profile, medianMs);
  return { opTimesMs, profiled: { runs: profile.timedRuns, runMs: profile.runMs, costMs } };
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

  constructor(private files: readonly ModelFile[], private level: Level, private setup: Setup, seed: number) {
    this.createMs = files.map(() => []);
    this.#random = randomSource(seed, 4);
  }

  async open(): Promise<readonly Session[]> {
    const start = performance.now();
    await this[Symbol.asyncDispose]();
    const opened: Session[] = [];
    for (const index of shuffle(this.files.map((_, i) => i), this.#random)) {
      const session = await openSession(this.files[index].path, { ...this.setup, level: this.level });
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
