import type { Value } from "../graph/graph.ts";
import { gelu } from "./activations.ts";
import { conv, linear } from "./layers.ts";
import type { Network } from "./network.ts";
import { layerNorm2d } from "./norms.ts";
import { IMAGES, type Recipe } from "./recipe.ts";
import { layerScale } from "./tokens.ts";

/** Blocks and channels of ConvNeXt-Atto's stages. */
const STAGES = [[2, 40], [2, 80], [6, 160], [2, 320]];

/**
 * timm's ConvNeXt-Atto (Liu et al., 2022): depthwise 7×7, LayerNorm over the channels, two 1×1 convolutions with GELU
 * between, a scale per channel. [N, 3, H, W] → [N, 1000].
 */
function convnextAtto(network: Network): Value {
  let x = network.input;
  STAGES.forEach(([blocks, out], stage) => {
    if (stage === 0) x = layerNorm2d(network, strided(network, x, "stem.0", out, 4), "stem.1");
    else {
      const path = `stages.${stage}.downsample`;
      x = strided(network, layerNorm2d(network, x, `${path}.0`), `${path}.1`, out, 2);
    }
    for (let index = 0; index < blocks; index++) x = block(network, x, `stages.${stage}.blocks.${index}`);
  });
  x = layerNorm2d(network, network.op("GlobalAveragePool", [x], "head.global_pool.pool"), "head.norm");
  return linear(network, network.op("Flatten", [x], "head.flatten", { axis: 1 }), "head.fc", 1000);
}

function strided(network: Network, x: Value, path: string, out: number, kernel: number): Value {
  return conv(network, x, path, { out, kernel, stride: kernel, padding: 0, bias: true, init: "default" });
}

function block(network: Network, x: Value, path: string): Value {
  const width = network.channels(x), biased = { bias: true, init: "default" } as const;
  let y = conv(network, x, `${path}.conv_dw`, { out: width, kernel: 7, group: width, ...biased });
  y = layerNorm2d(network, y, `${path}.norm`);
  y = gelu(network, conv(network, y, `${path}.mlp.fc1`, { out: 4 * width, ...biased }), `${path}.mlp.act`);
  y = conv(network, y, `${path}.mlp.fc2`, { out: width, ...biased });
  return network.op("Add", [layerScale(network, y, path, [1, width, 1, 1]), x], path);
}

/** ConvNeXts by timm's names. */
export const CONVNEXTS: Readonly<Record<"convnext_atto", Recipe>> = {
  convnext_atto: { input: IMAGES, output: ["batch", 1000], defaultInput: [1, 3, 224, 224], layers: convnextAtto },
};
