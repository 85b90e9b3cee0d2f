/**
 * Stored baselines: the runs of one pair that later runs are compared with.
 *
 * @module
 */
import { parseComparison } from "./export.ts";
import type { Comparison } from "./types.ts";

/** A baseline: one run, or several of the same pair, which tell how far runs differ. */
export interface Baseline {
  /** Version of this schema. */
  schemaVersion: 1;
  /** What it is called. */
  name: string;
  /** Its runs, oldest first. */
  runs: Comparison[];
}

/** Runs kept; older ones go. */
const MOST_RUNS = 20;

/** What must be the same for two runs to be of one pair on one machine. */
function subjectOf({ before, after, inputs, levels, environment }: Comparison): string {
  const { provider, threads } = environment;
  return JSON.stringify([
    ...[before.sha256, after.sha256, inputs, levels.map(({ level }) => level)],
    ...[machineOf(environment), provider, threads],
  ]);
}

function machineOf({ cpu, cores, os }: Comparison["environment"]): string {
  return `${cpu}, ${cores} cores, ${os}`;
}

/**
 * A baseline with one more run. Where the run is of the same two files, inputs, levels and machine as the last one it joins the
 * others, else it takes their place, as saving a baseline anew does elsewhere.
 */
export function addToBaseline(name: string, known: Baseline | undefined, run: Comparison): Baseline {
  const last = known?.runs.at(-1);
  const others = known && last && subjectOf(last) === subjectOf(run) ? known.runs : [];
  return { schemaVersion: 1, name, runs: [...others, run].slice(-MOST_RUNS) };
}

/**
 * Why a baseline says nothing here: it was measured on another machine, provider or number of threads. Undefined where it does.
 */
export function otherMachine({ runs }: Baseline, { environment }: Comparison): string | undefined {
  const then = runs.at(-1)!.environment;
  const differences = [
    [machineOf(then), machineOf(environment)],
    [`provider ${then.provider}`, `provider ${environment.provider}`],
    [`${then.threads} threads`, `${environment.threads} threads`],
  ].filter(([a, b]) => a !== b);
  return differences.length === 0 ? undefined : differences.map(([a, b]) => `${a}, now ${b}`).join("; ");
}

/**
 * Reads a saved baseline.
 *
 * @param where Where it came from, for messages.
 * @throws {Error} If it is not JSON, not a baseline of schema version 1, or has no run.
 */
export function parseBaseline(json: string, where: string): Baseline {
  let value: Partial<Baseline> | null;
  try {
    value = JSON.parse(json);
  } catch (error) {
    throw new Error(`${where}: not JSON (${error instanceof Error ? error.message : error})`);
  }
  if (value?.schemaVersion !== 1 || !Array.isArray(value.runs) || value.runs.length === 0) {
    throw new Error(`${where}: no baseline; expected a file that compare --save-baseline wrote`);
  }
  for (const run of value.runs) parseComparison(JSON.stringify(run), where);
  return value as Baseline;
}
