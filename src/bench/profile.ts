/**
 * ONNX Runtime's own profile: which nodes really ran, where, and for how long.
 *
 * @module
 */
import { basename, dirname, join } from "node:path";

/** What a profile tells. */
export interface Profile {
  /** Inferences it covers. */
  runs: number;
  /** Nodes by op type, each node once, subgraph nodes included. */
  ops: Record<string, number>;
  /** Nodes by execution provider. */
  providers: Record<string, number>;
  /** Time by op type, milliseconds per inference; the first inference is left out where there are more. */
  opTimesMs: Record<string, number>;
}

interface ProfileEvent {
  cat?: string;
  name: string;
  ts: number;
  dur?: number;
  args?: { op_name?: string; provider?: string; node_index?: string };
}

/** Reads the profile that a session wrote under a prefix (see `SessionOptions.profilePrefix`). */
export async function readProfile(prefix: string): Promise<Profile> {
  for await (const entry of Deno.readDir(dirname(prefix))) {
    if (!entry.name.startsWith(basename(prefix))) continue;
    return parseProfile(await Deno.readTextFile(join(dirname(prefix), entry.name)));
  }
  throw new Error(`${prefix}*: ONNX Runtime wrote no profile there`);
}

/**
 * Parses a profile's JSON: an array of Chrome trace events, durations in microseconds. A node's run is the event
 * `<node name>_kernel_time` of category `Node`.
 */
export function parseProfile(json: string): Profile {
  const events = JSON.parse(json) as ProfileEvent[];
  const runStarts = events.filter((event) => event.name === "model_run").map((event) => event.ts).sort((a, b) => a - b);
  const runs = Math.max(1, runStarts.length);
  const timedFrom = runStarts[1] ?? -Infinity;
  const profile: Profile = { runs, ops: {}, providers: {}, opTimesMs: {} };
  const seen = new Set<string>();
  for (const event of events) {
    if (event.cat !== "Node" || !event.name.endsWith("_kernel_time")) continue;
    const { op_name: op = "?", provider = "?", node_index: index } = event.args ?? {};
    const node = JSON.stringify([event.name, index, op]);
    if (!seen.has(node)) {
      seen.add(node); // a node runs once an inference, and in a Loop more often
      profile.ops[op] = (profile.ops[op] ?? 0) + 1;
      profile.providers[provider] = (profile.providers[provider] ?? 0) + 1;
    }
    if (event.ts >= timedFrom) {
      const ms = (event.dur ?? 0) / 1000 / (runs > 1 ? runs - 1 : 1);
      profile.opTimesMs[op] = (profile.opTimesMs[op] ?? 0) + ms;
    }
  }
  return profile;
}
