/**
 * ONNX Runtime's own profile: which nodes really ran, where, and for how long.
 *
 * @module
 */
import { readdir, readFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { median } from "simple-statistics";
import { type ProfileEvent, profileEvents } from "./profile_events.ts";

/** What a profile tells. */
export interface Profile {
  /** Inferences it covers. */
  runs: number;
  /** Nodes by op type, each node once, subgraph nodes included. */
  ops: Record<string, number>;
  /** Nodes by operator, provider and the element types and shapes of inputs and outputs: the same for two models that run alike. */
  kernels: Record<string, number>;
  /** Nodes by execution provider. */
  providers: Record<string, number>;
  /**
   * Time by op type, milliseconds: the median over inferences of what all nodes of the type took together. The first inference
   * is left out where there are more. What nodes in the body of a Loop, If or Scan take is theirs, not the Loop's.
   */
  opTimesMs: Record<string, number>;
  /** How often nodes of each op type ran in an inference: more often than there are nodes where a Loop runs its body. */
  opRuns: Record<string, number>;
  /** Inferences that the times are medians of. */
  timedRuns: number;
  /** Median time of such an inference as a whole, milliseconds: {@link Profile.opTimesMs} and what lies between the nodes. */
  runMs: number;
}

/** Reads the profile that a session wrote under a prefix (see `SessionOptions.profilePrefix`). */
export async function readProfile(prefix: string): Promise<Profile> {
  for (const name of await readdir(dirname(prefix))) {
    if (!name.startsWith(basename(prefix)) || !name.endsWith(".json")) continue;
    return parseProfile(await readFile(join(dirname(prefix), name), "utf8"));
  }
  throw new Error(`${prefix}*: ONNX Runtime wrote no profile there`);
}

/** Parses a profile. A node's run is the event `<node name>_kernel_time` of category `Node`; times are microseconds. */
export function parseProfile(json: string): Profile {
  const events = profileEvents(json);
  const runs = events.filter((event) => event.name === "model_run").sort((a, b) => a.ts - b.ts);
  const timed = runs.slice(runs.length > 1 ? 1 : 0);
  const profile: Profile = {
    runs: Math.max(1, runs.length),
    ops: {},
    kernels: {},
    providers: {},
    opTimesMs: {},
    opRuns: {},
    timedRuns: Math.max(1, timed.length),
    runMs: 0,
  };
  const nodes = events.filter(({ cat, name }) => cat === "Node" && name.endsWith("_kernel_time"));
  const seen = new Set<string>();
  for (const { name, op, provider, index, shapes } of nodes) {
    const node = JSON.stringify([name, index, op]);
    if (seen.has(node)) continue; // a node runs once an inference, and in a Loop more often
    seen.add(node);
    profile.ops[op] = (profile.ops[op] ?? 0) + 1;
    profile.providers[provider] = (profile.providers[provider] ?? 0) + 1;
    const kernel = `${op} ${provider} ${shapes}`;
    profile.kernels[kernel] = (profile.kernels[kernel] ?? 0) + 1;
  }
  const times = new Map(Object.keys(profile.ops).map((op) => [op, new Float64Array(profile.timedRuns)]));
  for (const [{ op, ts }, us] of ownTimes(nodes)) {
    const run = timed.length === 0 ? 0 : timed.findLastIndex((each) => each.ts <= ts);
    if (run < 0) continue;
    times.get(op)![run] += us / 1000;
    profile.opRuns[op] = (profile.opRuns[op] ?? 0) + 1 / profile.timedRuns;
  }
  for (const [op, perRun] of times) profile.opTimesMs[op] = median([...perRun]);
  profile.runMs = timed.length > 0
    ? median(timed.map(({ dur }) => dur / 1000))
    : Object.values(profile.opTimesMs).reduce((sum, ms) => sum + ms, 0);
  return profile;
}

/** Each node's run with its time in microseconds, less that of nodes that ran inside it (the body of a Loop). */
function ownTimes(nodes: readonly ProfileEvent[]): [ProfileEvent, number][] {
  const own: [ProfileEvent, number][] = [];
  const open: number[] = [];
  for (const event of nodes.toSorted((a, b) => a.ts - b.ts || b.dur - a.dur)) {
    while (open.length > 0 && own[open.at(-1)!][0].ts + own[open.at(-1)!][0].dur < event.ts + event.dur) open.pop();
    const outer = open.at(-1);
    if (outer !== undefined && own[outer][0].isControlFlow) own[outer][1] -= event.dur;
    own.push([event, event.dur]);
    if (event.isControlFlow) open.push(own.length - 1);
  }
  return own;
}
