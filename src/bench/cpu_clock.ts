/**
 * CPU time: what a call cost however often the scheduler took the core away.
 *
 * @module
 */
import process from "node:process";
import { clockGettime, denoNamespace } from "../host/deno.ts";

/** Whose CPU time: of the thread that calls, or of all threads of the process. */
export type CpuScope = "thread" | "process";

/** POSIX clocks by system; Windows has none that is fine enough. */
const CLOCKS: Partial<Record<NodeJS.Platform, { library: string } & Record<CpuScope, number>>> = {
  linux: { library: "libc.so.6", process: 2, thread: 3 },
  darwin: { library: "libSystem.dylib", process: 12, thread: 16 },
};

/** The library stays open: a process asks for its clocks again and again. */
const known = new Map<CpuScope, (() => number) | undefined>();

/**
 * A clock of CPU time, milliseconds, by `clock_gettime`. Undefined where the system has no such clock or the permission for FFI is
 * not granted: then only wall time is measured.
 */
export function cpuClock(scope: CpuScope): (() => number) | undefined {
  if (!known.has(scope)) known.set(scope, openClock(scope));
  return known.get(scope);
}

function openClock(scope: CpuScope): (() => number) | undefined {
  const clock = CLOCKS[process.platform], gettime = clock && clockGettime(clock.library);
  if (!gettime) return denoNamespace() ? undefined : usageClock(scope);
  const time = new BigInt64Array(2), bytes = new Uint8Array(time.buffer), id = clock[scope];
  const read = () => gettime(id, bytes) === 0 ? 1e3 * Number(time[0]) + Number(time[1]) / 1e6 : NaN;
  return Number.isFinite(read()) ? read : undefined;
}

/** Node's own count, where the system keeps it to the microsecond; of threads, its newer versions have one. */
function usageClock(scope: CpuScope): (() => number) | undefined {
  if (process.platform === "win32") return undefined;
  const { threadCpuUsage } = process as { threadCpuUsage?: () => NodeJS.CpuUsage };
  const usage = scope === "process" ? () => process.cpuUsage() : threadCpuUsage;
  return usage && (() => {
    const { user, system } = usage();
    return (user + system) / 1e3;
  });
}
