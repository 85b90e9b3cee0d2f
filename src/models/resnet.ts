import type { Value } from "../graph/graph.ts";
import { classifier, conv, LAST_SCALE, maxPool, relu } from "./layers.ts";
import type { Network } from "./network.ts";

/** A ResNet of torchvision's: how many blocks each of the four stages has, and which kind. */
export interface ResnetConfig {
  /** Two 3×3 convolutions, or 1×1 → 3×3 → 1×1 with four times the width. */
  readonly block: "basic" | "bottleneck";
  /** Blocks a stage. */
  readonly blocks: readonly [number, number, number, number];
}

/** Depths 18 to 152. */
export const RESNETS: Readonly<Record<"resnet18" | "resnet34" | "resnet50" | "resnet101" | "resnet152", ResnetConfig>> =
  {
    resnet18: { block: "basic", blocks: [2, 2, 2, 2] },
    resnet34: { block: "basic", blocks: [3, 4, 6, 3] },
    resnet50: { block: "bottleneck", blocks: [3, 4, 6, 3] },
    resnet101: { block: "bottleneck", blocks: [3, 4, 23, 3] },
    resnet152: { block: "bottleneck", blocks: [3, 8, 36, 3] },
  };

/**
 * torchvision's ResNet (He et al., 2015) in version 1.5: a bottleneck has its stride in the 3×3 convolution.
 * [N, 3, H, W] → [N, 1000].
 */
export function resnet(network: Network, { block, blocks }: ResnetConfig): Value {
  let x = conv(network, network.input, "conv1", { out: 64, kernel: 7, stride: 2 });
  x = relu(network, network.batchNorm(x, "bn1"), "relu");
  x = maxPool(network, x, "maxpool", 3, 2, 1);
  const build = block === "basic" ? basicBlock : bottleneck;
  blocks.forEach((count, stage) => {
    for (let index = 0; index < count; index++) {
      const stride = stage > 0 && index === 0 ? 2 : 1;
      x = build(network, x, `layer${stage + 1}.${index}`, 64 * 2 ** stage, stride);
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

function bottleneck(network: Network, x: Value, path: string, width: number, stride: number): Value {
  let y = conv(network, x, `${path}.conv1`, { out: width });
  y = relu(network, network.batchNorm(y, `${path}.bn1`), `${path}.relu`);
  y = conv(network, y, `${path}.conv2`, { out: width, kernel: 3, stride });
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
