/**
 * What ONNX Runtime really does with one model at one level: its outputs, and its own profile.
 *
 * @module
 */
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { countOperators } from "./as_run.ts";
import { measureError } from "./error.ts";
import { overall } from "./error_summary.ts";
import { type FeedSet, feedsFor, firstRun } from "./feeds.ts";
import { type Profile, readProfile } from "./profile.ts";
import { type NamedTensors, type Session, startSession } from "./session.ts";
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
  /** Nodes by operator of the graph as the runtime saved it; absent where it was not asked, or could not. */
  asRun?: Record<string, number>;
}

/** Profiled inferences: at least, at most, for how long beyond the least, and how many nodes' runs the profile may grow to. */
const LEAST_RUNS = 5, MOST_RUNS = 60, RUNS_MS = 1500, MOST_EVENTS = 60_000;

let profiles = 0;

/**
 * Runs a model once on every input set (the first of them twice where asked, to see whether the outputs are the same), with the
 * runtime's profiler on, and the first set some times more for the times by operator. Profiling costs time, so this session is never the one that is timed.
 */
export async function observe(
  file: ModelFile,
  level: Level,
  setup: Setup,
  work: {
    sets: (session: Session) => FeedSet[];
    /** How many other shapes have been tried without success. */
    tried?: number;
    /** Whether times by operator are wanted: they take more inferences. */
    detail: boolean;
    /** Whether the graph as run is wanted: it is written to disk, weights included. */
    asRun: boolean;
    twice?: boolean;
    signal?: AbortSignal;
  },
): Promise<Observation> {
  const profilePrefix = join(setup.directory, `profile_${profiles++}`);
  const outputs: NamedTensors[] = [];
  let self: ErrorMeasures | undefined, runs: Observation["asRun"];
  {
    const { session, asRun } = await openObserved(file, level, setup, profilePrefix, work.asRun);
    await using _closed = session;
    runs = asRun;
    const sets = work.sets(session).map(({ feeds }) => feedsFor(session, feeds, file.name));
    for (const feeds of sets) outputs.push(await firstRun(session, feeds, file.name, work.tried));
    if (work.twice) self = differenceFromItself(outputs[0], await session.run(sets[0]));
    const most = Math.min(MOST_RUNS, Math.max(LEAST_RUNS, Math.floor(MOST_EVENTS / total(runs ?? { "?": 1000 }))));
    const start = performance.now();
    for (let i = 0; work.detail && i < most && !work.signal?.aborted; i++) {
      if (i >= LEAST_RUNS && performance.now() - start > RUNS_MS) break;
      await session.run(sets[0]);
    }
    session.endProfiling();
  }
  const profile = await readProfile(profilePrefix);
  return { profile, outputs, ...(self ? { self } : {}), ...(runs ? { asRun: runs } : {}) };
}

/** Opens a profiled session, which also saves the graph it runs where that is asked for and works. */
async function openObserved(file: ModelFile, level: Level, setup: Setup, profilePrefix: string, asRun: boolean) {
  const options = { ...setup, level, profilePrefix };
  if (asRun && level !== "disabled" && setup.provider === "cpu") {
    const optimizedPath = `${profilePrefix}_as_run.onnx`;
    const session = await startSession(file.path, { ...options, optimizedPath }).catch(() => undefined); // said below, if at all
    if (session) {
      const counts = countOperators(optimizedPath);
      await rm(optimizedPath);
      return { session, asRun: counts };
    }
  }
  return { session: await startSession(file.path, options) };
}

function total(counts: Readonly<Record<string, number>>): number {
  return Math.max(1, Object.values(counts).reduce((sum, count) => sum + count, 0));
}

function differenceFromItself(first: NamedTensors, again: NamedTensors): ErrorMeasures | undefined {
  const measures = overall(measureError(first, again));
  return measures.l2 > 0 ? measures : undefined;
}
