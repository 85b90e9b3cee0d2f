import process from "node:process";
import { download } from "../io/download.ts";
import { FileSource } from "../io/source.ts";
import type { Architecture } from "./architectures.ts";

/** How to download a file of weights. */
export interface WeightsDownload {
  /** Aborting it ends the download. */
  signal?: AbortSignal;
  /** Called with the share of the download that is done, where the server says how much there is. */
  onProgress?: (fraction: number) => void;
}

/** How a picture is resized: as Pillow does under that name, which widens the filter when it makes smaller. */
export type ImageFilter = "bilinear" | "bicubic";

/** Weights that torchvision publishes for an architecture, and how the images it was trained on were prepared. */
export interface OfficialWeights {
  /** Name of the file; the digits before its ending are the first of its SHA-256. */
  readonly file: string;
  /** Size of the square that is cut out of the middle, default 224. */
  readonly crop?: number;
  /** Length of the shorter side before that, default 256. */
  readonly resize?: number;
  /** How it is resized, default bilinear. */
  readonly filter?: ImageFilter;
  /** Means of red, green and blue, 0…1; default ImageNet's. */
  readonly mean?: readonly number[];
  /** Standard deviations; default ImageNet's. */
  readonly deviation?: readonly number[];
}

/** Of the two that torchvision put into their first layer's place: its `transform_input` comes to the same. */
const HALF = [0.5, 0.5, 0.5];

/**
 * torchvision 0.29's files `IMAGENET1K_V1`, which `pretrained=True` loads, by architecture. Written from its
 * `get_model_weights(…).IMAGENET1K_V1`.
 */
export const OFFICIAL_WEIGHTS: Readonly<Partial<Record<Architecture, OfficialWeights>>> = {
  resnet18: { file: "resnet18-f37072fd.pth" },
  resnet34: { file: "resnet34-b627a593.pth" },
  resnet50: { file: "resnet50-0676ba61.pth" },
  resnet101: { file: "resnet101-63fe2227.pth" },
  resnet152: { file: "resnet152-394f9c45.pth" },
  resnext50_32x4d: { file: "resnext50_32x4d-7cdf4587.pth" },
  wide_resnet50_2: { file: "wide_resnet50_2-95faca4d.pth" },
  densenet121: { file: "densenet121-a639ec97.pth" },
  densenet161: { file: "densenet161-8d451a50.pth" },
  densenet169: { file: "densenet169-b2777c0a.pth" },
  densenet201: { file: "densenet201-c1103571.pth" },
  vgg11_bn: { file: "vgg11_bn-6002323d.pth" },
  vgg13_bn: { file: "vgg13_bn-abd245e5.pth" },
  vgg16_bn: { file: "vgg16_bn-6c64b313.pth" },
  vgg19_bn: { file: "vgg19_bn-c79401a0.pth" },
  mobilenet_v2: { file: "mobilenet_v2-b0353104.pth" },
  mobilenet_v3_small: { file: "mobilenet_v3_small-047dcff4.pth" },
  mobilenet_v3_large: { file: "mobilenet_v3_large-8738ca79.pth" },
  efficientnet_b0: { file: "efficientnet_b0_rwightman-7f5810bc.pth", filter: "bicubic" },
  efficientnet_v2_s: { file: "efficientnet_v2_s-dd5fe13b.pth", crop: 384, resize: 384 },
  inception_v3: { file: "inception_v3_google-0cc3c7bd.pth", crop: 299, resize: 342, mean: HALF, deviation: HALF },
  googlenet: { file: "googlenet-1378be20.pth", mean: HALF, deviation: HALF },
  shufflenet_v2_x1_0: { file: "shufflenetv2_x1-5666bf0f80.pth" },
  regnet_y_400mf: { file: "regnet_y_400mf-c65dace8.pth" },
  convnext_tiny: { file: "convnext_tiny-983f1562.pth", resize: 236 },
  swin_t: { file: "swin_t-704ceda3.pth", resize: 232, filter: "bicubic" },
};

/** Where the files are; `LAYERFUSE_WEIGHTS` names a mirror. */
const HOST = "https://download.pytorch.org/models/";

/**
 * The file of trained weights that torchvision downloads for an architecture: from the cache, or downloaded to it and checked
 * against the hash in its name. The environment variable `LAYERFUSE_WEIGHTS` is the address of a mirror's folder.
 *
 * @throws {RangeError} If there is none for this architecture.
 * @throws {DownloadError} If it cannot be had, or has another hash.
 */
export async function officialWeights(
  architecture: Architecture,
  { onProgress, signal }: WeightsDownload = {},
  published: typeof OFFICIAL_WEIGHTS = OFFICIAL_WEIGHTS,
): Promise<FileSource> {
  const official = published[architecture];
  if (!official) {
    throw new RangeError(
      `weights "imagenet": torchvision has none for ${architecture}; it has for ${
        Object.keys(OFFICIAL_WEIGHTS).join(", ")
      }`,
    );
  }
  const url = new URL(official.file, (process.env.LAYERFUSE_WEIGHTS ?? HOST).replace(/\/?$/, "/"));
  const [, sha256] = /-([0-9a-f]{8,})\.pth$/.exec(official.file)!;
  const path = await download(url, {
    sha256,
    signal,
    onProgress: (bytes, total) => onProgress?.(total ? bytes / total : 0),
  });
  return new FileSource(path);
}
