import { concatenated } from "../tensor/pick.ts";
import { reshaped, sizeOf, type Tensor } from "../tensor/tensor.ts";
import type { StateDict } from "../weights/mod.ts";
import type { Architecture } from "./architectures.ts";
import type { Dialect, Names, Variant } from "./names.ts";
import { HUGGING_FACE } from "./names_hugging_face.ts";
import { TIMM } from "./names_timm.ts";

/** Names that a network for inference has no use for, by architecture: classifiers beside the main one. */
const TRAINING_ONLY: Partial<Record<Architecture, RegExp>> = {
  inception_v3: /^AuxLogits\./,
  googlenet: /^aux[12]\./,
  deeplabv3_mobilenet_v3_large: /^aux_classifier\./,
  efficientformer_l1: /\.attention_bias_idxs$/, // follows from the size of the map
  swin_t: /\.relative_position_index$/, // which entry of the table belongs to which pair: the same in every Swin
  minilm_l6: /^(embeddings\.position_ids|pooler\.dense\.(weight|bias))$/, // the places 0…511, and what BertModel has beside its hidden states
};

/** Whether a name is one of what inference does without, such as an auxiliary classifier. */
export function isTrainingOnly(architecture: Architecture, name: string): boolean {
  return TRAINING_ONLY[architecture]?.test(name) ?? false;
}

/** torchvision's own files of 2017 have `denselayer1.norm.1.weight`. */
const DENSENET_OF_2017: Names = [[/^(.*denselayer\d+\.(?:norm|relu|conv))\.([12]\..*)$/, "$1$2"]];

/** BertModel in sentence-transformers' state dict, and in that of a model with a task. */
const WRAPPED_BERT: Names = [[/^(?:0\.auto_model|bert)\./, ""]];

/** timm's MobileNetV3 has PyTorch's ε in place of torchvision's 0.001. */
const TIMM_EPSILON: Variant = { epsilon: [/./, 1e-5] };

/** What networks converted from TensorFlow have in place of PyTorch's. */
export const TENSORFLOW: Variant = { epsilon: [/./, 1e-3], padsAsTensorflow: true };

const FAMILIES: readonly (readonly [RegExp, readonly Dialect[]])[] = [
  [/^(resnet|resnext|wide_resnet)/, [{ names: HUGGING_FACE.resnet }]],
  [/^densenet/, [{ names: DENSENET_OF_2017 }]],
  [/^vgg/, [{ names: TIMM.vgg }]],
  [/^mobilenet_v2$/, [
    { names: TIMM.mobilenetV2 },
    // with a class for the background
    { names: HUGGING_FACE.mobilenetV2, variant: TENSORFLOW, classes: "classifier.1.bias" },
  ]],
  [/^mobilenet_v3_large$/, [
    { names: TIMM.mobilenetV3Large, variant: TIMM_EPSILON, timm: "mobilenetv3_large_100" },
  ]],
  [/^mobilenet_v3_small$/, [
    { names: TIMM.mobilenetV3Small, variant: TIMM_EPSILON, timm: "mobilenetv3_small_100" },
  ]],
  [/^efficientnet_b0$/, [{ names: TIMM.efficientnet, timm: "efficientnet_b0" }]],
  [/^convnext_tiny$/, [
    { names: TIMM.convnext },
    { names: HUGGING_FACE.convnext, variant: { epsilon: [/^classifier\.0$/, 1e-12] } },
  ]],
  [/^swin_t$/, [{ names: TIMM.swin }, { names: HUGGING_FACE.swin }]],
  [/^repvgg_a0$/, [{ names: TIMM.repvgg }]],
  [/^mobileone_s0$/, [{ names: TIMM.mobileone }]],
  [/^minilm_l6$/, [{ names: WRAPPED_BERT }]],
  [/^regnet_y/, [{ names: TIMM.regnet }, { names: HUGGING_FACE.regnet }]],
];

/** A state dict under torchvision's names, and what the network that it is of computes otherwise. */
export interface Renamed {
  /** The state dict. */
  readonly dict: StateDict;
  /** What is otherwise, if anything. */
  readonly variant?: Variant;
  /** timm's name of the network, where its `tf_…` has the same names. */
  readonly timm?: string;
}

/**
 * A state dict under torchvision's names where it has others that are known: of all ways to name it, the one by which most
 * names become the network's, if that is more than half of them. A tensor that the other library keeps under another shape (a 1×1 convolution that is a matrix
 * here) gets the network's.
 */
export function renamed(
  architecture: Architecture,
  dict: StateDict,
  network: ReadonlyMap<string, readonly number[]>,
): Renamed {
  const known = (tensors: StateDict["tensors"]) => [...tensors.keys()].filter((name) => network.has(name)).length;
  let best: Renamed = { dict };
  for (const { names, variant, classes, timm } of FAMILIES.find(([pattern]) => pattern.test(architecture))?.[1] ?? []) {
    const translations = new Map([...dict.tensors].map(([name, tensor]): [string, Tensor] => {
      const here = translated(name, names), dims = network.get(here);
      return [here, here !== name && dims && isSameData(tensor.dims, dims) ? reshaped(tensor, dims) : tensor];
    }));
    if (translations.size !== dict.tensors.size) continue; // two tensors under one name
    const tensors = joined(translations), least = Math.max(known(best.dict.tensors), tensors.size / 2);
    if (known(tensors) <= least) continue;
    const count = classes === undefined ? undefined : tensors.get(classes)?.dims[0];
    best = { dict: { ...dict, tensors }, variant: count ? { ...variant, classes: count } : variant, timm };
  }
  return best;
}

/** The tensors with those called `NAME#0`, `NAME#1`, … as one, NAME, along their first axis, where all parts are there and fit. */
function joined(tensors: ReadonlyMap<string, Tensor>): Map<string, Tensor> {
  const whole = new Map(tensors);
  for (const name of tensors.keys()) {
    if (!name.endsWith("#0")) continue;
    const stem = name.slice(0, -2), parts: Tensor[] = [];
    for (let part; (part = tensors.get(`${stem}#${parts.length}`));) parts.push(part);
    const [{ dims: [, ...rest] }] = parts;
    if (parts.some(({ dims }) => dims.length !== rest.length + 1 || rest.some((dim, axis) => dim !== dims[axis + 1]))) {
      continue;
    }
    for (const index of parts.keys()) whole.delete(`${stem}#${index}`);
    whole.set(stem, concatenated(parts, 0));
  }
  return whole;
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
