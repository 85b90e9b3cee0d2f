import type { Value } from "../graph/graph.ts";
import { convTranspose, relu } from "./layers.ts";
import type { Network } from "./network.ts";

/** Size of the random vector. */
export const LATENT = 100;
/** Channels after each transposed convolution but the last. */
const WIDTHS = [512, 256, 128, 64];

/**
 * The generator of PyTorch's DCGAN example (Radford et al., 2015): transposed convolutions with BN and Relu, then Tanh.
 * Random vectors [N, 100, 1, 1] → images [N, 3, 64, 64].
 */
export function dcganGenerator(network: Network): Value {
  let x = network.input, module = 0;
  WIDTHS.forEach((out, index) => {
    const window = index === 0 ? { stride: 1, padding: 0 } : { stride: 2, padding: 1 };
    x = convTranspose(network, x, `main.${module++}`, { out, kernel: 4, ...window });
    x = relu(network, network.batchNorm(x, `main.${module++}`), `main.${module++}`);
  });
  x = convTranspose(network, x, `main.${module++}`, { out: 3, kernel: 4, stride: 2, padding: 1 });
  return network.op("Tanh", [x], `main.${module}`);
}
