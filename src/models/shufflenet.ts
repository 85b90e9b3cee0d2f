import type { Value } from "../graph/graph.ts";
import { conv, linear, maxPool, relu } from "./layers.ts";
import type { Network } from "./network.ts";

/** Units and channels of the stages of ShuffleNet v2 ×1.0. */
const STAGES = [[4, 116], [8, 232], [4, 464]];

/**
 * torchvision's ShuffleNet v2 ×1.0 (Ma et al., 2018): each unit works on half of the channels, then the halves are shuffled
 * by Reshape, Transpose, Reshape. The sizes in the Reshapes are those of a 224×224 image. [N, 3, 224, 224] → [N, 1000].
 */
export function shufflenetV2(network: Network): Value {
  let x = conv(network, network.input, "conv1.0", { out: 24, kernel: 3, stride: 2, init: "default" });
  x = relu(network, network.batchNorm(x, "conv1.1"), "conv1.2");
  x = maxPool(network, x, "maxpool", 3, 2, 1);
  STAGES.forEach(([count, out], stage) => {
    for (let index = 0; index < count; index++) {
      x = unit(network, x, `stage${stage + 2}.${index}`, out, index === 0 ? 2 : 1);
    }
  });
  x = conv(network, x, "conv5.0", { out: 1024, init: "default" });
  x = relu(network, network.batchNorm(x, "conv5.1"), "conv5.2");
  const mean = network.opset < 18
    ? network.op("ReduceMean", [x], "", { axes: [2, 3], keepdims: 0 })
    : network.op("ReduceMean", [x, network.literal("", "int64", [2, 3])], "", { keepdims: 0 });
  return linear(network, mean, "fc", 1000);
}

function unit(network: Network, x: Value, path: string, out: number, stride: number): Value {
  const half = out / 2;
  if (stride === 1) {
    const split = network.literal(path, "int64", [half, half]);
    const [kept, worked] = network.outputs("Split", [x, split], path, { axis: 1 }, 2);
    return shuffled(network, [kept, main(network, worked, `${path}.branch2`, half, 1)], path);
  }
  return shuffled(network, [
    depthwise(network, x, `${path}.branch1`, 0, half, stride),
    main(network, x, `${path}.branch2`, half, stride),
  ], path);
}

function main(network: Network, x: Value, path: string, half: number, stride: number): Value {
  const y = network.batchNorm(conv(network, x, `${path}.0`, { out: half, init: "default" }), `${path}.1`);
  return depthwise(network, relu(network, y, `${path}.2`), path, 3, half, stride);
}

/** Depthwise 3×3 and BN, 1×1, BN and Relu, in the modules from `first` on. */
function depthwise(network: Network, x: Value, path: string, first: number, out: number, stride: number): Value {
  const at = (module: number) => `${path}.${first + module}`, group = network.channels(x);
  let y = conv(network, x, at(0), { out: group, kernel: 3, stride, group, init: "default" });
  y = network.batchNorm(y, at(1));
  y = network.batchNorm(conv(network, y, at(2), { out, init: "default" }), at(3));
  return relu(network, y, at(4));
}

function shuffled(network: Network, halves: readonly Value[], path: string): Value {
  const x = network.op("Concat", halves, path, { axis: 1 });
  const channels = network.channels(x), sizes = [network.size(x, 2), network.size(x, 3)];
  const shape = (dims: readonly number[]) => network.literal(path, "int64", dims);
  let y = network.op("Reshape", [x, shape([-1, 2, channels / 2, ...sizes])], path);
  y = network.op("Transpose", [y], path, { perm: [0, 2, 1, 3, 4] });
  return network.op("Reshape", [y, shape([-1, channels, ...sizes])], path);
}
