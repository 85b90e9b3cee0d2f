import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import { download } from "../io/download.ts";
import { type ByteSource, BytesSource, FileSource } from "../io/source.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { assignWeights, readStateDict } from "../weights/mod.ts";
import type { Architecture } from "./architectures.ts";
import { officialWeights } from "./imagenet.ts";
import type { Variant } from "./names.ts";
import { isTrainingOnly, renamed } from "./weight_names.ts";

/** A network's weights as a file has them. */
export interface TrainedWeights {
  /** The file's name. */
  readonly source: string;
  /** Its tensors by the network's names, float32. */
  readonly tensors: ReadonlyMap<string, Tensor>;
  /** What the network that they are of computes otherwise than the architecture does. */
  readonly variant?: Variant;
}

/** How to take them from the file. */
export interface TrainedWeightsOptions {
  /** Whether every name must be in both. */
  strict: boolean;
  /** Called with the share of the download that is done, where the server says how much there is. */
  onProgress?: (fraction: number) => void;
}

/**
 * The trained weights of an architecture that has the parameters `learned`, by the variant of it.
 *
 * @throws {RangeError} For `"imagenet"` where torchvision has no such weights.
 */
export async function trainedWeights(
  architecture: Architecture,
  learned: (variant?: Variant) => ReadonlyMap<string, readonly number[]>,
  weights: string | URL | Uint8Array,
  options: TrainedWeightsOptions,
): Promise<TrainedWeights> {
  const file = await byteSource(architecture, weights, options.onProgress);
  const { dict, variant } = renamed(architecture, await readStateDict(file), learned());
  const tensors = assignWeights(learned(variant), dict, {
    architecture,
    strict: options.strict,
    isUnused: (name) => isTrainingOnly(architecture, name),
  });
  return { source: weights instanceof Uint8Array ? "(bytes)" : basename(file.name), tensors, variant };
}

async function byteSource(
  architecture: Architecture,
  weights: string | URL | Uint8Array,
  onProgress?: (fraction: number) => void,
): Promise<ByteSource> {
  if (weights instanceof Uint8Array) return new BytesSource(weights);
  if (weights === "imagenet") return await officialWeights(architecture, onProgress);
  const url = weights instanceof URL ? weights : /^(https?|file):/.test(weights) ? new URL(weights) : undefined;
  if (url && url.protocol !== "file:") {
    const path = await download(url, { onProgress: (bytes, total) => onProgress?.(total ? bytes / total : 0) });
    return new FileSource(path, url.href);
  }
  const path = url ? fileURLToPath(url) : weights as string;
  return new FileSource(path, path, "a state dict");
}
