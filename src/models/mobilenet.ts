import type { Value } from "../graph/graph.ts";
import { classifier, conv, type ConvOptions, LAST_SCALE } from "./layers.ts";
import type { Network } from "./network.ts";

/** MobileNetV2's stages: expansion, output channels, blocks, stride of the first. */
const STAGES = [
  [1, 16, 1, 1],
  [6, 24, 2, 2],
  [6, 32, 3, 2],
  [6, 64, 4, 2],
  [6, 96, 3, 1],
  [6, 160, 3, 2],
  [6, 320, 1, 1],
];

/**
 * torchvision's MobileNetV2 (Sandler et al., 2018): inverted residuals with depthwise convolutions, Relu6 as Clip with its
 * bounds as Constant nodes. [N, 3, H, W] → [N, 1000], or the classes that its weights have.
 */
export function mobilenetV2(network: Network): Value {
  let x = convBnRelu6(network, network.input, "features.0", { out: 32, kernel: 3, stride: 2 });
  let feature = 1;
  for (const [expansion, out, count, first] of STAGES) {
    for (let index = 0; index < count; index++) {
      x = invertedResidual(network, x, `features.${feature++}`, { expansion, out, stride: index === 0 ? first : 1 });
    }
  }
  x = convBnRelu6(network, x, `features.${feature}`, { out: 1280 });
  return classifier(network, x, "", "classifier.1", network.variant.classes ?? 1000);
}

function convBnRelu6(network: Network, x: Value, path: string, options: ConvOptions): Value {
  const y = network.batchNorm(conv(network, x, `${path}.0`, options), `${path}.1`);
  const low = network.literal(`${path}.2`, "float32", 0), high = network.literal(`${path}.2`, "float32", 6);
  return network.op("Clip", [y, low, high], `${path}.2`);
}

interface BlockOptions {
  expansion: number;
  out: number;
  stride: number;
}

function invertedResidual(network: Network, x: Value, path: string, { expansion, out, stride }: BlockOptions): Value {
  const channels = network.channels(x), inner = channels * expansion;
  const isResidual = stride === 1 && channels === out;
  let y = x, module = 0;
  if (expansion > 1) y = convBnRelu6(network, y, `${path}.conv.${module++}`, { out: inner });
  y = convBnRelu6(network, y, `${path}.conv.${module++}`, { out: inner, kernel: 3, stride, group: inner });
  y = conv(network, y, `${path}.conv.${module++}`, { out });
  y = network.batchNorm(y, `${path}.conv.${module++}`, isResidual ? LAST_SCALE : undefined);
  return isResidual ? network.op("Add", [x, y], path) : y;
}
