import { type Architecture, architectures, build } from "../models/mod.ts";
import { startProgress } from "./progress.ts";
import { UsageError } from "./usage_error.ts";

/** Builds a known architecture with a progress bar. Throws a {@link UsageError} for one that is not known. */
export async function buildAloud(name: string, seed: number | undefined, opset?: number) {
  if (!architectures.includes(name as Architecture)) {
    throw new UsageError(`there is no architecture '${name}'. Known: ${architectures.join(", ")}.`);
  }
  const progress = await startProgress();
  try {
    return await build(name as Architecture, {
      seed: seed ?? 0,
      ...opset !== undefined && { opset },
      onProgress: (fraction, phase) => progress.update(fraction, `building ${name}: ${phase}`),
    });
  } finally {
    progress.stop();
  }
}
