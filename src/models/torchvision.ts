import type { Dim, Value } from "../graph/graph.ts";
import { dcganGenerator, LATENT } from "./dcgan.ts";
import { deeplabv3 } from "./deeplabv3.ts";
import { densenet, DENSENETS } from "./densenet.ts";
import { efficientnet, EFFICIENTNETS } from "./efficientnet.ts";
import { googlenet } from "./googlenet.ts";
import { inceptionV3 } from "./inception.ts";
import { mobilenetV2 } from "./mobilenet.ts";
import { MOBILENETS_V3, mobilenetV3 } from "./mobilenet_v3.ts";
import type { Network } from "./network.ts";
import { classifier, fixed, type Recipe } from "./recipe.ts";
import { regnetY400mf } from "./regnet.ts";
import { resnet, RESNETS } from "./resnet.ts";
import { shufflenetV2 } from "./shufflenet.ts";
import { swin } from "./swin.ts";
import { torchvisionConvnext } from "./torchvision_convnext.ts";
import { vgg, VGGS } from "./vgg.ts";
import { r2plus1d18, r3d18 } from "./video_resnet.ts";

/** torchvision's architectures by its names, and the generator of PyTorch's DCGAN example. */
export type TorchvisionArchitecture =
  | "resnet18"
  | "resnet34"
  | "resnet50"
  | "resnet101"
  | "resnet152"
  | "resnext50_32x4d"
  | "wide_resnet50_2"
  | "densenet121"
  | "densenet161"
  | "densenet169"
  | "densenet201"
  | "vgg11_bn"
  | "vgg13_bn"
  | "vgg16_bn"
  | "vgg19_bn"
  | "mobilenet_v3_large"
  | "mobilenet_v3_small"
  | "efficientnet_b0"
  | "efficientnet_v2_s"
  | "mobilenet_v2"
  | "inception_v3"
  | "googlenet"
  | "shufflenet_v2_x1_0"
  | "regnet_y_400mf"
  | "convnext_tiny"
  | "swin_t"
  | "r3d_18"
  | "r2plus1d_18"
  | "deeplabv3_mobilenet_v3_large"
  | "dcgan_generator";

function each<Name extends string, Config>(
  configs: Readonly<Record<Name, Config>>,
  layers: (network: Network, config: Config) => Value,
  size: (name: Name) => number = () => 224,
): Record<Name, Recipe> {
  const entries = (Object.entries(configs) as [Name, Config][]).map(([name, config]) => [
    name,
    classifier((network) => layers(network, config), size(name)),
  ]);
  return Object.fromEntries(entries);
}

/** A recipe for images of 224×224 in any number: layers write that size into the graph. */
function sized({ layers, ...recipe }: Recipe): Recipe {
  return { ...recipe, input: ["batch", 3, 224, 224], layers };
}

const CLIPS: readonly Dim[] = ["batch", 3, "frames", "height", "width"];
const VGG = each(VGGS, vgg);

/** How to build each of them. */
export const TORCHVISION: Readonly<Record<TorchvisionArchitecture, Recipe>> = {
  ...each(RESNETS, resnet, (name) => name === "resnet101" ? 256 : 224), // the article's size
  ...each(DENSENETS, densenet),
  mobilenet_v2: classifier(mobilenetV2),
  ...each(MOBILENETS_V3, mobilenetV3),
  ...each(EFFICIENTNETS, efficientnet, (name) => name === "efficientnet_v2_s" ? 384 : 224),
  vgg11_bn: sized(VGG.vgg11_bn),
  vgg13_bn: sized(VGG.vgg13_bn),
  vgg16_bn: sized(VGG.vgg16_bn),
  vgg19_bn: sized(VGG.vgg19_bn),
  inception_v3: { ...classifier(inceptionV3, 299), calibration: [4, 3, 299, 299] },
  googlenet: classifier(googlenet),
  shufflenet_v2_x1_0: sized(classifier(shufflenetV2)),
  regnet_y_400mf: classifier(regnetY400mf),
  convnext_tiny: { ...classifier(torchvisionConvnext), calibration: undefined },
  swin_t: { ...sized(classifier(swin)), calibration: undefined },
  r3d_18: {
    input: CLIPS,
    output: ["batch", 400],
    defaultInput: [1, 3, 16, 112, 112],
    calibration: [4, 3, 16, 112, 112],
    layers: r3d18,
  },
  r2plus1d_18: {
    input: CLIPS,
    output: ["batch", 400],
    defaultInput: [1, 3, 8, 112, 112],
    calibration: [2, 3, 8, 112, 112],
    layers: r2plus1d18,
  },
  deeplabv3_mobilenet_v3_large: fixed(deeplabv3, [1, 3, 520, 520], [1, 21, 520, 520], [4, 3, 256, 256]),
  dcgan_generator: {
    input: ["batch", LATENT, 1, 1],
    output: ["batch", 3, 64, 64],
    defaultInput: [1, LATENT, 1, 1],
    calibration: [64, LATENT, 1, 1],
    layers: dcganGenerator,
  },
};
