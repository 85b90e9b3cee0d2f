import type { StateDict } from "../weights/mod.ts";
import type { Architecture } from "./architectures.ts";

/** Names that are only of use in training, by architecture: classifiers beside the main one. */
const TRAINING_ONLY: Partial<Record<Architecture, RegExp>> = {};

/** Whether a name is one of what only training uses, such as an auxiliary classifier. */
export function isTrainingOnly(architecture: Architecture, name: string): boolean {
  return TRAINING_ONLY[architecture]?.test(name) ?? false;
}

/** A way to write torchvision's names otherwise: from theirs to torchvision's. */
type Rename = (name: string) => string;

/** torchvision's own files of 2017 have `denselayer1.norm.1.weight`. */
const densenetOf2017: Rename = (name) => name.replace(/(denselayer\d+\.(?:norm|relu|conv))\.([12])\./, "$1$2.");

const RENAMES: Partial<Record<Architecture, readonly Rename[]>> = {
  densenet121: [densenetOf2017],
};

/**
 * A state dict with torchvision's names where it has others that are known: of the ways to rename it, the one by which most
 * names become the network's.
 */
export function renamed(
  architecture: Architecture,
  dict: StateDict,
  network: ReadonlyMap<string, readonly number[]>,
): StateDict {
  const known = (tensors: StateDict["tensors"]) => [...tensors.keys()].filter((name) => network.has(name)).length;
  let best = dict;
  for (const rename of RENAMES[architecture] ?? []) {
    const tensors = new Map([...dict.tensors].map(([name, tensor]) => [rename(name), tensor]));
    if (tensors.size === dict.tensors.size && known(tensors) > known(best.tensors)) best = { ...dict, tensors };
  }
  return best;
}
