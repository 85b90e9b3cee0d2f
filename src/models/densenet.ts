import type { Value } from "../graph/graph.ts";
import { classifier, conv, maxPool, relu } from "./layers.ts";
import type { Network } from "./network.ts";

/** Layers of DenseNet-121's four dense blocks. */
const BLOCKS = [6, 12, 24, 16];
/** Channels that each layer adds. */
const GROWTH = 32;

/**
 * torchvision's DenseNet-121 (Huang et al., 2016): BatchNormalization and Relu come before each convolution, and every layer
 * takes the concatenation of all before it in its block. A transition's average pool has the Pad of nothing in front that the
 * exporter leaves. [N, 3, H, W] → [N, 1000].
 */
export function densenet121(network: Network): Value {
  let x = conv(network, network.input, "features.conv0", { out: 64, kernel: 7, stride: 2, init: "fan_in" });
  x = relu(network, network.batchNorm(x, "features.norm0"), "features.relu0");
  x = maxPool(network, x, "features.pool0", 3, 2, 1);
  BLOCKS.forEach((layers, index) => {
    const path = `features.denseblock${index + 1}`;
    const features = [x];
    for (let layer = 1; layer <= layers; layer++) {
      features.push(denseLayer(network, features, `${path}.denselayer${layer}`));
    }
    x = network.op("Concat", features, path, { axis: 1 });
    if (index < BLOCKS.length - 1) x = transition(network, x, `features.transition${index + 1}`);
  });
  x = relu(network, network.batchNorm(x, "features.norm5"), "");
  return classifier(network, x, "", "classifier", 1000);
}

/** Concat → BN → Relu → 1×1 → BN → Relu → 3×3; the first layer of a block concatenates one value, as exported. */
function denseLayer(network: Network, features: readonly Value[], path: string): Value {
  let x = network.op("Concat", [...features], path, { axis: 1 });
  x = relu(network, network.batchNorm(x, `${path}.norm1`), `${path}.relu1`);
  x = conv(network, x, `${path}.conv1`, { out: 4 * GROWTH, init: "fan_in" });
  x = relu(network, network.batchNorm(x, `${path}.norm2`), `${path}.relu2`);
  return conv(network, x, `${path}.conv2`, { out: GROWTH, kernel: 3, init: "fan_in" });
}

/** Halves the channels, then the size. */
function transition(network: Network, x: Value, path: string): Value {
  let y = relu(network, network.batchNorm(x, `${path}.norm`), `${path}.relu`);
  y = conv(network, y, `${path}.conv`, { out: network.channels(x) / 2, init: "fan_in" });
  const pads = network.literal(`${path}.pool`, "int64", [0, 0, 0, 0, 0, 0, 0, 0]);
  y = network.op("Pad", [y, pads], `${path}.pool`, { mode: "constant" });
  return network.op("AveragePool", [y], `${path}.pool`, {
    ceil_mode: 0,
    kernel_shape: [2, 2],
    pads: [0, 0, 0, 0],
    strides: [2, 2],
  });
}
