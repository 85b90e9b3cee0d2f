import type { Value } from "../graph/graph.ts";
import { conv, LAST_SCALE, linear, prelu } from "./layers.ts";
import type { Network } from "./network.ts";
import type { Recipe } from "./recipe.ts";

/** Blocks and channels of iresnet50's stages. */
const STAGES = [[3, 64], [4, 128], [14, 256], [3, 512]];
const SIZE = 112, EMBEDDING = 512;

/**
 * InsightFace's iresnet50 (Duta et al., 2020), the backbone of ArcFace (Deng et al., 2018): BN, 3×3, BN, PRelu, 3×3, BN in each
 * block. Faces [N, 3, 112, 112] → embeddings [N, 512].
 */
function iresnet50(network: Network): Value {
  let x = conv(network, network.input, "conv1", { out: 64, kernel: 3 });
  x = prelu(network, network.batchNorm(x, "bn1"), "prelu");
  STAGES.forEach(([count, out], stage) => {
    for (let index = 0; index < count; index++) x = block(network, x, `layer${stage + 1}.${index}`, out, index === 0);
  });
  const flat = network.op("Flatten", [network.batchNorm(x, "bn2")], "", { axis: 1 });
  return network.batchNorm(linear(network, flat, "fc", EMBEDDING), "features");
}

function block(network: Network, x: Value, path: string, out: number, isFirst: boolean): Value {
  let y = conv(network, network.batchNorm(x, `${path}.bn1`), `${path}.conv1`, { out, kernel: 3 });
  y = prelu(network, network.batchNorm(y, `${path}.bn2`), `${path}.prelu`);
  y = conv(network, y, `${path}.conv2`, { out, kernel: 3, stride: isFirst ? 2 : 1 });
  y = network.batchNorm(y, `${path}.bn3`, LAST_SCALE);
  if (!isFirst) return network.op("Add", [y, x], path);
  const shortcut = conv(network, x, `${path}.downsample.0`, { out, stride: 2 });
  return network.op("Add", [y, network.batchNorm(shortcut, `${path}.downsample.1`)], path);
}

/** InsightFace's backbones by name. */
export const IRESNETS: Readonly<Record<"iresnet50", Recipe>> = {
  iresnet50: {
    input: ["batch", 3, SIZE, SIZE],
    output: ["batch", EMBEDDING],
    defaultInput: [1, 3, SIZE, SIZE],
    calibration: [4, 3, SIZE, SIZE],
    layers: iresnet50,
  },
};
