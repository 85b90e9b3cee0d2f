import type { Value } from "../graph/graph.ts";
import { conv, convTranspose, maxPool, relu } from "./layers.ts";
import type { Network } from "./network.ts";

/** Channels at each level. */
const WIDTHS = [32, 64, 128, 256, 512];
/** Classes told apart. */
const CLASSES = 2;

/**
 * A U-Net (Ronneberger et al., 2015) with padded convolutions, each followed by BN and Relu: four levels down by max pooling,
 * four up by 2×2 ConvTranspose → BN → Relu, each joined with the features of its level.
 * [N, 3, H, W] → [N, 2, H, W]; H and W are multiples of 16.
 */
export function unet(network: Network): Value {
  const skips = [doubleConv(network, network.input, "inc", WIDTHS[0])];
  WIDTHS.slice(1).forEach((width, index) => {
    const pooled = maxPool(network, skips[index], `down${index + 1}.maxpool_conv.0`, 2, 2);
    skips.push(doubleConv(network, pooled, `down${index + 1}.maxpool_conv.1`, width));
  });
  let x = skips.pop()!;
  for (let index = 1; skips.length > 0; index++) {
    const skip = skips.pop()!, width = network.channels(skip);
    x = convTranspose(network, x, `up${index}.up`, { out: width, kernel: 2, stride: 2 });
    x = relu(network, network.batchNorm(x, `up${index}.norm`), `up${index}.relu`);
    x = network.op("Concat", [skip, x], `up${index}`, { axis: 1 });
    x = doubleConv(network, x, `up${index}.conv`, width);
  }
  return conv(network, x, "outc.conv", { out: CLASSES, bias: true, init: "default" });
}

function doubleConv(network: Network, x: Value, path: string, out: number): Value {
  let y = x;
  for (const first of [0, 3]) {
    const at = (module: number) => `${path}.double_conv.${first + module}`;
    y = conv(network, y, at(0), { out, kernel: 3, init: "default" });
    y = relu(network, network.batchNorm(y, at(1)), at(2));
  }
  return y;
}
