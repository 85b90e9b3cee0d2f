/**
 * The environment card of a result.
 *
 * @module
 */
import os from "node:os";
import process from "node:process";
import { env } from "onnxruntime-node";
// @ts-types="./systeminformation.d.ts"
import * as systeminformation from "systeminformation";
import type { Environment, Provider } from "./types.ts";

/** Cores that can work at full speed at once: physical ones, and no more than this process may use. */
export async function defaultThreads(): Promise<number> {
  const { physicalCores } = await systeminformation.cpu();
  return Math.max(1, Math.min(physicalCores || Infinity, os.availableParallelism()));
}

/** Describes this machine and this run. Where something cannot be found out, it says null. */
export async function describeEnvironment(
  run: { provider: Provider; threads: number; seed: number },
): Promise<Environment> {
  const [cpu, gpu, commit] = await Promise.all([
    systeminformation.cpu().catch(() => undefined),
    run.provider === "cpu" ? null : describeGpu(),
    gitCommit(),
  ]);
  return {
    date: new Date().toISOString(),
    cpu: cpu?.brand ? `${cpu.manufacturer} ${cpu.brand}`.trim() : os.cpus()[0]?.model ?? "unknown",
    cores: os.cpus().length,
    load: process.platform === "win32" ? null : os.loadavg()[0],
    memoryBytes: os.totalmem(),
    os: `${os.type()} ${os.release()} ${os.arch()}`,
    gpu,
    deno: Deno.version.deno,
    onnxruntime: env.versions.node ?? env.versions.common,
    ...run,
    commit,
  };
}

async function describeGpu(): Promise<string | null> {
  const { controllers } = await systeminformation.graphics().catch(() => ({ controllers: [] }));
  const cards = controllers.map(({ vendor, model, driverVersion }) =>
    [vendor, model, driverVersion && `driver ${driverVersion}`].filter(Boolean).join(" ")
  );
  return cards.length ? cards.join("; ") : null;
}

async function gitCommit(): Promise<string | null> {
  try {
    const { success, stdout } = await new Deno.Command("git", { args: ["rev-parse", "HEAD"], stderr: "null" }).output();
    return success ? new TextDecoder().decode(stdout).trim() : null;
  } catch {
    return null; // no git, or no permission to run it
  }
}
