import type { Value } from "../graph/graph.ts";
import {
  conv,
  type ConvOptions,
  hardSigmoid,
  hardSwish,
  LAST_SCALE,
  linear,
  relu,
  squeezeExcitation,
} from "./layers.ts";
import type { Network } from "./network.ts";

/** Kernel size, inner channels, output channels, squeeze-and-excitation, HardSwish (or Relu), stride, dilation. */
type Block = readonly [
  kernel: number,
  inner: number,
  out: number,
  squeezes: boolean,
  hard: boolean,
  stride: number,
  dilation?: number,
];

/** A MobileNetV3 of torchvision's. */
export interface MobilenetV3Config {
  /** Its blocks. */
  readonly blocks: readonly Block[];
  /** Channels of the layer before the classes. */
  readonly hidden: number;
}

const LARGE: readonly Block[] = [
  [3, 16, 16, false, false, 1],
  [3, 64, 24, false, false, 2],
  [3, 72, 24, false, false, 1],
  [5, 72, 40, true, false, 2],
  [5, 120, 40, true, false, 1],
  [5, 120, 40, true, false, 1],
  [3, 240, 80, false, true, 2],
  [3, 200, 80, false, true, 1],
  [3, 184, 80, false, true, 1],
  [3, 184, 80, false, true, 1],
  [3, 480, 112, true, true, 1],
  [3, 672, 112, true, true, 1],
  [5, 672, 160, true, true, 2],
  [5, 960, 160, true, true, 1],
  [5, 960, 160, true, true, 1],
];

/** Both sizes, and the large one with dilation in place of the last stride, as a backbone of segmentation. */
export const MOBILENETS_V3 = {
  mobilenet_v3_large: { blocks: LARGE, hidden: 1280 },
  mobilenet_v3_small: {
    blocks: [
      [3, 16, 16, true, false, 2],
      [3, 72, 24, false, false, 2],
      [3, 88, 24, false, false, 1],
      [5, 96, 40, true, true, 2],
      [5, 240, 40, true, true, 1],
      [5, 240, 40, true, true, 1],
      [5, 120, 48, true, true, 1],
      [5, 144, 48, true, true, 1],
      [5, 288, 96, true, true, 2],
      [5, 576, 96, true, true, 1],
      [5, 576, 96, true, true, 1],
    ],
    hidden: 1024,
  },
} as const satisfies Record<string, MobilenetV3Config>;

/** The large network's blocks, the last three dilated by 2 instead of a stride. */
export const DILATED: readonly Block[] = LARGE.map((block, index) => {
  const [kernel, inner, out, squeezes, hard] = block;
  return index < 12 ? block : [kernel, inner, out, squeezes, hard, 1, 2];
});

const EPSILON = 1e-3;

/** torchvision's MobileNetV3 (Howard et al., 2019): [N, 3, H, W] → [N, 1000]. */
export function mobilenetV3(network: Network, { blocks, hidden }: MobilenetV3Config): Value {
  let x = mobilenetV3Features(network, blocks, "features");
  x = network.op("Flatten", [network.op("GlobalAveragePool", [x], "avgpool")], "", { axis: 1 });
  x = hardSwish(network, linear(network, x, "classifier.0", hidden), "classifier.1");
  return linear(network, x, "classifier.3", 1000);
}

/** All of it before the pool: [N, 3, H, W] → [N, C, H/32, W/32], or H/16 where it is dilated. */
export function mobilenetV3Features(network: Network, blocks: readonly Block[], path: string): Value {
  let x = convBn(network, network.input, `${path}.0`, { out: 16, kernel: 3, stride: 2 }, hardSwish);
  blocks.forEach((block, index) => x = invertedResidual(network, x, `${path}.${index + 1}`, block));
  return convBn(network, x, `${path}.${blocks.length + 1}`, { out: 6 * network.channels(x) }, hardSwish);
}

type Activation = (network: Network, x: Value, path: string) => Value;

function convBn(
  network: Network,
  x: Value,
  path: string,
  options: ConvOptions,
  activation: Activation,
): Value {
  const y = network.batchNorm(conv(network, x, `${path}.0`, options), `${path}.1`, undefined, EPSILON);
  return activation(network, y, `${path}.2`);
}

function invertedResidual(network: Network, x: Value, path: string, block: Block): Value {
  const [kernel, inner, out, squeezes, hard, stride, dilation = 1] = block;
  const activation: Activation = hard ? hardSwish : relu, channels = network.channels(x);
  const isResidual = stride === 1 && channels === out;
  let y = x, module = 0;
  if (inner !== channels) y = convBn(network, y, `${path}.block.${module++}`, { out: inner }, activation);
  const depthwise = { out: inner, kernel, stride, dilation, group: inner };
  y = convBn(network, y, `${path}.block.${module++}`, depthwise, activation);
  if (squeezes) {
    const squeeze = divisibleBy8(inner / 4);
    y = squeezeExcitation(network, y, `${path}.block.${module++}`, { squeeze, activation: relu, gate: hardSigmoid });
  }
  y = conv(network, y, `${path}.block.${module}.0`, { out });
  y = network.batchNorm(y, `${path}.block.${module}.1`, isResidual ? LAST_SCALE : undefined, EPSILON);
  return isResidual ? network.op("Add", [y, x], path) : y;
}

/** The nearest multiple of 8 that is no more than 10 % smaller. */
function divisibleBy8(channels: number): number {
  const nearest = Math.max(8, Math.floor((Math.floor(channels) + 4) / 8) * 8);
  return nearest < 0.9 * channels ? nearest + 8 : nearest;
}
