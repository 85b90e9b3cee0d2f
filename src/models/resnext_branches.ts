import type { Value } from "../graph/graph.ts";
import { classifier, conv, LAST_SCALE, relu } from "./layers.ts";
import type { Network } from "./network.ts";
import { IMAGES, type Recipe } from "./recipe.ts";

const BRANCHES = 8, WIDTH = 16, STAGES = 3, BLOCKS = 3, EXPANSION = 2, CLASSES = 100;

/**
 * ResNeXt-29 of 8 branches, 16 channels wide (Xie et al., 2016), for small images, its groups written as in frameworks that had no
 * grouped convolution: the channels are split, each part has a convolution of its own, the results are put side by side.
 * [N, 3, H, W] → [N, 100].
 */
function resnextBranches(network: Network): Value {
  const stem = network.batchNorm(conv(network, network.input, "conv1", { out: 64, kernel: 3 }), "bn1");
  let x = relu(network, stem, "relu");
  for (let stage = 0; stage < STAGES; stage++) {
    for (let index = 0; index < BLOCKS; index++) {
      x = block(network, x, `layer${stage + 1}.${index}`, WIDTH * 2 ** stage, stage > 0 && index === 0 ? 2 : 1);
    }
  }
  return classifier(network, x, "avgpool", "fc", CLASSES);
}

/** 1×1, a 3×3 convolution per branch, 1×1, and a residual sum. `width` is that of one branch. */
function block(network: Network, x: Value, path: string, width: number, stride: number): Value {
  const inner = BRANCHES * width, out = EXPANSION * inner;
  let y = relu(
    network,
    network.batchNorm(conv(network, x, `${path}.conv1`, { out: inner }), `${path}.bn1`),
    `${path}.relu`,
  );
  const lengths = network.literal(path, "int64", new Array<number>(BRANCHES).fill(width));
  const parts = network.outputs("Split", [y, lengths], path, { axis: 1 }, BRANCHES);
  const results = parts.map((part, at) =>
    conv(network, part, `${path}.conv2.${at}`, { out: width, kernel: 3, stride })
  );
  y = network.batchNorm(network.op("Concat", results, path, { axis: 1 }), `${path}.bn2`);
  y = conv(network, relu(network, y, `${path}.relu_1`), `${path}.conv3`, { out });
  y = network.batchNorm(y, `${path}.bn3`, LAST_SCALE);
  let shortcut = x;
  if (stride > 1 || network.channels(x) !== out) {
    shortcut = conv(network, x, `${path}.downsample.0`, { out, stride });
    shortcut = network.batchNorm(shortcut, `${path}.downsample.1`);
  }
  return relu(network, network.op("Add", [y, shortcut], path), `${path}.relu_2`);
}

/** ResNeXts in branches by name. */
export const RESNEXTS_IN_BRANCHES: Readonly<Record<"resnext29_branches", Recipe>> = {
  resnext29_branches: {
    input: IMAGES,
    output: ["batch", CLASSES],
    defaultInput: [1, 3, 32, 32],
    calibration: [8, 3, 32, 32],
    uncalled: new Set(["conv2"]),
    layers: resnextBranches,
  },
};
