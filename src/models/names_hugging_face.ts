import type { Names } from "./names.ts";

/** Hugging Face's names of a convolution and its BatchNormalization, as `…0` and `…1`. */
const numbered = (name: string) => name.replace(/convolution\./, "0.").replace(/normalization\./, "1.");

/** Hugging Face's names, by family. Its ConvNeXt is another function (the last LayerNorm's ε is 1e-12), and so is its MobileNetV2. */
export const HUGGING_FACE = {
  resnet: [
    [/^resnet\.embedder\.embedder\.convolution\./, "conv1."],
    [/^resnet\.embedder\.embedder\.normalization\./, "bn1."],
    [/^classifier\.1\./, "fc."],
    [/^resnet\.encoder\.stages\.(\d+)\.layers\.(\d+)\.shortcut\.(.*)$/, (_, stage, index, layer) => {
      return `layer${Number(stage) + 1}.${index}.downsample.${numbered(layer)}`;
    }],
    [
      /^resnet\.encoder\.stages\.(\d+)\.layers\.(\d+)\.layer\.(\d+)\.(\w+)\.(\w+)$/,
      (_, stage, index, at, kind, name) => {
        const layer = `${kind === "convolution" ? "conv" : "bn"}${Number(at) + 1}`;
        return `layer${Number(stage) + 1}.${index}.${layer}.${name}`;
      },
    ],
  ],
  regnet: [
    [/^regnet\.embedder\.embedder\.convolution\./, "stem.0."],
    [/^regnet\.embedder\.embedder\.normalization\./, "stem.1."],
    [/^classifier\.1\./, "fc."],
    [/^regnet\.encoder\.stages\.(\d+)\.layers\.(\d+)\.(.*)$/, (_, stage, index, layer) => {
      const inner = layer.replace(/^shortcut\./, "proj.")
        .replace(/^layer\.2\.attention\.0\./, "f.se.fc1.").replace(/^layer\.2\.attention\.2\./, "f.se.fc2.")
        .replace(/^layer\.([013])\./, (_, at) => `f.${{ 0: "a", 1: "b", 3: "c" }[Number(at) as 0 | 1 | 3]}.`);
      const number = Number(stage) + 1;
      return `trunk_output.block${number}.block${number}-${index}.${numbered(inner)}`;
    }],
  ],
} as const satisfies Record<string, Names>;
