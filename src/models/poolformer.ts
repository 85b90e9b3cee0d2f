import type { Value } from "../graph/graph.ts";
import { gelu } from "./activations.ts";
import { conv, linear } from "./layers.ts";
import type { Network } from "./network.ts";
import { groupNorm, layerNorm2d } from "./norms.ts";
import { IMAGES, type Recipe } from "./recipe.ts";
import { layerScale } from "./tokens.ts";

/** Blocks and channels of PoolFormer-S12's stages. */
const STAGES = [[2, 64], [2, 128], [6, 320], [2, 512]];

/**
 * timm's PoolFormer-S12 (Yu et al., 2021): where a transformer has attention, its blocks have average pooling minus the input;
 * GroupNorm of one group. [N, 3, H, W] → [N, 1000].
 */
function poolformerS12(network: Network): Value {
  let x = network.input;
  STAGES.forEach(([blocks, out], stage) => {
    const biased = { out, bias: true, init: "default" } as const;
    x = stage === 0
      ? conv(network, x, "stem.conv", { ...biased, kernel: 7, stride: 4, padding: 2 })
      : conv(network, x, `stages.${stage}.downsample.conv`, { ...biased, kernel: 3, stride: 2 });
    for (let index = 0; index < blocks; index++) x = block(network, x, `stages.${stage}.blocks.${index}`);
  });
  x = layerNorm2d(network, network.op("GlobalAveragePool", [x], "head.global_pool.pool"), "head.norm");
  return linear(network, network.op("Flatten", [x], "head.flatten", { axis: 1 }), "head.fc", 1000);
}

function block(network: Network, x: Value, path: string): Value {
  const width = network.channels(x), biased = { bias: true, init: "default" } as const;
  const scaled = (y: Value, name: string) => layerScale(network, y, `${path}.${name}`, [width, 1, 1], "scale");
  const mixed = poolingMixer(network, groupNorm(network, x, `${path}.norm1`, 1), `${path}.token_mixer`);
  const middle = network.op("Add", [x, scaled(mixed, "layer_scale1")], path);
  let y = groupNorm(network, middle, `${path}.norm2`, 1);
  y = gelu(network, conv(network, y, `${path}.mlp.fc1`, { out: 4 * width, ...biased }), `${path}.mlp.act`);
  y = conv(network, y, `${path}.mlp.fc2`, { out: width, ...biased });
  return network.op("Add", [middle, scaled(y, "layer_scale2")], path);
}

/** 3×3 average pooling, which counts no padded cell, minus its input. */
export function poolingMixer(network: Network, x: Value, path: string): Value {
  const pooled = network.op("AveragePool", [x], `${path}.pool`, {
    ceil_mode: 0,
    count_include_pad: 0,
    kernel_shape: [3, 3],
    pads: [1, 1, 1, 1],
    strides: [1, 1],
  });
  return network.op("Sub", [pooled, x], path);
}

/** PoolFormers by timm's names. */
export const POOLFORMERS: Readonly<Record<"poolformer_s12", Recipe>> = {
  poolformer_s12: {
    input: IMAGES,
    output: ["batch", 1000],
    defaultInput: [1, 3, 224, 224],
    uncalled: new Set(["head"]),
    layers: poolformerS12,
  },
};
