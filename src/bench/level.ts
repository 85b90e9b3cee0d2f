/**
 * One optimization level: what ran, where, how fast.
 *
 * @module
 */
import { join } from "node:path";
import { shuffle } from "simple-statistics";
import { type FeedSet, feedsFor, firstRun } from "./feeds.ts";
import { type Profile, readProfile } from "./profile.ts";
import { type RandomSource, randomSource } from "./random.ts";
import { type NamedTensors, openSession, type Session } from "./session.ts";
import type { ModelFile } from "./source.ts";
import { countOutliers, median } from "./statistics.ts";
import { type Contestants, timePair, type TimePairOptions } from "./timing.ts";
import type { Level, LevelComparison, Provider, Timing } from "./types.ts";

/** What all sessions of a comparison share. */
export interface Setup {
  /** Execution provider. */
  provider: Provider;
  /** Intra-op threads. */
  threads: number;
  /** Where profiles are written. */
  directory: string;
}

/** What a profiled session tells of one model at one level. */
export interface Observation {
  /** The runtime's profile. */
  profile: Profile;
  /** Outputs of every input set, in the sets' order. */
  outputs: NamedTensors[];
}

let profiles = 0;

/**
 * Runs a model once on every input set, with the runtime's profiler on, and the first set `extraRuns` times more for the times
 * by operator. Profiling costs time, so this session is never the one that is timed.
 */
export async function observe(
  file: ModelFile,
  level: Level,
  setup: Setup,
  work: { sets: (session: Session) => FeedSet[]; guessed: boolean; extraRuns: number; signal?: AbortSignal },
): Promise<Observation> {
  const profilePrefix = join(setup.directory, `profile_${profiles++}`);
  const outputs: NamedTensors[] = [];
  {
    await using session = await openSession(file.path, { ...setup, level, profilePrefix });
    const sets = work.sets(session).map(({ feeds }) => feedsFor(session, feeds, file.name));
    for (const feeds of sets) outputs.push(await firstRun(session, feeds, file.name, work.guessed));
    const start = performance.now();
    for (let i = 0; i < work.extraRuns && !work.signal?.aborted && performance.now() - start < 1000; i++) {
      await session.run(sets[0]);
    }
    session.endProfiling();
  }
  return { profile: await readProfile(profilePrefix), outputs };
}

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
  const card = (samplesMs: number[], createMs: number[], { profile }: Observation): Timing => ({
    medianMs: median(samplesMs),
    samplesMs,
    outliers: countOutliers(samplesMs),
    sessionMs: median(createMs),
    opsRun: profile.ops,
    providers: profile.providers,
    ...(opTimes ? { opTimesMs: profile.opTimesMs } : {}),
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
