/**
 * One optimization level: what ran, where, how fast.
 *
 * @module
 */
import { join } from "node:path";
import { type FeedSet, feedsFor, firstRun } from "./feeds.ts";
import { type Profile, readProfile } from "./profile.ts";
import { type NamedTensors, openSession, type Session } from "./session.ts";
import type { ModelFile } from "./source.ts";
import { countOutliers, median } from "./statistics.ts";
import { timePair, type TimePairOptions } from "./timing.ts";
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
  options: Omit<TimePairOptions, "control"> & { control: boolean; opTimes: boolean },
): Promise<LevelComparison | undefined> {
  const open = (file: ModelFile) => openSession(file.path, { ...setup, level });
  await using first = await open(before);
  await using second = await open(after);
  await using third = options.control ? await open(before) : null;
  const run = (session: Session, file: ModelFile) => session.prepare(feedsFor(session, feeds, file.name));
  if (options.signal?.aborted) return undefined;
  const timing = await timePair(run(first, before), run(second, after), {
    ...options,
    control: third ? run(third, before) : undefined,
  });
  const card = (samplesMs: number[], session: Session, { profile }: Observation): Timing => ({
    medianMs: median(samplesMs),
    samplesMs,
    outliers: countOutliers(samplesMs),
    sessionMs: session.createMs,
    opsRun: profile.ops,
    providers: profile.providers,
    ...(options.opTimes ? { opTimesMs: profile.opTimesMs } : {}),
  });
  const { speedup, lnRatios, verdict, control, inner, warmup, stopped } = timing;
  return {
    level,
    before: card(timing.beforeMs, first, observed[0]),
    after: card(timing.afterMs, second, observed[1]),
    speedup,
    lnRatios,
    verdict,
    ...(control ? { control } : {}),
    inner,
    warmup,
    stopped,
  };
}
