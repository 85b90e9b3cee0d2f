/**
 * CPU time: what a call cost however often the scheduler took the core away.
 *
 * @module
 */

/** Whose CPU time: of the thread that calls, or of all threads of the process. */
export type CpuScope = "thread" | "process";

/** POSIX clocks by system; Windows has none that is fine enough. */
const CLOCKS: Partial<Record<typeof Deno.build.os, { library: string } & Record<CpuScope, number>>> = {
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
  const clock = CLOCKS[Deno.build.os];
  if (!clock || Deno.permissions.querySync({ name: "ffi" }).state !== "granted") return undefined;
  try {
    const { symbols } = Deno.dlopen(clock.library, {
      clock_gettime: { parameters: ["i32", "buffer"], result: "i32" },
    });
    const time = new BigInt64Array(2), bytes = new Uint8Array(time.buffer), id = clock[scope];
    const read = () => symbols.clock_gettime(id, bytes) === 0 ? 1e3 * Number(time[0]) + Number(time[1]) / 1e6 : NaN;
    return Number.isFinite(read()) ? read : undefined;
  } catch {
    return undefined; // another C library
  }
}
