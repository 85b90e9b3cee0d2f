import type { Value } from "../graph/graph.ts";
import { conv, linear, maxPool, relu } from "./layers.ts";
import type { Network } from "./network.ts";

/** Convolutions of each of the five stages; their channels are {@link WIDTHS}. */
export const VGGS = {
  vgg11_bn: [1, 1, 2, 2, 2],
  vgg13_bn: [2, 2, 2, 2, 2],
  vgg16_bn: [2, 2, 3, 3, 3],
  vgg19_bn: [2, 2, 4, 4, 4],
} as const;

const WIDTHS = [64, 128, 256, 512, 512];
const HIDDEN = 4096;

/**
 * torchvision's VGG (Simonyan and Zisserman, 2014) with BatchNormalization: convolutions with a bias, BN and Relu, a pool after
 * each stage, three fully connected layers. The adaptive pool to 7×7 has nothing to do at 224×224, where the exporter writes
 * a pool of single positions. [N, 3, 224, 224] → [N, 1000].
 */
export function vgg(network: Network, stages: readonly number[]): Value {
  let x = network.input, module = 0;
  stages.forEach((count, stage) => {
    for (let index = 0; index < count; index++) {
      x = conv(network, x, `features.${module++}`, { out: WIDTHS[stage], kernel: 3, bias: true });
      x = relu(network, network.batchNorm(x, `features.${module++}`), `features.${module++}`);
    }
    x = maxPool(network, x, `features.${module++}`, 2, 2);
  });
  x = network.op("AveragePool", [x], "avgpool", { kernel_shape: [1, 1], strides: [1, 1] });
  x = network.op("Flatten", [x], "", { axis: 1 });
  x = relu(network, linear(network, x, "classifier.0", HIDDEN), "classifier.1");
  x = relu(network, linear(network, x, "classifier.3", HIDDEN), "classifier.4");
  return linear(network, x, "classifier.6", 1000);
}
