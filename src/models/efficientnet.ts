import type { Value } from "../graph/graph.ts";
import { classifier, conv, type ConvOptions, LAST_SCALE, sigmoid, silu, squeezeExcitation } from "./layers.ts";
import type { Network } from "./network.ts";

/** Expansion, kernel size, stride of the first block, output channels, blocks; whether they are fused. */
type Stage = readonly [
  expansion: number,
  kernel: number,
  stride: number,
  out: number,
  count: number,
  fused?: boolean,
];

/** An EfficientNet of torchvision's. */
export interface EfficientnetConfig {
  /** Channels of the first convolution. */
  readonly stem: number;
  /** Its stages. */
  readonly stages: readonly Stage[];
  /** ε of its BatchNormalizations. */
  readonly epsilon: number;
}

/** B0 (Tan and Le, 2019) and V2-S (2021). */
export const EFFICIENTNETS = {
  efficientnet_b0: {
    stem: 32,
    stages: [
      [1, 3, 1, 16, 1],
      [6, 3, 2, 24, 2],
      [6, 5, 2, 40, 2],
      [6, 3, 2, 80, 3],
      [6, 5, 1, 112, 3],
      [6, 5, 2, 192, 4],
      [6, 3, 1, 320, 1],
    ],
    epsilon: 1e-5,
  },
  efficientnet_v2_s: {
    stem: 24,
    stages: [
      [1, 3, 1, 24, 2, true],
      [4, 3, 2, 48, 4, true],
      [4, 3, 2, 64, 4, true],
      [4, 3, 2, 128, 6],
      [6, 3, 1, 160, 9],
      [6, 3, 2, 256, 15],
    ],
    epsilon: 1e-3,
  },
} as const satisfies Record<string, EfficientnetConfig>;

/**
 * torchvision's EfficientNet: inverted residuals with squeeze-and-excitation, SiLU as Sigmoid and Mul. [N, 3, H, W] → [N, 1000].
 */
export function efficientnet(network: Network, { stem, stages, epsilon }: EfficientnetConfig): Value {
  let x = convBnSilu(network, network.input, "features.0", { out: stem, kernel: 3, stride: 2 }, epsilon);
  stages.forEach(([expansion, kernel, first, out, count, fused], stage) => {
    const block = fused ? fusedBlock : mbConv;
    for (let index = 0; index < count; index++) {
      const stride = index === 0 ? first : 1;
      x = block(network, x, `features.${stage + 1}.${index}`, { expansion, kernel, stride, out, epsilon });
    }
  });
  x = convBnSilu(network, x, `features.${stages.length + 1}`, { out: 1280 }, epsilon);
  return classifier(network, x, "avgpool", "classifier.1", 1000);
}

function convBnSilu(network: Network, x: Value, path: string, options: ConvOptions, epsilon: number): Value {
  const y = network.batchNorm(conv(network, x, `${path}.0`, options), `${path}.1`, undefined, epsilon);
  return silu(network, y, `${path}.2`);
}

interface BlockOptions {
  expansion: number;
  kernel: number;
  stride: number;
  out: number;
  epsilon: number;
}

/** MBConv: expand, depthwise, squeeze-and-excitation, project. */
function mbConv(network: Network, x: Value, path: string, options: BlockOptions): Value {
  const { expansion, kernel, stride, epsilon } = options, channels = network.channels(x), inner = channels * expansion;
  let y = x, module = 0;
  if (expansion > 1) y = convBnSilu(network, y, `${path}.block.${module++}`, { out: inner }, epsilon);
  const depthwise = { out: inner, kernel, stride, group: inner };
  y = convBnSilu(network, y, `${path}.block.${module++}`, depthwise, epsilon);
  const squeeze = Math.max(1, Math.floor(channels / 4));
  y = squeezeExcitation(network, y, `${path}.block.${module++}`, { squeeze, activation: silu, gate: sigmoid });
  return projected(network, x, y, path, module, options);
}

/** FusedMBConv: expanded by the k×k convolution itself, which is all of it where nothing is expanded. */
function fusedBlock(network: Network, x: Value, path: string, options: BlockOptions): Value {
  const { expansion, kernel, stride, out, epsilon } = options, inner = network.channels(x) * expansion;
  if (expansion > 1) {
    const y = convBnSilu(network, x, `${path}.block.0`, { out: inner, kernel, stride }, epsilon);
    return projected(network, x, y, path, 1, options);
  }
  const y = convBnSilu(network, x, `${path}.block.0`, { out, kernel, stride }, epsilon);
  return stride === 1 && network.channels(x) === out ? network.op("Add", [y, x], path) : y;
}

/** 1×1 convolution and BN, and the residual sum where the shape stays. */
function projected(
  network: Network,
  x: Value,
  inner: Value,
  path: string,
  module: number,
  { stride, out, epsilon }: BlockOptions,
): Value {
  const isResidual = stride === 1 && network.channels(x) === out;
  const y = conv(network, inner, `${path}.block.${module}.0`, { out });
  const normal = network.batchNorm(y, `${path}.block.${module}.1`, isResidual ? LAST_SCALE : undefined, epsilon);
  return isResidual ? network.op("Add", [normal, x], path) : normal;
}
