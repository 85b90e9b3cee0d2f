/**
 * What else the machine did while something was measured: other processes, the hypervisor, quotas, heat.
 *
 * @module
 */
import os from "node:os";
import process from "node:process";
import { systemText, systemTexts } from "../host/system_files.ts";
import type { MachineWatch } from "./types.ts";

/** Cores' worth of other work from which on a measurement is warned of; more on machines with many cores. */
const BUSY = 0.25;

/** Cores' worth of stolen time from which on a measurement is warned of. */
const STOLEN = 0.02;

interface Reading {
  at: number;
  busySeconds: number | null;
  stolenSeconds: number | null;
  ownSeconds: number;
  throttledSeconds: number | null;
  thermalThrottles: number | null;
  load: number | null;
}

/** Begins to watch; the function returned tells what happened since. */
export function watchMachine(): () => MachineWatch {
  const begin = read();
  return () => {
    const end = read();
    const seconds = Math.max((end.at - begin.at) / 1000, 1e-3);
    const since = (key: "busySeconds" | "stolenSeconds" | "throttledSeconds" | "thermalThrottles") =>
      begin[key] === null || end[key] === null ? null : end[key] - begin[key];
    const busy = since("busySeconds"), stolen = since("stolenSeconds");
    return {
      seconds,
      cores: os.cpus().length,
      othersBusy: busy === null ? null : Math.max(0, (busy - (end.ownSeconds - begin.ownSeconds)) / seconds),
      stolen: stolen === null ? null : stolen / seconds,
      throttledSeconds: since("throttledSeconds"),
      thermalThrottles: since("thermalThrottles"),
      load: begin.load === null || end.load === null ? null : { begin: begin.load, end: end.load },
    };
  };
}

/** Sentences on a machine that was not left alone; none where it was. */
export function watchWarnings(watch: MachineWatch): string[] {
  const { seconds, cores, othersBusy, stolen, throttledSeconds, thermalThrottles } = watch;
  const warnings = [];
  if (othersBusy !== null && seconds >= 0.5 && othersBusy > Math.max(BUSY, 0.1 * cores)) {
    warnings.push(`other processes kept ${othersBusy.toFixed(1)} of ${cores} cores busy`);
  }
  if (stolen !== null && seconds >= 0.5 && stolen > STOLEN) {
    warnings.push(`the hypervisor took away ${(100 * stolen).toFixed(0)}% of a core`);
  }
  if (throttledSeconds !== null && throttledSeconds > 0.01 * seconds) {
    warnings.push(`the CPU quota stopped the process for ${throttledSeconds.toFixed(1)} s`);
  }
  if (thermalThrottles) warnings.push(`the processor slowed down ${thermalThrottles} times because it was hot`);
  return warnings;
}

/** `/proc/stat` counts hundredths of a second, whatever the kernel's own tick is. */
const TICKS = 100;

/** Reads the first line of `/proc/stat`: seconds of all cores together, busy and stolen. */
export function parseProcStat(text: string): { busySeconds: number; stolenSeconds: number } | undefined {
  const fields = /^cpu +(.*)$/m.exec(text)?.[1].split(" ").map(Number);
  if (!fields || fields.length < 8) return undefined;
  const [user, nice, system, _idle, _iowait, irq, softirq, steal] = fields;
  return { busySeconds: (user + nice + system + irq + softirq) / TICKS, stolenSeconds: steal / TICKS };
}

/** Reads `throttled_usec` of version 2, or `throttled_time` (ns) of version 1, of a control group's `cpu.stat`: seconds. */
export function parseCpuStat(text: string): number | undefined {
  const microseconds = /^throttled_usec (\d+)$/m.exec(text)?.[1];
  if (microseconds !== undefined) return Number(microseconds) / 1e6;
  const nanoseconds = /^throttled_time (\d+)$/m.exec(text)?.[1];
  return nanoseconds === undefined ? undefined : Number(nanoseconds) / 1e9;
}

function read(): Reading {
  const { user, system } = process.cpuUsage();
  const stat = parseProcStat(systemText("/proc/stat") ?? "");
  return {
    at: performance.now(),
    busySeconds: stat?.busySeconds ?? null,
    stolenSeconds: stat?.stolenSeconds ?? null,
    ownSeconds: (user + system) / 1e6,
    throttledSeconds:
      parseCpuStat(systemText("/sys/fs/cgroup/cpu.stat") ?? systemText("/sys/fs/cgroup/cpu/cpu.stat") ?? "") ?? null,
    thermalThrottles: thermalThrottles(),
    load: process.platform === "win32" ? null : os.loadavg()[0],
  };
}

function thermalThrottles(): number | null {
  const counts = systemTexts(
    os.cpus().map((_, cpu) => `/sys/devices/system/cpu/cpu${cpu}/thermal_throttle/core_throttle_count`),
  );
  return counts.size === 0 ? null : [...counts.values()].reduce((sum, count) => sum + Number(count), 0);
}
