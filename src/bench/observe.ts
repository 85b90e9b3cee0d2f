/**
 * What ONNX Runtime really does with one model at one level: its outputs, and its own profile.
 *
 * @module
 */
import { join } from "node:path";
import { measureError } from "./error.ts";
import { overall } from "./error_summary.ts";
import { type FeedSet, feedsFor, firstRun } from "./feeds.ts";
import { type Profile, readProfile } from "./profile.ts";
import { type NamedTensors, openSession, type Session } from "./session.ts";
import type { ModelFile } from "./source.ts";
import type { ErrorMeasures, Level, Provider } from "./types.ts";

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
  /** How far the outputs of the first set are apart when it is run again; absent where they are equal. */
  self?: ErrorMeasures;
}

let profiles = 0;

/**
 * Runs a model once on every input set (the first of them twice where asked, to see whether the outputs are the same), with the runtime's profiler on, and the first set `extraRuns` times more for the times
 * by operator. Profiling costs time, so this session is never the one that is timed.
 */
export async function observe(
  file: ModelFile,
  level: Level,
  setup: Setup,
  work: {
    sets: (session: Session) => FeedSet[];
    guessed: boolean;
    extraRuns: number;
    twice?: boolean;
    signal?: AbortSignal;
  },
): Promise<Observation> {
  const profilePrefix = join(setup.directory, `profile_${profiles++}`);
  const outputs: NamedTensors[] = [];
  let self: ErrorMeasures | undefined;
  {
    await using session = await openSession(file.path, { ...setup, level, profilePrefix });
    const sets = work.sets(session).map(({ feeds }) => feedsFor(session, feeds, file.name));
    for (const feeds of sets) outputs.push(await firstRun(session, feeds, file.name, work.guessed));
    if (work.twice) self = differenceFromItself(outputs[0], await session.run(sets[0]));
    const start = performance.now();
    for (let i = 0; i < work.extraRuns && !work.signal?.aborted && performance.now() - start < 1000; i++) {
      await session.run(sets[0]);
    }
    session.endProfiling();
  }
  return { profile: await readProfile(profilePrefix), outputs, ...(self ? { self } : {}) };
}

function differenceFromItself(first: NamedTensors, again: NamedTensors): ErrorMeasures | undefined {
  const measures = overall(measureError(first, again));
  return measures.l2 > 0 ? measures : undefined;
}
