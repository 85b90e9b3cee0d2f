import type { Value } from "../graph/graph.ts";
import { addAll, classifier, conv, relu } from "./layers.ts";
import type { Network } from "./network.ts";

/** RepVGG-A0's stages: blocks and channels; the first block of each halves the size. */
const STAGES = [[1, 48], [2, 48], [4, 96], [14, 192], [1, 1280]];

/**
 * RepVGG-A0 (Ding et al., 2021) as it is trained: each block is the sum of 3×3 Conv → BN, 1×1 Conv → BN and, where the shape
 * stays, BN alone. [N, 3, H, W] → [N, 1000].
 */
export function repvggA0(network: Network): Value {
  let x = network.input;
  STAGES.forEach(([count, out], stage) => {
    for (let index = 0; index < count; index++) {
      x = block(network, x, stage === 0 ? "stage0" : `stage${stage}.${index}`, out, index === 0 ? 2 : 1);
    }
  });
  return classifier(network, x, "gap", "linear", 1000);
}

function block(network: Network, x: Value, path: string, out: number, stride: number): Value {
  const branch = (name: string, kernel: number) => {
    const y = conv(network, x, `${path}.${name}.conv`, { out, kernel, stride, init: "default" });
    return network.batchNorm(y, `${path}.${name}.bn`);
  };
  const branches = [branch("rbr_dense", 3), branch("rbr_1x1", 1)];
  if (stride === 1 && network.channels(x) === out) branches.push(network.batchNorm(x, `${path}.rbr_identity`));
  return relu(network, addAll(network, branches, path), `${path}.nonlinearity`);
}
