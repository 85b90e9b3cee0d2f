import type { Value } from "../graph/graph.ts";
import { gelu } from "./activations.ts";
import { conv, type ConvOptions, LAST_SCALE, linear } from "./layers.ts";
import type { Network } from "./network.ts";
import { classifier, type Recipe } from "./recipe.ts";
import { squeezeExcite } from "./squeeze.ts";
import { layerScale } from "./tokens.ts";

/** Blocks and channels of FastViT-T8's stages. */
const STAGES = [[2, 48], [2, 96], [4, 192], [2, 384]];
/** Width of a block's hidden channels, in widths of the block. */
const EXPANSION = 3;

/**
 * timm's FastViT-T8 (Vasu et al., 2023) as it is trained: MobileOne's blocks of parallel Conv → BN as the stem and between
 * the stages, 7×7 beside 3×3 convolutions, token mixers x + γ·(mixer(x) − BN(x)). [N, 3, H, W] → [N, 1000].
 */
function fastvitT8(network: Network): Value {
  const [, width] = STAGES[0];
  let x = mobileone(network, network.input, "stem.0", { out: width, kernel: 3, stride: 2 });
  x = mobileone(network, x, "stem.1", { out: width, kernel: 3, stride: 2, group: width });
  x = mobileone(network, x, "stem.2", { out: width, kernel: 1, stride: 1 });
  STAGES.forEach(([blocks, out], stage) => {
    if (stage > 0) x = downsample(network, x, `stages.${stage}.downsample.proj`, out);
    for (let index = 0; index < blocks; index++) x = block(network, x, `stages.${stage}.blocks.${index}`);
  });
  const last = network.channels(x);
  x = parallel(network, x, "final_conv", { out: 2 * last, kernel: 3, stride: 1, group: last });
  x = gelu(network, squeezeExcite(network, x, "final_conv.se", last / 8), "final_conv.act");
  const pooled = network.op("GlobalAveragePool", [x], "head.global_pool.pool");
  return linear(network, network.op("Flatten", [pooled], "head.global_pool.flatten", { axis: 1 }), "head.fc", 1000);
}

function convBn(network: Network, x: Value, path: string, options: ConvOptions, scale?: typeof LAST_SCALE): Value {
  return network.batchNorm(conv(network, x, `${path}.conv`, { init: "default", ...options }), `${path}.bn`, scale);
}

interface BlockOptions extends ConvOptions {
  kernel: number;
  stride: number;
}

/** MobileOne's block with GELU. */
function mobileone(network: Network, x: Value, path: string, options: BlockOptions): Value {
  return gelu(network, parallel(network, x, path, options), `${path}.act`);
}

/** BN of the input where the shape stays, a 1×1 Conv → BN where the kernel is larger, and k×k Conv → BN, summed up from 0. */
function parallel(network: Network, x: Value, path: string, options: BlockOptions): Value {
  const hasIdentity = options.stride === 1 && network.channels(x) === options.out;
  const scale = hasIdentity ? LAST_SCALE : undefined;
  const identity = hasIdentity ? network.batchNorm(x, `${path}.identity`) : undefined;
  const narrow = options.kernel > 1
    ? convBn(network, x, `${path}.conv_scale`, { ...options, kernel: 1 }, scale)
    : undefined;
  // `0 + branch` of the absent branches is left in the graph as an addition
  const zero = () => network.literal(path, "float32", 0);
  const first = narrow
    ? network.op("Add", [narrow, identity ?? zero()], path)
    : network.op("Add", [identity ?? zero(), zero()], path);
  return network.op("Add", [first, convBn(network, x, `${path}.conv_kxk.0`, options, scale)], path);
}

/** A grouped 7×7 beside a 3×3 convolution, both strided, then a pointwise block. */
function downsample(network: Network, x: Value, path: string, out: number): Value {
  const branch = (name: string, kernel: number) =>
    convBn(network, x, `${path}.0.${name}`, { out, kernel, stride: 2, group: network.channels(x) });
  const sum = network.op("Add", [branch("large_conv", 7), branch("small_conv", 3)], `${path}.0`);
  return mobileone(network, sum, `${path}.1`, { out, kernel: 1, stride: 1 });
}

function block(network: Network, x: Value, path: string): Value {
  const width = network.channels(x), mixer = `${path}.token_mixer`;
  const dims = [width, 1, 1];
  const scaled = (y: Value, at: string) => layerScale(network, y, `${at}.layer_scale`, dims, "gamma", dims);
  const mixed = parallel(network, x, `${mixer}.mixer`, { out: width, kernel: 3, stride: 1, group: width });
  const change = network.op("Sub", [mixed, network.batchNorm(x, `${mixer}.norm.identity`)], mixer);
  const middle = network.op("Add", [x, scaled(change, mixer)], mixer);
  const biased = { bias: true, init: "default" } as const;
  let y = convBn(network, middle, `${path}.mlp.conv`, { out: width, kernel: 7, group: width });
  y = conv(network, y, `${path}.mlp.fc1`, { out: EXPANSION * width, ...biased });
  y = conv(network, gelu(network, y, `${path}.mlp.act`), `${path}.mlp.fc2`, { out: width, ...biased });
  return network.op("Add", [middle, scaled(y, path)], path);
}

/** FastViTs by timm's names. */
export const FASTVITS: Readonly<Record<"fastvit_t8", Recipe>> = {
  fastvit_t8: { ...classifier(fastvitT8), uncalled: new Set(["stages", "conv_kxk"]) },
};
