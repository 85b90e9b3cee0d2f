import type { Value } from "../graph/graph.ts";
import { gelu } from "./activations.ts";
import { conv, type ConvOptions, LAST_SCALE, linear } from "./layers.ts";
import type { Network } from "./network.ts";
import { reduceMean } from "./norms.ts";
import { classifier, type Recipe } from "./recipe.ts";
import { squeezeExcite } from "./squeeze.ts";

/** Blocks and channels of RepViT-M0.9's stages. */
const STAGES = [[2, 48], [2, 96], [14, 192], [2, 384]];

/**
 * timm's RepViT-M0.9 (Wang et al., 2023) as it is trained: each block mixes the positions by the sum of a depthwise 3×3
 * Conv → BN, a depthwise 1×1 Conv and the input, with a BN behind the sum, and the channels by two 1×1 Conv → BN; two
 * classifiers whose mean is the answer. [N, 3, H, W] → [N, 1000].
 */
function repvitM09(network: Network): Value {
  let x = convBn(network, network.input, "stem.conv1", { out: STAGES[0][1] / 2, kernel: 3, stride: 2 });
  x = convBn(network, gelu(network, x, "stem.act1"), "stem.conv2", { out: STAGES[0][1], kernel: 3, stride: 2 });
  STAGES.forEach(([blocks, out], stage) => {
    if (stage > 0) x = downsample(network, x, `stages.${stage}.downsample`, out);
    for (let index = 0; index < blocks; index++) {
      x = block(network, x, `stages.${stage}.blocks.${index}`, index % 2 === 0);
    }
  });
  const pooled = reduceMean(network, x, "", [2, 3], false);
  const answers = ["head.head", "head.head_dist"].map((path) =>
    linear(network, network.batchNorm(pooled, `${path}.bn`), `${path}.l`, 1000)
  );
  return network.op("Div", [network.op("Add", answers, "head"), network.literal("head", "float32", 2)], "head");
}

function convBn(network: Network, x: Value, path: string, options: ConvOptions, scale?: typeof LAST_SCALE): Value {
  return network.batchNorm(conv(network, x, `${path}.c`, options), `${path}.bn`, scale);
}

function block(network: Network, x: Value, path: string, hasGate: boolean): Value {
  let y = mixPositions(network, x, `${path}.token_mixer`);
  if (hasGate) y = squeezeExcite(network, y, `${path}.se`, reduced(network.channels(x)));
  return network.op("Add", [y, mixChannels(network, y, `${path}.channel_mixer`)], path);
}

/** timm's width of a gate: a quarter, as a multiple of 8 that is at least 90 % of it. */
function reduced(channels: number): number {
  const quarter = channels / 4, rounded = Math.max(8, Math.floor((quarter + 4) / 8) * 8);
  return rounded < 0.9 * quarter ? rounded + 8 : rounded;
}

function mixPositions(network: Network, x: Value, path: string): Value {
  const out = network.channels(x);
  const wide = convBn(network, x, `${path}.conv`, { out, kernel: 3, group: out, init: "default" }, LAST_SCALE);
  const narrow = conv(network, x, `${path}.conv1`, { out, group: out, bias: true, init: "default" });
  const sum = network.op("Add", [network.op("Add", [wide, narrow], path), x], path);
  return network.batchNorm(sum, `${path}.bn`);
}

function mixChannels(network: Network, x: Value, path: string): Value {
  const width = network.channels(x);
  const hidden = gelu(network, convBn(network, x, `${path}.conv1`, { out: 2 * width }), `${path}.act`);
  return convBn(network, hidden, `${path}.conv2`, { out: width }, LAST_SCALE);
}

function downsample(network: Network, x: Value, path: string, out: number): Value {
  const width = network.channels(x);
  let y = block(network, x, `${path}.pre_block`, false);
  y = convBn(network, y, `${path}.spatial_downsample`, { out: width, kernel: 3, stride: 2, group: width });
  y = convBn(network, y, `${path}.channel_downsample`, { out });
  return network.op("Add", [y, mixChannels(network, y, `${path}.ffn`)], path);
}

/** RepViTs by timm's names. */
export const REPVITS: Readonly<Record<"repvit_m0_9", Recipe>> = { repvit_m0_9: classifier(repvitM09) };
