import type { Value } from "../graph/graph.ts";
import { conv, linear, maxPool, relu } from "./layers.ts";
import type { Network } from "./network.ts";
import { fixed, type Recipe } from "./recipe.ts";
import { reshape } from "./tokens.ts";

const LEADS = 12, SAMPLES = 4096, KERNEL = 17, DIAGNOSES = 6, STEP = 4;
/** Channels of the stem and after each block, which keeps one sample in {@link STEP}. */
const WIDTHS = [64, 128, 196, 256, 320];

/**
 * The residual network of Ribeiro et al. (2020) for electrocardiograms, named as in their PyTorch code: two values run
 * through the blocks, before and after BN and Relu; the first takes the shortcuts, max pooling and a 1×1 convolution.
 * [1, 12, 4096] → [1, 6].
 */
function ecgResnet(network: Network): Value {
  const stem = conv(network, network.input, "conv1", { out: WIDTHS[0], kernel: KERNEL, init: "default" });
  let x = network.batchNorm(stem, "bn1"), raw = x;
  WIDTHS.slice(1).forEach((out, index) => {
    const path = `res_blocks.${index}`;
    let skip = maxPool(network, raw, `${path}.skip_connection.0`, STEP, STEP);
    skip = conv(network, skip, `${path}.skip_connection.1`, { out, init: "default" });
    const y = conv(network, x, `${path}.conv1`, { out, kernel: KERNEL, init: "default" });
    const hidden = relu(network, network.batchNorm(y, `${path}.bn1`), `${path}.relu`);
    const padding = Math.floor((KERNEL - STEP + 1) / 2);
    const strided = conv(network, hidden, `${path}.conv2`, {
      out,
      kernel: KERNEL,
      stride: STEP,
      padding,
      init: "default",
    });
    raw = network.op("Add", [strided, skip], path);
    x = relu(network, network.batchNorm(raw, `${path}.bn2`), `${path}.relu_1`);
  });
  return linear(network, reshape(network, x, "", [network.size(x, 0), -1]), "lin", DIAGNOSES);
}

/** Networks for electrocardiograms by name. */
export const ECG_RESNETS: Readonly<Record<"ecg_resnet1d", Recipe>> = {
  ecg_resnet1d: {
    ...fixed(ecgResnet, [1, LEADS, SAMPLES], [1, DIAGNOSES], [4, LEADS, SAMPLES]),
    uncalled: new Set(["res_blocks"]),
  },
};
