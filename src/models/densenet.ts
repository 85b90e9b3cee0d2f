import type { Value } from "../graph/graph.ts";
import { averagePool, classifier, conv, maxPool, relu } from "./layers.ts";
import type { Network } from "./network.ts";

/** A DenseNet of torchvision's. */
export interface DensenetConfig {
  /** Layers of the four dense blocks. */
  readonly blocks: readonly [number, number, number, number];
  /** Channels that each layer adds. */
  readonly growth: number;
}

/** Depths 121 to 201. The first convolution has twice the channels that a layer adds. */
export const DENSENETS = {
  densenet121: { blocks: [6, 12, 24, 16], growth: 32 },
  densenet161: { blocks: [6, 12, 36, 24], growth: 48 },
  densenet169: { blocks: [6, 12, 32, 32], growth: 32 },
  densenet201: { blocks: [6, 12, 48, 32], growth: 32 },
} as const satisfies Record<string, DensenetConfig>;

/**
 * torchvision's DenseNet (Huang et al., 2016): BatchNormalization and Relu come before each convolution, and every layer
 * takes the concatenation of all before it in its block. A transition's average pool has the Pad of nothing in front that the
 * exporter leaves. [N, 3, H, W] → [N, 1000].
 */
export function densenet(network: Network, { blocks, growth }: DensenetConfig): Value {
  let x = conv(network, network.input, "features.conv0", {
    out: 2 * growth,
    kernel: 7,
    stride: 2,
    init: "fan_in",
  });
  x = relu(network, network.batchNorm(x, "features.norm0"), "features.relu0");
  x = maxPool(network, x, "features.pool0", 3, 2, 1);
  blocks.forEach((layers, index) => {
    const path = `features.denseblock${index + 1}`;
    const features = [x];
    for (let layer = 1; layer <= layers; layer++) {
      features.push(denseLayer(network, features, `${path}.denselayer${layer}`, growth));
    }
    x = network.op("Concat", features, path, { axis: 1 });
    if (index < blocks.length - 1) x = transition(network, x, `features.transition${index + 1}`);
  });
  x = relu(network, network.batchNorm(x, "features.norm5"), "");
  return classifier(network, x, "", "classifier", 1000);
}

/** Concat → BN → Relu → 1×1 → BN → Relu → 3×3; the first layer of a block concatenates one value, as exported. */
function denseLayer(network: Network, features: readonly Value[], path: string, growth: number): Value {
  let x = network.op("Concat", [...features], path, { axis: 1 });
  x = relu(network, network.batchNorm(x, `${path}.norm1`), `${path}.relu1`);
  x = conv(network, x, `${path}.conv1`, { out: 4 * growth, init: "fan_in" });
  x = relu(network, network.batchNorm(x, `${path}.norm2`), `${path}.relu2`);
  return conv(network, x, `${path}.conv2`, { out: growth, kernel: 3, init: "fan_in" });
}

/** Halves the channels, then the size. */
function transition(network: Network, x: Value, path: string): Value {
  let y = relu(network, network.batchNorm(x, `${path}.norm`), `${path}.relu`);
  y = conv(network, y, `${path}.conv`, { out: network.channels(x) / 2, init: "fan_in" });
  return averagePool(network, y, `${path}.pool`, 2, 2);
}
