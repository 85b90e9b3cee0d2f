import type { Value } from "../graph/graph.ts";
import { addAll, classifier, conv, LAST_SCALE, relu } from "./layers.ts";
import type { Network } from "./network.ts";

/** MobileOne-S0's stages after the stem: blocks and channels; the first block of each halves the size. */
const STAGES = [[2, 48], [8, 128], [10, 256], [1, 1024]];
/** Parallel copies of each convolution (the stem has one). */
const BRANCHES = 4;

/**
 * MobileOne-S0 (Vasu et al., 2022) as it is trained: each block is a depthwise 3×3 and a pointwise layer, each the sum of
 * four Conv → BN, for the 3×3 ones a 1×1 Conv → BN ("scale"), and, where the shape stays, BN alone ("skip"), beside which
 * the others are small, as in a residual block.
 * [N, 3, H, W] → [N, 1000].
 */
export function mobileoneS0(network: Network): Value {
  let x = layer(network, network.input, "stage0", { out: 48, kernel: 3, stride: 2, group: 1, branches: 1 });
  STAGES.forEach(([count, out], stage) => {
    for (let index = 0; index < count; index++) {
      const group = network.channels(x), stride = index === 0 ? 2 : 1, path = `stage${stage + 1}`;
      x = layer(network, x, `${path}.${2 * index}`, { out: group, kernel: 3, stride, group, branches: BRANCHES });
      x = layer(network, x, `${path}.${2 * index + 1}`, { out, kernel: 1, stride: 1, group: 1, branches: BRANCHES });
    }
  });
  return classifier(network, x, "gap", "linear", 1000);
}

interface LayerOptions {
  out: number;
  kernel: number;
  stride: number;
  group: number;
  branches: number;
}

function layer(network: Network, x: Value, path: string, options: LayerOptions): Value {
  const { out, kernel, stride, group, branches } = options;
  const hasSkip = stride === 1 && network.channels(x) === out;
  const branch = (name: string, kernel: number) => {
    const y = conv(network, x, `${path}.${name}.conv`, { out, kernel, stride, group, init: "default" });
    return network.batchNorm(y, `${path}.${name}.bn`, hasSkip ? LAST_SCALE : undefined);
  };
  const terms: Value[] = [];
  if (kernel > 1) terms.push(branch("rbr_scale", 1));
  if (hasSkip) terms.push(network.batchNorm(x, `${path}.rbr_skip`));
  for (let index = 0; index < branches; index++) terms.push(branch(`rbr_conv.${index}`, kernel));
  return relu(network, addAll(network, terms, path), `${path}.activation`);
}
