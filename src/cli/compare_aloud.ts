import { compare, type CompareOptions, type Comparison, type ModelSource } from "../bench/mod.ts";
import { startProgress } from "./progress.ts";

/** Options without those that were not given, so that defaults stand. */
function given<T extends object>(options: T): Partial<T> {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as Partial<T>;
}

/** Compares with a progress bar; Ctrl-C stops it and keeps what was measured. */
export async function compareAloud(
  before: ModelSource,
  after: ModelSource,
  options: CompareOptions,
): Promise<Comparison> {
  const progress = await startProgress(), abort = new AbortController();
  const interrupt = () => abort.abort();
  Deno.addSignalListener("SIGINT", interrupt);
  try {
    return await compare(before, after, {
      ...given(options),
      signal: abort.signal,
      onProgress: (fraction, text) => progress.update(fraction, text),
    });
  } finally {
    progress.stop();
    Deno.removeSignalListener("SIGINT", interrupt);
  }
}
