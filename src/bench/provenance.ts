/**
 * What a result must tell for another to reproduce it: versions, command line, repository, and how the machine was set.
 *
 * @module
 */
import { execFile } from "node:child_process";
import { basename, dirname, resolve } from "node:path";
import process from "node:process";
import { promisify } from "node:util";
import config from "../../deno.json" with { type: "json" };
import { notebookKernel } from "../host/deno.ts";
import { systemText } from "../host/system_files.ts";
import { workerCpus } from "./affinity.ts";
import type { Environment, Provider, Repository } from "./types.ts";

/** What {@linkcode provenance} tells. */
export type Provenance = Required<
  Pick<
    Environment,
    "layerfuse" | "commandLine" | "notebook" | "git" | "governor" | "turbo" | "smt" | "cpuQuota" | "pinned"
  >
>;

/**
 * Tells where a result comes from. What cannot be found out (another system, no permission to read or run) is null.
 *
 * @param modelPath The first model where it is a file of the user's: its repository is named before the working directory's.
 */
export async function provenance(
  run: { provider: Provider; threads: number; modelPath?: string },
): Promise<Provenance> {
  return {
    layerfuse: config.version,
    ...started(),
    git: await repositoryOf(run.modelPath),
    governor: systemText("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor") ?? null,
    turbo: turbo(),
    smt: flag(systemText("/sys/devices/system/cpu/smt/active"), "1"),
    cpuQuota: cpuQuota(),
    pinned: run.provider === "cpu" && run.threads > 1 ? workerCpus(run.threads) ?? null : null,
  };
}

/** The command line, or of a kernel, whose command line nobody wrote, the notebook: Jupyter tells its name. */
function started(): Pick<Provenance, "commandLine" | "notebook"> {
  if (notebookKernel() === undefined) {
    return { commandLine: [program(process.argv[1] ?? ""), ...process.argv.slice(2)], notebook: null };
  }
  return { commandLine: [], notebook: basename(process.env.JPY_SESSION_NAME ?? "") };
}

/** What was started: the command line by its name, anything else by its file's. */
function program(path: string): string {
  return /\/cli\/main\.\w+$/.test(path) ? "layerfuse" : basename(path);
}

/** The git repository that a model lies in, else that of the working directory; null where neither is one. */
export async function repositoryOf(modelPath?: string): Promise<Repository | null> {
  const model = modelPath === undefined ? null : await repositoryAt(dirname(resolve(modelPath)), "model");
  return model ?? await repositoryAt(process.cwd(), "working directory");
}

async function repositoryAt(directory: string, of: Repository["of"]): Promise<Repository | null> {
  const git = async (...args: string[]) => (await promisify(execFile)("git", ["-C", directory, ...args])).stdout.trim();
  try {
    const name = basename(await git("rev-parse", "--show-toplevel"));
    const commit = await git("rev-parse", "HEAD");
    return { of, name, commit, isDirty: await git("status", "--porcelain", "--untracked-files=no") !== "" };
  } catch {
    return null; // no git, no repository, no commit yet, or no permission to run it
  }
}

function turbo(): boolean | null {
  const off = flag(systemText("/sys/devices/system/cpu/intel_pstate/no_turbo"), "1");
  return off === null ? flag(systemText("/sys/devices/system/cpu/cpufreq/boost"), "1") : !off;
}

/** Cores that the control group may use, of cgroup 2 or 1; null where there is no limit, or none is told. */
function cpuQuota(): number | null {
  const path = /^0::(\S*)$/m.exec(systemText("/proc/self/cgroup") ?? "")?.[1] ?? "";
  const ends = [`/sys/fs/cgroup${path}/cpu.max`, "/sys/fs/cgroup/cpu.max"];
  for (const end of ends) {
    const quota = parseCpuMax(systemText(end) ?? "");
    if (quota !== null) return quota;
  }
  const quota = Number(systemText("/sys/fs/cgroup/cpu/cpu.cfs_quota_us") ?? -1);
  const period = Number(systemText("/sys/fs/cgroup/cpu/cpu.cfs_period_us") ?? 0);
  return quota > 0 && period > 0 ? quota / period : null;
}

/** `150000 100000` is 1.5 cores; `max 100000` is no limit, null. */
export function parseCpuMax(line: string): number | null {
  const [, quota, period] = /^(\d+) (\d+)$/.exec(line.trim()) ?? [];
  return quota === undefined || Number(period) === 0 ? null : Number(quota) / Number(period);
}

function flag(value: string | undefined, on: string): boolean | null {
  return value === undefined ? null : value === on;
}
