import { nearest } from "../host/options.ts";
import { loraTransformer, WIDTH } from "./lora_transformer.ts";
import { mobileoneS0 } from "./mobileone.ts";
import { BERTS } from "./bert.ts";
import { MINILMS } from "./minilm.ts";
import { GPTS } from "./gpt.ts";
import { LLAMAS } from "./llama.ts";
import { VITS } from "./vit.ts";
import { CONVNEXTS } from "./convnext.ts";
import { MIXERS } from "./mixer.ts";
import { POOLFORMERS } from "./poolformer.ts";
import { EFFICIENTFORMERS } from "./efficientformer.ts";
import { REPVITS } from "./repvit.ts";
import { FASTVITS } from "./fastvit.ts";
import { VAE_DECODERS } from "./vae_decoder.ts";
import { DISCRIMINATORS } from "./gan_discriminator.ts";
import { QUARTZNETS } from "./quartznet.ts";
import { WAV2VEC2_STEMS } from "./wav2vec2.ts";
import { ECG_RESNETS } from "./ecg_resnet.ts";
import { YOLOV5S } from "./yolov5.ts";
import { YOLOV8S } from "./yolov8.ts";
import { EINSUM_BLOCKS } from "./einsum_blocks.ts";
import { CRNNS } from "./crnn.ts";
import { IRESNETS } from "./iresnet.ts";
import { MTCNNS } from "./mtcnn.ts";
import { RED_NETS } from "./red_net.ts";
import { BYTE_CLASSIFIERS } from "./byte_classifier.ts";
import { RESNEXTS_IN_BRANCHES } from "./resnext_branches.ts";
import { DILATED_NETWORKS } from "./dilated_context.ts";
import { classifier, IMAGES, type Recipe } from "./recipe.ts";
import { repvggA0 } from "./repvgg.ts";
import { TORCHVISION, type TorchvisionArchitecture } from "./torchvision.ts";
import { unet } from "./unet.ts";

/** The architectures that {@link build} knows. */
export type Architecture =
  | TorchvisionArchitecture
  | "repvgg_a0"
  | "mobileone_s0"
  | "unet"
  | "lora_transformer"
  | "bert_encoder"
  | "minilm_l6"
  | "gpt_blocks"
  | "llama_blocks"
  | "vit_tiny_patch16_224"
  | "convnext_atto"
  | "mixer_s16_224"
  | "poolformer_s12"
  | "efficientformer_l1"
  | "repvit_m0_9"
  | "fastvit_t8"
  | "vae_decoder"
  | "gan_discriminator"
  | "quartznet_5x5"
  | "wav2vec2_stem"
  | "ecg_resnet1d"
  | "yolov5s_focus"
  | "yolov8n"
  | "einsum_blocks"
  | "crnn_lstm"
  | "iresnet50"
  | "mtcnn_pnet"
  | "mtcnn_rnet"
  | "mtcnn_onet"
  | "red_net10"
  | "byte_classifier"
  | "resnext29_branches"
  | "dilated_context";

/** Every architecture by name. */
export const ARCHITECTURES: Readonly<Record<Architecture, Recipe>> = {
  ...TORCHVISION,
  repvgg_a0: classifier(repvggA0),
  mobileone_s0: classifier(mobileoneS0),
  unet: {
    input: IMAGES,
    output: ["batch", 2, "height", "width"],
    defaultInput: [1, 3, 256, 256],
    calibration: [4, 3, 128, 128],
    layers: unet,
  },
  lora_transformer: {
    input: ["batch", "sequence", WIDTH],
    output: ["batch", "sequence", WIDTH],
    defaultInput: [1, 128, WIDTH],
    layers: loraTransformer,
  },
  ...BERTS,
  ...MINILMS,
  ...GPTS,
  ...LLAMAS,
  ...VITS,
  ...CONVNEXTS,
  ...MIXERS,
  ...POOLFORMERS,
  ...EFFICIENTFORMERS,
  ...REPVITS,
  ...FASTVITS,
  ...VAE_DECODERS,
  ...DISCRIMINATORS,
  ...QUARTZNETS,
  ...WAV2VEC2_STEMS,
  ...ECG_RESNETS,
  ...YOLOV5S,
  ...YOLOV8S,
  ...EINSUM_BLOCKS,
  ...CRNNS,
  ...IRESNETS,
  ...MTCNNS,
  ...RED_NETS,
  ...BYTE_CLASSIFIERS,
  ...RESNEXTS_IN_BRANCHES,
  ...DILATED_NETWORKS,
};

/** The names of all architectures. */
export const architectures: readonly Architecture[] = Object.keys(ARCHITECTURES) as Architecture[];

/** Checks the name of an architecture. Throws a RangeError that lists the names, if it is none of them. */
export function parseArchitecture(name: string): Architecture {
  if (Object.hasOwn(ARCHITECTURES, name)) return name as Architecture;
  const near = nearest(name, architectures);
  throw new RangeError(
    `there is no architecture '${name}'${near ? `; did you mean '${near}'?` : "."} Known: ${architectures.join(", ")}.`,
  );
}

/** The shape of the input that an architecture is usually run at: one image, or one sequence. */
export function defaultInputShape(architecture: Architecture): readonly number[] {
  return ARCHITECTURES[parseArchitecture(architecture)].defaultInput;
}
