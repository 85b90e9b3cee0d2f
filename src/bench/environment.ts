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
import { hostVersion } from "../host/deno.ts";
import { checked } from "../host/options.ts";
import { provenance } from "./provenance.ts";
import type { Environment, Provider } from "./types.ts";

/** Cores that can work at full speed at once: physical ones, and no more than this process may use. */
export async function defaultThreads(): Promise<number> {
  const { physicalCores } = await systeminformation.cpu();
  return Math.max(1, Math.min(physicalCores || Infinity, os.availableParallelism()));
}

/**
 * Describes this machine and this run. Where something cannot be found out, it says null.
 *
 * @param run What was resolved, and the first model's path where it is a file of the user's, for its repository.
 */
export async function describeEnvironment(
  run: { provider: Provider; threads: number; seed: number; modelPath?: string },
): Promise<Environment> {
  const names = { provider: true, threads: true, seed: true, modelPath: true } as const;
  const { provider, threads, seed } = checked("describeEnvironment", run, names);
  const [cpu, gpu, from] = await Promise.all([
    systeminformation.cpu().catch(() => undefined),
    run.provider === "cpu" ? null : describeGpu(),
    provenance(run),
  ]);
  return {
    date: new Date().toISOString(),
    cpu: cpu?.brand ? `${cpu.manufacturer} ${cpu.brand}`.trim() : os.cpus()[0]?.model ?? "unknown",
    cores: os.cpus().length,
    load: loadNow(),
    memoryBytes: os.totalmem(),
    os: `${os.type()} ${os.release()} ${os.arch()}`,
    gpu,
    ...hostVersion(),
    onnxruntime: env.versions.node ?? env.versions.common,
    provider,
    threads,
    seed,
    ...from,
    commit: from.git?.commit ?? null,
  };
}

async function describeGpu(): Promise<string | null> {
  const { controllers } = await systeminformation.graphics().catch(() => ({ controllers: [] }));
  const cards = controllers.map(({ vendor, model, driverVersion }) =>
    [vendor, model, driverVersion && `driver ${driverVersion}`].filter(Boolean).join(" ")
  );
  return cards.length ? cards.join("; ") : null;
}

/** The one-minute load average now; null where the system has none. */
export function loadNow(): number | null {
  return process.platform === "win32" ? null : os.loadavg()[0];
}
