import { compare, type CompareOptions, type Comparison, type ModelSource } from "../bench/mod.ts";
import { interruptible } from "./interruption.ts";
import { startProgress } from "./progress.ts";
import { given } from "./values.ts";

/** Compares with a progress bar; Ctrl-C stops it and keeps what was measured. */
export async function compareWithProgress(
  before: ModelSource,
  after: ModelSource,
  options: CompareOptions,
): Promise<Comparison> {
  const progress = await startProgress();
  try {
    return await interruptible((signal) =>
      compare(before, after, {
        ...given(options),
        signal,
        onProgress: (fraction, text) => progress.update(fraction, text),
      })
    );
  } finally {
    progress.stop();
  }
}
