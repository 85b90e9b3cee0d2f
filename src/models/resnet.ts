import type { Value } from "../graph/graph.ts";
import { classifier, conv, LAST_SCALE, maxPool, relu } from "./layers.ts";
import type { Network } from "./network.ts";

/** A ResNet of torchvision's: how many blocks each of the four stages has, and which kind. */
export interface ResnetConfig {
  /** Two 3×3 convolutions, or 1×1 → 3×3 → 1×1 with four times the width. */
  readonly block: "basic" | "bottleneck";
  /** Blocks a stage. */
  readonly blocks: readonly [number, number, number, number];
  /** Groups of a bottleneck's 3×3 convolution, default 1. */
  readonly groups?: number;
  /** Width of each group in the first stage, default 64. */
  readonly groupWidth?: number;
}

/** Depths 18 to 152, ResNeXt (Xie et al., 2016) and the wide one (Zagoruyko and Komodakis, 2016). */
export const RESNETS = {
  resnet18: { block: "basic", blocks: [2, 2, 2, 2] },
  resnet34: { block: "basic", blocks: [3, 4, 6, 3] },
  resnet50: { block: "bottleneck", blocks: [3, 4, 6, 3] },
  resnet101: { block: "bottleneck", blocks: [3, 4, 23, 3] },
  resnet152: { block: "bottleneck", blocks: [3, 8, 36, 3] },
  resnext50_32x4d: { block: "bottleneck", blocks: [3, 4, 6, 3], groups: 32, groupWidth: 4 },
  wide_resnet50_2: { block: "bottleneck", blocks: [3, 4, 6, 3], groupWidth: 128 },
} as const satisfies Record<string, ResnetConfig>;

/**
 * torchvision's ResNet (He et al., 2015) in version 1.5: a bottleneck has its stride in the 3×3 convolution.
 * [N, 3, H, W] → [N, 1000].
 */
export function resnet(network: Network, config: ResnetConfig): Value {
  let x = conv(network, network.input, "conv1", { out: 64, kernel: 7, stride: 2 });
  x = relu(network, network.batchNorm(x, "bn1"), "relu");
  x = maxPool(network, x, "maxpool", 3, 2, 1);
  const build = config.block === "basic" ? basicBlock : bottleneck;
  config.blocks.forEach((count, stage) => {
    for (let index = 0; index < count; index++) {
      const stride = stage > 0 && index === 0 ? 2 : 1;
      x = build(network, x, `layer${stage + 1}.${index}`, 64 * 2 ** stage, stride, config);
    }
  });
  return classifier(network, x, "avgpool", "fc", 1000);
}

function basicBlock(network: Network, x: Value, path: string, width: number, stride: number): Value {
  let y = conv(network, x, `${path}.conv1`, { out: width, kernel: 3, stride });
  y = relu(network, network.batchNorm(y, `${path}.bn1`), `${path}.relu`);
  y = conv(network, y, `${path}.conv2`, { out: width, kernel: 3 });
  y = network.batchNorm(y, `${path}.bn2`, LAST_SCALE);
  y = network.op("Add", [y, shortcut(network, x, path, width, stride)], path);
  return relu(network, y, `${path}.relu_1`);
}

function bottleneck(
  network: Network,
  x: Value,
  path: string,
  width: number,
  stride: number,
  { groups: group = 1, groupWidth = 64 }: ResnetConfig,
): Value {
  const inner = width * groupWidth * group / 64;
  let y = conv(network, x, `${path}.conv1`, { out: inner });
  y = relu(network, network.batchNorm(y, `${path}.bn1`), `${path}.relu`);
  y = conv(network, y, `${path}.conv2`, { out: inner, kernel: 3, stride, group });
  y = relu(network, network.batchNorm(y, `${path}.bn2`), `${path}.relu_1`);
  y = conv(network, y, `${path}.conv3`, { out: 4 * width });
  y = network.batchNorm(y, `${path}.bn3`, LAST_SCALE);
  y = network.op("Add", [y, shortcut(network, x, path, 4 * width, stride)], path);
  return relu(network, y, `${path}.relu_2`);
}

/** The identity, or a strided 1×1 convolution where the shape changes. */
function shortcut(network: Network, x: Value, path: string, out: number, stride: number): Value {
  if (stride === 1 && network.channels(x) === out) return x;
  const y = conv(network, x, `${path}.downsample.0`, { out, stride });
  return network.batchNorm(y, `${path}.downsample.1`);
}
