import { MOBILENETS_V3 } from "./mobilenet_v3.ts";
import type { Names } from "./names.ts";

/** Blocks of MobileNetV2's stages, which timm numbers by stage and torchvision throughout. */
const MOBILENET_BLOCKS = [1, 2, 3, 4, 3, 3, 1];

/** The place of each layer of an inverted residual, without and with an expansion. */
const MOBILENET_LAYERS: readonly Record<string, string>[] = [
  { conv_dw: "0.0", bn1: "0.1", conv_pw: "1", bn2: "2" },
  { conv_pw: "0.0", bn1: "0.1", conv_dw: "1.0", bn2: "1.1", conv_pwl: "2", bn3: "3" },
];

const EFFICIENTNET_LAYERS: readonly Record<string, string>[] = [
  { conv_dw: "0.0", bn1: "0.1", "se.conv_reduce": "1.fc1", "se.conv_expand": "1.fc2", conv_pw: "2.0", bn2: "2.1" },
  {
    conv_pw: "0.0",
    bn1: "0.1",
    conv_dw: "1.0",
    bn2: "1.1",
    "se.conv_reduce": "2.fc1",
    "se.conv_expand": "2.fc2",
    conv_pwl: "3.0",
    bn3: "3.1",
  },
];

/** Blocks in timm's stages of MobileNetV3, large and small; the last is one convolution. */
const MOBILENET_V3_BLOCKS = { large: [1, 2, 3, 4, 2, 3, 1], small: [1, 2, 3, 2, 3, 1] } as const;

/** timm's names of a MobileNetV3: a block's layers are numbered throughout here, after whether it expands and squeezes. */
function mobilenetV3(size: keyof typeof MOBILENET_V3_BLOCKS): Names {
  const counts = MOBILENET_V3_BLOCKS[size],
    last = counts.length - 1,
    squeezes = MOBILENETS_V3[`mobilenet_v3_${size}`].blocks;
  return [
    [/^conv_stem\./, "features.0.0."],
    [/^bn1\./, "features.0.1."],
    [/^conv_head\./, "classifier.0."],
    [/^classifier\./, "classifier.3."],
    [/^blocks\.(\d+)\.(\d+)\.([a-z_0-9.]+)\.(\w+)$/, (_, stage, index, layer, name) => {
      const block = counts.slice(0, Number(stage)).reduce((sum, count) => sum + count, 0) + Number(index);
      if (Number(stage) === last) return `features.${block + 1}.${layer === "conv" ? 0 : 1}.${name}`;
      const isExpanded = Number(stage) > 0, depthwise = isExpanded ? 1 : 0, squeeze = depthwise + 1;
      const project = squeezes[block][3] ? squeeze + 1 : squeeze;
      const places: Record<string, string> = {
        conv_dw: `${depthwise}.0`,
        "se.conv_reduce": `${squeeze}.fc1`,
        "se.conv_expand": `${squeeze}.fc2`,
        ...isExpanded
          ? { conv_pw: "0.0", bn1: "0.1", bn2: "1.1", conv_pwl: `${project}.0`, bn3: `${project}.1` }
          : { bn1: "0.1", conv_pw: `${project}.0`, bn2: `${project}.1` },
      };
      return `features.${block + 1}.block.${places[layer]}.${name}`;
    }],
  ];
}

/** timm's names of RepVGG and MobileOne, whose own files call the branches of a block otherwise. */
function ofBranches(branches: Readonly<Record<string, string>>): Names {
  return [
    [/^head\.fc\./, "linear."],
    [/^(?:stem|stages\.(\d+)\.(\d+))\.(\w+)\.(.*)$/, (_, stage, index, branch, name) => {
      return `${stage === undefined ? "stage0" : `stage${Number(stage) + 1}.${index}`}.${branches[branch]}.${name}`;
    }],
  ];
}

/** timm's names where they are not torchvision's, by family. Its ResNets and DenseNets have torchvision's. */
export const TIMM = {
  vgg: [
    [/^pre_logits\.fc1\./, "classifier.0."],
    [/^pre_logits\.fc2\./, "classifier.3."],
    [/^head\.fc\./, "classifier.6."],
  ],
  mobilenetV2: [
    [/^conv_stem\./, "features.0.0."],
    [/^bn1\./, "features.0.1."],
    [/^conv_head\./, "features.18.0."],
    [/^bn2\./, "features.18.1."],
    [/^classifier\./, "classifier.1."],
    [/^blocks\.(\d+)\.(\d+)\.([a-z_0-9]+)\.(\w+)$/, (_, stage, index, layer, name) => {
      const before = MOBILENET_BLOCKS.slice(0, Number(stage)).reduce((sum, count) => sum + count, 1);
      return `features.${before + Number(index)}.conv.${MOBILENET_LAYERS[stage === "0" ? 0 : 1][layer]}.${name}`;
    }],
  ],
  mobilenetV3Large: mobilenetV3("large"),
  mobilenetV3Small: mobilenetV3("small"),
  efficientnet: [
    [/^conv_stem\./, "features.0.0."],
    [/^bn1\./, "features.0.1."],
    [/^conv_head\./, "features.8.0."],
    [/^bn2\./, "features.8.1."],
    [/^classifier\./, "classifier.1."],
    [/^blocks\.(\d+)\.(\d+)\.([a-z_0-9.]+)\.(\w+)$/, (_, stage, index, layer, name) => {
      const place = EFFICIENTNET_LAYERS[stage === "0" ? 0 : 1][layer];
      return `features.${Number(stage) + 1}.${index}.block.${place}.${name}`;
    }],
  ],
  repvgg: ofBranches({ conv_kxk: "rbr_dense", conv_1x1: "rbr_1x1", identity: "rbr_identity" }),
  mobileone: ofBranches({ conv_kxk: "rbr_conv", conv_scale: "rbr_scale", identity: "rbr_skip" }),
  regnet: [
    [/^stem\.conv\./, "stem.0."],
    [/^stem\.bn\./, "stem.1."],
    [/^head\.fc\./, "fc."],
    [/^s(\d+)\.b(\d+)\.(.*)$/, (_, stage, index, layer) => {
      const inner = layer.replace(/^conv([123])\./, (_, which) => `f.${"abc"[Number(which) - 1]}.`)
        .replace(/^se\./, "f.se.").replace(/^downsample\./, "proj.")
        .replace(/\.conv\./, ".0.").replace(/\.bn\./, ".1.");
      return `trunk_output.block${stage}.block${stage}-${Number(index) - 1}.${inner}`;
    }],
  ],
  convnext: [
    [/^stem\./, "features.0."],
    [/^stages\.(\d+)\.downsample\.(.*)$/, (_, stage, layer) => `features.${2 * Number(stage)}.${layer}`],
    [/^head\.norm\./, "classifier.0."],
    [/^head\.fc\./, "classifier.2."],
    [/^stages\.(\d+)\.blocks\.(\d+)\.(.*)$/, (_, stage, index, layer) => {
      const inner = layer.replace(/^conv_dw\./, "block.0.").replace(/^norm\./, "block.2.")
        .replace(/^mlp\.fc1\./, "block.3.").replace(/^mlp\.fc2\./, "block.5.").replace(/^gamma$/, "layer_scale");
      return `features.${2 * Number(stage) + 1}.${index}.${inner}`;
    }],
  ],
  swin: [
    [/^patch_embed\.proj\./, "features.0.0."],
    [/^patch_embed\.norm\./, "features.0.2."],
    [/^head\.fc\./, "head."],
    [/^layers\.(\d+)\.downsample\.(.*)$/, (_, stage, layer) => `features.${2 * Number(stage)}.${layer}`],
    [/^layers\.(\d+)\.blocks\.(\d+)\.(.*)$/, (_, stage, index, layer) => {
      const inner = layer.replace(/^mlp\.fc1\./, "mlp.0.").replace(/^mlp\.fc2\./, "mlp.3.");
      return `features.${2 * Number(stage) + 1}.${index}.${inner}`;
    }],
  ],
} as const satisfies Record<string, Names>;
