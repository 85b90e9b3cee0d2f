import { type Architecture, build, type Model } from "../models/mod.ts";
import { interruptible } from "./interruption.ts";
import { startProgress } from "./progress.ts";

/** What `build` and `reproduce` say of the network to build. */
export interface BuildChoice {
  /** Seed of its weights. */
  seed?: number;
  /** Version of the operator set. */
  opset?: number;
  /** State dict to take its weights from. */
  weights?: string;
  /** Whether names may be missing from it, or unexpected in it. */
  strict?: boolean;
}

/** Builds a known architecture with a progress bar. */
export async function buildWithProgress(name: string, { seed, opset, weights, strict }: BuildChoice): Promise<Model> {
  const progress = await startProgress();
  try {
    const model = await interruptible((signal) =>
      build(name as Architecture, {
        seed: seed ?? 0,
        ...opset !== undefined && { opset },
        ...weights !== undefined && { weights, strict },
        signal,
        onProgress: (fraction, phase) => progress.update(fraction, `building ${name}: ${phase}`),
      })
    );
    for (const note of model.notes) console.error(note);
    return model;
  } finally {
    progress.stop();
  }
}
