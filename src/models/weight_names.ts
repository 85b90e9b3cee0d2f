import { reshaped, sizeOf, type Tensor } from "../tensor/tensor.ts";
import type { StateDict } from "../weights/mod.ts";
import type { Architecture } from "./architectures.ts";
import type { Names } from "./names.ts";
import { HUGGING_FACE } from "./names_hugging_face.ts";
import { TIMM } from "./names_timm.ts";

/** Names that a network for inference has no use for, by architecture: classifiers beside the main one. */
const TRAINING_ONLY: Partial<Record<Architecture, RegExp>> = {
  inception_v3: /^AuxLogits\./,
  googlenet: /^aux[12]\./,
  deeplabv3_mobilenet_v3_large: /^aux_classifier\./,
  efficientformer_l1: /\.attention_bias_idxs$/, // follows from the size of the map
  swin_t: /\.relative_position_index$/, // which entry of the table belongs to which pair: the same in every Swin
};

/** Whether a name is one of what inference does without, such as an auxiliary classifier. */
export function isTrainingOnly(architecture: Architecture, name: string): boolean {
  return TRAINING_ONLY[architecture]?.test(name) ?? false;
}

/** torchvision's own files of 2017 have `denselayer1.norm.1.weight`. */
const DENSENET_OF_2017: Names = [[/^(.*denselayer\d+\.(?:norm|relu|conv))\.([12]\..*)$/, "$1$2"]];

const FAMILIES: readonly (readonly [RegExp, readonly Names[]])[] = [
  [/^(resnet|resnext|wide_resnet)/, [HUGGING_FACE.resnet]],
  [/^densenet/, [DENSENET_OF_2017]],
  [/^vgg/, [TIMM.vgg]],
  [/^mobilenet_v2$/, [TIMM.mobilenetV2]],
  [/^efficientnet_b0$/, [TIMM.efficientnet]],
  [/^convnext_tiny$/, [TIMM.convnext]],
  [/^swin_t$/, [TIMM.swin]],
  [/^regnet_y/, [TIMM.regnet, HUGGING_FACE.regnet]],
];

/**
 * A state dict under torchvision's names where it has others that are known: of all ways to name it, the one by which most
 * names become the network's, if that is more than half of them. A tensor that the other library keeps under another shape (a 1×1 convolution that is a matrix
 * here) gets the network's.
 */
export function renamed(
  architecture: Architecture,
  dict: StateDict,
  network: ReadonlyMap<string, readonly number[]>,
): StateDict {
  const known = (tensors: StateDict["tensors"]) => [...tensors.keys()].filter((name) => network.has(name)).length;
  let best = dict;
  for (const names of FAMILIES.find(([pattern]) => pattern.test(architecture))?.[1] ?? []) {
    const tensors = new Map([...dict.tensors].map(([name, tensor]): [string, Tensor] => {
      const here = translated(name, names), dims = network.get(here);
      return [here, here !== name && dims && isSameData(tensor.dims, dims) ? reshaped(tensor, dims) : tensor];
    }));
    if (tensors.size === dict.tensors.size && known(tensors) > Math.max(known(best.tensors), tensors.size / 2)) {
      best = { ...dict, tensors };
    }
  }
  return best;
}

function translated(name: string, names: Names): string {
  for (const [pattern, torchvision] of names) {
    const match = pattern.exec(name);
    if (match) return typeof torchvision === "string" ? name.replace(pattern, torchvision) : torchvision(...match);
  }
  return name;
}

/** Whether one shape is the other with its last axes made one, or with axes of length 1 at its end. */
function isSameData(a: readonly number[], b: readonly number[]): boolean {
  const shared = Math.min(a.length, b.length) - 1;
  return sizeOf(a) === sizeOf(b) && a.slice(0, shared).every((dim, axis) => dim === b[axis]);
}
