import type { Value } from "../graph/graph.ts";
import { conv, convTranspose, relu } from "./layers.ts";
import type { Network } from "./network.ts";
import { IMAGES, type Recipe } from "./recipe.ts";

const WIDTH = 64, LAYERS = 5;

/**
 * RED-Net with ten layers (Mao et al., 2016): five 3×3 convolutions and five transposed ones, all at stride 1, with sums of
 * opposite layers; restores images. [N, 3, H, W] → [N, 3, H, W].
 */
function redNet10(network: Network): Value {
  const features = [network.input];
  let uses = 0;
  const next = (x: Value) => relu(network, x, uses++ === 0 ? "relu" : `relu_${uses - 1}`);
  for (let index = 0; index < LAYERS; index++) {
    const y = conv(network, features[index], `conv.${index}`, { out: WIDTH, kernel: 3, bias: true, init: "fan_in" });
    features.push(next(y));
  }
  let x = features[LAYERS];
  for (let index = 0; index < LAYERS; index++) {
    const isLast = index === LAYERS - 1, out = isLast ? 3 : WIDTH;
    x = convTranspose(network, x, `deconv.${index}`, { out, kernel: 3, padding: 1, bias: true });
    if (index % 2 === 0) x = network.op("Add", [x, features[LAYERS - 1 - index]], "");
    if (!isLast) x = next(x);
  }
  return x;
}

/** RED-Nets by name. */
export const RED_NETS: Readonly<Record<"red_net10", Recipe>> = {
  red_net10: {
    input: IMAGES,
    output: ["batch", 3, "height", "width"],
    defaultInput: [1, 3, 128, 128],
    uncalled: new Set(["conv", "deconv"]),
    layers: redNet10,
  },
};
