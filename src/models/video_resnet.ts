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
