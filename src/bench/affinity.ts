/**
 * Where a session's worker threads run.
 *
 * Left alone, the scheduler gives each of two identical sessions its own habit: one's worker wakes on a free core, the other's
 * on the one that the main thread or another process is using, and that lasts for seconds. Two sessions of one model then
 * differ by 10% for the whole of a measurement, and randomised rounds cannot average it away. Pinned to the same cores, they
 * cannot differ in it.
 *
 * @module
 */
import { systemText, systemTexts } from "../host/system_files.ts";

/**
 * Logical CPUs, counted from 0, for the workers of a session with so many threads: one of each physical core that this process
 * may use, the first core left to the main thread, which takes part in the work. Undefined where that cannot be found out
 * (other systems than Linux) or there are too few cores.
 */
export function workerCpus(threads: number): number[] | undefined {
  siblings ??= readSiblings();
  return siblings && chooseCpus([...siblings.keys()], (cpu) => siblings!.get(cpu)!, threads);
}

/** The CPUs that this process may use, each with the hyper-threads of its core; read once, for sessions are opened again and again. */
let siblings: Map<number, string> | undefined;

function readSiblings(): Map<number, string> | undefined {
  const list = /^Cpus_allowed_list:\s*(\S+)/m.exec(systemText("/proc/self/status") ?? "")?.[1];
  if (list === undefined) return undefined;
  const path = (cpu: number) => `/sys/devices/system/cpu/cpu${cpu}/topology/thread_siblings_list`;
  const allowed = parseCpuList(list), texts = systemTexts(allowed.map(path));
  return new Map(allowed.map((cpu) => [cpu, texts.get(path(cpu)) ?? String(cpu)]));
}

/** Picks the CPUs given those allowed and the hyper-threads that share each one's core. */
export function chooseCpus(
  allowed: readonly number[],
  siblings: (cpu: number) => string,
  threads: number,
): number[] | undefined {
  const cores = new Map<string, number>();
  for (const cpu of allowed) {
    const core = siblings(cpu);
    if (!cores.has(core)) cores.set(core, cpu);
  }
  const workers = [...cores.values()].slice(1, threads);
  return workers.length === threads - 1 ? workers : undefined;
}

/** `0-2,8` → 0, 1, 2, 8. */
export function parseCpuList(list: string): number[] {
  return list.split(",").filter(Boolean).flatMap((range) => {
    const [first, last = first] = range.split("-").map(Number);
    return Array.from({ length: last - first + 1 }, (_, i) => first + i);
  });
}
