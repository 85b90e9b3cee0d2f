import type { Value } from "../graph/graph.ts";
import { classifier, conv, type ConvOptions, LAST_SCALE, silu } from "./layers.ts";
import type { Network } from "./network.ts";

/** EfficientNet-B0's stages: expansion, kernel size, stride of the first block, output channels, blocks. */
const STAGES = [
  [1, 3, 1, 16, 1],
  [6, 3, 2, 24, 2],
  [6, 5, 2, 40, 2],
  [6, 3, 2, 80, 3],
  [6, 5, 1, 112, 3],
  [6, 5, 2, 192, 4],
  [6, 3, 1, 320, 1],
];

/**
 * torchvision's EfficientNet-B0 (Tan and Le, 2019): inverted residuals with squeeze-and-excitation, SiLU as Sigmoid and Mul.
 * [N, 3, H, W] → [N, 1000].
 */
export function efficientnetB0(network: Network): Value {
  let x = convBnSilu(network, network.input, "features.0", { out: 32, kernel: 3, stride: 2 });
  STAGES.forEach(([expansion, kernel, first, out, count], stage) => {
    for (let index = 0; index < count; index++) {
      const stride = index === 0 ? first : 1;
      x = block(network, x, `features.${stage + 1}.${index}`, { expansion, kernel, stride, out });
    }
  });
  x = convBnSilu(network, x, `features.${STAGES.length + 1}`, { out: 1280 });
  return classifier(network, x, "avgpool", "classifier.1", 1000);
}

function convBnSilu(network: Network, x: Value, path: string, options: ConvOptions): Value {
  return silu(network, network.batchNorm(conv(network, x, `${path}.0`, options), `${path}.1`), `${path}.2`);
}

interface BlockOptions {
  expansion: number;
  kernel: number;
  stride: number;
  out: number;
}

/** MBConv: expand, depthwise, squeeze-and-excitation, project. */
function block(network: Network, x: Value, path: string, { expansion, kernel, stride, out }: BlockOptions): Value {
  const channels = network.channels(x), inner = channels * expansion;
  const isResidual = stride === 1 && channels === out;
  let y = x, module = 0;
  if (expansion > 1) y = convBnSilu(network, y, `${path}.block.${module++}`, { out: inner });
  y = convBnSilu(network, y, `${path}.block.${module++}`, { out: inner, kernel, stride, group: inner });
  y = squeezeExcitation(network, y, `${path}.block.${module++}`, Math.max(1, Math.floor(channels / 4)));
  y = conv(network, y, `${path}.block.${module}.0`, { out });
  y = network.batchNorm(y, `${path}.block.${module}.1`, isResidual ? LAST_SCALE : undefined);
  return isResidual ? network.op("Add", [y, x], path) : y;
}

/**
 * Weighs each channel by what a small network makes of all channels' means. Its convolutions start small (torchvision's
 * fan_out start makes gates that jump between 0 and 1 and magnify rounding errors, which those of a trained network do not).
 */
function squeezeExcitation(network: Network, x: Value, path: string, squeeze: number): Value {
  let y = network.op("GlobalAveragePool", [x], `${path}.avgpool`);
  y = silu(
    network,
    conv(network, y, `${path}.fc1`, { out: squeeze, bias: true, init: "default" }),
    `${path}.activation`,
  );
  y = conv(network, y, `${path}.fc2`, { out: network.channels(x), bias: true, init: "default" });
  y = network.op("Sigmoid", [y], `${path}.scale_activation`);
  return network.op("Mul", [y, x], path);
}
