import type { Value } from "../graph/graph.ts";
import { classifier, conv, LAST_SCALE, relu } from "./layers.ts";
import type { Network } from "./network.ts";

/** Classes of Kinetics-400. */
const CLASSES = 400;

/** torchvision's R3D-18 (Tran et al., 2017): ResNet-18 of 3-D convolutions on clips, [N, 3, T, H, W] → [N, 400]. */
export function r3d18(network: Network): Value {
  let x = conv(network, network.input, "stem.0", { out: 64, kernel: [3, 7, 7], stride: [1, 2, 2] });
  x = relu(network, network.batchNorm(x, "stem.1"), "stem.2");
  for (let stage = 1; stage <= 4; stage++) {
    for (let index = 0; index < 2; index++) {
      const stride = stage > 1 && index === 0 ? 2 : 1;
      x = block(network, x, `layer${stage}.${index}`, 32 * 2 ** stage, stride);
    }
  }
  return classifier(network, x, "avgpool", "fc", CLASSES);
}

function block(network: Network, x: Value, path: string, out: number, stride: number): Value {
  let y = conv(network, x, `${path}.conv1.0`, { out, kernel: 3, stride });
  y = relu(network, network.batchNorm(y, `${path}.conv1.1`), `${path}.conv1.2`);
  y = conv(network, y, `${path}.conv2.0`, { out, kernel: 3 });
  y = network.batchNorm(y, `${path}.conv2.1`, LAST_SCALE);
  let shortcut = x;
  if (stride > 1) {
    shortcut = conv(network, x, `${path}.downsample.0`, { out, stride });
    shortcut = network.batchNorm(shortcut, `${path}.downsample.1`);
  }
  return relu(network, network.op("Add", [y, shortcut], path), `${path}.relu`);
}

/**
 * torchvision's R(2+1)D-18 (Tran et al., 2017): each 3-D convolution of R3D-18 is one over the image, BN, Relu, and one over
 * time. [N, 3, T, H, W] → [N, 400].
 */
export function r2plus1d18(network: Network): Value {
  let x = conv(network, network.input, "stem.0", { out: 45, kernel: [1, 7, 7], stride: [1, 2, 2] });
  x = relu(network, network.batchNorm(x, "stem.1"), "stem.2");
  x = conv(network, x, "stem.3", { out: 64, kernel: [3, 1, 1] });
  x = relu(network, network.batchNorm(x, "stem.4"), "stem.5");
  for (let stage = 1; stage <= 4; stage++) {
    for (let index = 0; index < 2; index++) {
      x = factoredBlock(network, x, `layer${stage}.${index}`, 32 * 2 ** stage, stage > 1 && index === 0 ? 2 : 1);
    }
  }
  return classifier(network, x, "avgpool", "fc", CLASSES);
}

function factoredBlock(network: Network, x: Value, path: string, out: number, stride: number): Value {
  const width = network.channels(x);
  // as many weights as the 3×3×3 convolution has
  const between = Math.floor(width * out * 27 / (width * 9 + 3 * out));
  const factored = (value: Value, at: string, step: number) => {
    let y = conv(network, value, `${at}.0`, { out: between, kernel: [1, 3, 3], stride: [1, step, step] });
    y = relu(network, network.batchNorm(y, `${at}.1`), `${at}.2`);
    return conv(network, y, `${at}.3`, { out, kernel: [3, 1, 1], stride: [step, 1, 1] });
  };
  let y = network.batchNorm(factored(x, `${path}.conv1.0`, stride), `${path}.conv1.1`);
  y = factored(relu(network, y, `${path}.conv1.2`), `${path}.conv2.0`, 1);
  y = network.batchNorm(y, `${path}.conv2.1`, LAST_SCALE);
  let shortcut = x;
  if (stride > 1) {
    shortcut = network.batchNorm(conv(network, x, `${path}.downsample.0`, { out, stride }), `${path}.downsample.1`);
  }
  return relu(network, network.op("Add", [y, shortcut], path), `${path}.relu`);
}
