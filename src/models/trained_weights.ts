import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import { type ByteSource, BytesSource, FileSource } from "../io/source.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { assignWeights, readStateDict } from "../weights/mod.ts";
import type { Architecture } from "./architectures.ts";
import { isTrainingOnly, renamed } from "./weight_names.ts";

/** A network's weights as a file has them. */
export interface TrainedWeights {
  /** The file's name. */
  readonly source: string;
  /** Its tensors by the network's names, float32. */
  readonly tensors: ReadonlyMap<string, Tensor>;
}

/** How to take them from the file. */
export interface TrainedWeightsOptions {
  /** Whether every name must be in both. */
  strict: boolean;
}

/**
 * The trained weights of an architecture that has the parameters `learned`.
 */
export async function trainedWeights(
  architecture: Architecture,
  learned: ReadonlyMap<string, readonly number[]>,
  weights: string | URL | Uint8Array,
  options: TrainedWeightsOptions,
): Promise<TrainedWeights> {
  const file = byteSource(weights);
  const dict = renamed(architecture, await readStateDict(file), learned);
  const tensors = assignWeights(learned, dict, {
    architecture,
    strict: options.strict,
    isUnused: (name) => isTrainingOnly(architecture, name),
  });
  return { source: weights instanceof Uint8Array ? "(bytes)" : basename(file.name), tensors };
}

function byteSource(weights: string | URL | Uint8Array): ByteSource {
  if (weights instanceof Uint8Array) return new BytesSource(weights);
  const url = weights instanceof URL ? weights : /^(https?|file):/.test(weights) ? new URL(weights) : undefined;
  if (url && url.protocol !== "file:") throw new RangeError(`weights ${url}: download the file and give its path`);
  const path = url ? fileURLToPath(url) : weights as string;
  return new FileSource(path, path, "a state dict");
}
