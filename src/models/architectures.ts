import type { Dim, Value } from "../graph/graph.ts";
import { densenet121 } from "./densenet.ts";
import { efficientnetB0 } from "./efficientnet.ts";
import { loraTransformer, WIDTH } from "./lora_transformer.ts";
import { mobilenetV2 } from "./mobilenet.ts";
import { mobileoneS0 } from "./mobileone.ts";
import type { Network } from "./network.ts";
import { repvggA0 } from "./repvgg.ts";
import { resnet, RESNETS } from "./resnet.ts";
import { unet } from "./unet.ts";

/** The architectures that {@link build} knows. */
export type Architecture =
  | "resnet18"
  | "resnet34"
  | "resnet50"
  | "resnet101"
  | "resnet152"
  | "densenet121"
  | "mobilenet_v2"
  | "efficientnet_b0"
  | "repvgg_a0"
  | "mobileone_s0"
  | "unet"
  | "lora_transformer";

/** How to build one architecture. */
export interface Recipe {
  /** Shape of its input as the model declares it. */
  readonly input: readonly Dim[];
  /** Shape of its output as the model declares it. */
  readonly output: readonly Dim[];
  /** Shape of the input it is usually run at. */
  readonly defaultInput: readonly number[];
  /** Shape of the batch its statistics are measured on; absent where it has no BatchNormalization. */
  readonly calibration?: readonly number[];
  /** Adds its layers to an empty network and gives its output. */
  layers(network: Network): Value;
}

const IMAGES: readonly Dim[] = ["batch", 3, "height", "width"];
/**
 * Four images of the usual size: the last layers of a classifier see 49 positions of each. At half the size their maps would
 * be mostly border, and the statistics wrong at the usual one.
 */
const CALIBRATION = [4, 3, 224, 224];

function classifier(layers: (network: Network) => Value, size = 224): Recipe {
  return {
    input: IMAGES,
    output: ["batch", 1000],
    defaultInput: [1, 3, size, size],
    calibration: CALIBRATION,
    layers,
  };
}

/** Every architecture by name. */
export const ARCHITECTURES: Readonly<Record<Architecture, Recipe>> = {
  resnet18: classifier((network) => resnet(network, RESNETS.resnet18)),
  resnet34: classifier((network) => resnet(network, RESNETS.resnet34)),
  resnet50: classifier((network) => resnet(network, RESNETS.resnet50)),
  resnet101: classifier((network) => resnet(network, RESNETS.resnet101), 256),
  resnet152: classifier((network) => resnet(network, RESNETS.resnet152)),
  densenet121: classifier(densenet121),
  mobilenet_v2: classifier(mobilenetV2),
  efficientnet_b0: classifier(efficientnetB0),
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
};

/** The names of all architectures. */
export const architectures: readonly Architecture[] = Object.keys(ARCHITECTURES) as Architecture[];

/** Checks the name of an architecture. Throws a RangeError that lists the names, if it is none of them. */
export function parseArchitecture(name: string): Architecture {
  if (Object.hasOwn(ARCHITECTURES, name)) return name as Architecture;
  throw new RangeError(`architecture ${JSON.stringify(name)}: unknown; expected one of ${architectures.join(", ")}`);
}

/** The shape of the input that an architecture is usually run at: one image, or one sequence. */
export function defaultInputShape(architecture: Architecture): readonly number[] {
  return ARCHITECTURES[parseArchitecture(architecture)].defaultInput;
}
