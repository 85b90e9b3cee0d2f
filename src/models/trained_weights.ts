import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import { download } from "../io/download.ts";
import { type ByteSource, BytesSource, FileSource } from "../io/source.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { assignWeights, readStateDict } from "../weights/mod.ts";
import type { Architecture } from "./architectures.ts";
import { officialWeights, type WeightsDownload } from "./imagenet.ts";
import type { Variant } from "./names.ts";
import { isFromTensorflow } from "./timm_origin.ts";
import { isTrainingOnly, type Renamed, renamed, TENSORFLOW } from "./weight_names.ts";

/** A network's weights as a file has them. */
export interface TrainedWeights {
  /** The file's name. */
  readonly source: string;
  /** Its tensors by the network's names, float32. */
  readonly tensors: ReadonlyMap<string, Tensor>;
  /** What the network that they are of computes otherwise than the architecture does. */
  readonly variant?: Variant;
  /** What a user should know of how they are read. */
  readonly notes: readonly string[];
}

/** How to take them from the file. */
export interface TrainedWeightsOptions extends WeightsDownload {
  /** Whether every name must be in both. */
  strict: boolean;
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
  const file = await byteSource(architecture, weights, options);
  const found = renamed(architecture, await readStateDict(file), learned()), { dict } = found;
  const { variant, notes } = resolved(file.name, found);
  const tensors = assignWeights(learned(variant), dict, {
    architecture,
    strict: options.strict,
    isUnused: (name) => isTrainingOnly(architecture, name),
  });
  return { source: weights instanceof Uint8Array ? "(bytes)" : basename(file.name), tensors, variant, notes };
}

/** What the network of a file computes otherwise, by its names and, where two of timm's networks share them, by where it is from. */
function resolved(file: string, { variant, timm }: Renamed): Pick<TrainedWeights, "variant" | "notes"> {
  if (timm === undefined) return { variant, notes: [] };
  const isConverted = isFromTensorflow(file, timm), tensorflow = "TensorFlow's padding and ε = 0.001";
  if (isConverted) {
    return {
      variant: { ...variant, ...TENSORFLOW },
      notes: [`${file}: read as timm's tf_${timm}, with ${tensorflow}.`],
    };
  }
  const note =
    `${file}: read as timm's ${timm}. The names in timm's tf_${timm} are the same, and it computes otherwise ` +
    `(${tensorflow}): if it is that, put tf_${timm} into the file's name.`;
  return { variant, notes: isConverted === undefined ? [note] : [] };
}

async function byteSource(
  architecture: Architecture,
  weights: string | URL | Uint8Array,
  { onProgress, signal }: WeightsDownload,
): Promise<ByteSource> {
  if (weights instanceof Uint8Array) return new BytesSource(weights);
  if (weights === "imagenet") return await officialWeights(architecture, { onProgress, signal });
  const url = weights instanceof URL ? weights : /^(https?|file):/.test(weights) ? new URL(weights) : undefined;
  if (url && url.protocol !== "file:") {
    const path = await download(url, { signal, onProgress: (bytes, total) => onProgress?.(total ? bytes / total : 0) });
    return new FileSource(path, url.href);
  }
  const path = url ? fileURLToPath(url) : weights as string;
  return new FileSource(path, path, "a state dict");
}
