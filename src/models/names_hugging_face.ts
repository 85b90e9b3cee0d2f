import type { Names } from "./names.ts";

/** Hugging Face's names of a convolution and its BatchNormalization, as `…0` and `…1`. */
const numbered = (name: string) => name.replace(/convolution\./, "0.").replace(/normalization\./, "1.");

/** The parts of an inverted residual of Hugging Face's MobileNetV2 with an expansion, as torchvision numbers them. */
const INVERTED: Readonly<Record<string, readonly [convolution: string, normalization: string]>> = {
  expand_1x1: ["0.0", "0.1"],
  conv_3x3: ["1.0", "1.1"],
  reduce_1x1: ["2", "3"],
};
/** Its first block, which is part of the stem and has no expansion. */
const STEM: Readonly<Record<string, readonly [convolution: string, normalization: string]>> = {
  first_conv: ["0.0", "0.1"],
  conv_3x3: ["1.conv.0.0", "1.conv.0.1"],
  reduce_1x1: ["1.conv.1", "1.conv.2"],
};
const which = (kind: string) => kind === "convolution" ? 0 : 1;

/** The part of Swin's joined projection that each of Hugging Face's three is, by its older name and its newer one. */
const PROJECTIONS: Readonly<Record<string, number>> = {
  "self.query": 0,
  q_proj: 0,
  "self.key": 1,
  k_proj: 1,
  "self.value": 2,
  v_proj: 2,
};
/** The other modules of a block of Hugging Face's Swin. */
const SWIN_LAYERS: readonly (readonly [RegExp, string])[] = [
  [/^layernorm_before\./, "norm1."],
  [/^layernorm_after\./, "norm2."],
  [/^attention\.(?:output\.dense|o_proj)\./, "attn.proj."],
  [/^attention\.(?:self|relative_position_bias)\.relative_position/, "attn.relative_position"],
  [/^(?:intermediate\.dense|mlp\.fc1)\./, "mlp.0."],
  [/^(?:output\.dense|mlp\.fc2)\./, "mlp.3."],
];

/** Hugging Face's names, by family. */
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
  convnext: [
    [/^convnext\.embeddings\.patch_embeddings\./, "features.0.0."],
    [/^convnext\.embeddings\.layernorm\./, "features.0.1."],
    [/^convnext\.layernorm\./, "classifier.0."],
    [/^classifier\./, "classifier.2."],
    [/^convnext\.encoder\.stages\.(\d+)\.downsampling_layer\.(.*)$/, (_, stage, layer) => {
      return `features.${2 * Number(stage)}.${layer}`;
    }],
    [/^convnext\.encoder\.stages\.(\d+)\.layers\.(\d+)\.(.*)$/, (_, stage, index, layer) => {
      const inner = layer.replace(/^dwconv\./, "block.0.").replace(/^layernorm\./, "block.2.")
        .replace(/^pwconv1\./, "block.3.").replace(/^pwconv2\./, "block.5.")
        .replace(/^layer_scale_parameter$/, "layer_scale");
      return `features.${2 * Number(stage) + 1}.${index}.${inner}`;
    }],
  ],
  swin: [
    [/^swin\.embeddings\.patch_embeddings\.projection\./, "features.0.0."],
    [/^swin\.embeddings\.norm\./, "features.0.2."],
    [/^swin\.layernorm\./, "norm."],
    [/^classifier\./, "head."],
    [/^swin\.encoder\.layers\.(\d+)\.downsample\.(.*)$/, (_, stage, layer) => {
      return `features.${2 * Number(stage) + 2}.${layer}`;
    }],
    [
      /^swin\.encoder\.layers\.(\d+)\.blocks\.(\d+)\.attention\.(self\.(?:query|key|value)|[qkv]_proj)\.(\w+)$/,
      (_, stage, index, part, name) =>
        `features.${2 * Number(stage) + 1}.${index}.attn.qkv.${name}#${PROJECTIONS[part]}`,
    ],
    [/^swin\.encoder\.layers\.(\d+)\.blocks\.(\d+)\.(.*)$/, (_, stage, index, layer) => {
      const inner = SWIN_LAYERS.reduce((name, [pattern, here]) => name.replace(pattern, here), layer);
      return `features.${2 * Number(stage) + 1}.${index}.${inner}`;
    }],
  ],
  mobilenetV2: [
    [/^classifier\./, "classifier.1."],
    [
      /^mobilenet_v2\.conv_1x1\.(convolution|normalization)\.(\w+)$/,
      (_, kind, name) => `features.18.${which(kind)}.${name}`,
    ],
    [
      /^mobilenet_v2\.conv_stem\.(first_conv|conv_3x3|reduce_1x1)\.(convolution|normalization)\.(\w+)$/,
      (_, layer, kind, name) => `features.${STEM[layer][which(kind)]}.${name}`,
    ],
    [
      /^mobilenet_v2\.layer\.(\d+)\.(expand_1x1|conv_3x3|reduce_1x1)\.(convolution|normalization)\.(\w+)$/,
      (_, index, layer, kind, name) => `features.${Number(index) + 2}.conv.${INVERTED[layer][which(kind)]}.${name}`,
    ],
  ],
} as const satisfies Record<string, Names>;
