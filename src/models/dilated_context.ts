import type { Value } from "../graph/graph.ts";
import { conv, relu } from "./layers.ts";
import type { Network } from "./network.ts";
import { fixed, type Recipe } from "./recipe.ts";
import { transpose } from "./tokens.ts";

const SIZE = 128, WIDTH = 64, CLASSES = 21;
/** Distances of the taps of the context's convolutions. */
const DILATIONS = [1, 1, 2, 4, 8, 1];

/**
 * A network for segmentation whose context comes from ever wider dilated convolutions (Yu and Koltun, 2015), as TensorFlow stores
 * those (SpaceToBatch, convolution, BatchToSpace) and tf2onnx writes them. [1, 3, 128, 128] → [1, 21, 32, 32].
 */
function dilatedContext(network: Network): Value {
  let x = normalised(
    network,
    conv(network, network.input, "front.0", { out: WIDTH / 2, kernel: 3, stride: 2 }),
    "front.0",
  );
  x = normalised(network, conv(network, x, "front.1", { out: WIDTH, kernel: 3, stride: 2 }), "front.1");
  DILATIONS.forEach((dilation, index) => {
    const path = `context.${index}`;
    const y = dilation === 1
      ? conv(network, x, path, { out: WIDTH, kernel: 3 })
      : dilatedByBatches(network, x, path, { out: WIDTH, dilation });
    x = normalised(network, y, path);
  });
  return conv(network, x, "head", { out: CLASSES, bias: true, init: "default" });
}

function normalised(network: Network, x: Value, path: string): Value {
  return relu(network, network.batchNorm(x, `${path}.bn`), `${path}.relu`);
}

/**
 * A 3×3 convolution of some dilation d that keeps the size, as tf2onnx writes it: every d-th cell goes to a batch of its own, by
 * SpaceToDepth on an image whose channels and batch have changed places.
 */
export function dilatedByBatches(
  network: Network,
  x: Value,
  path: string,
  { out, dilation, bias }: { out: number; dilation: number; bias?: boolean },
): Value {
  const turned = (value: Value) => transpose(network, value, path, [1, 0, 2, 3]);
  const pads = network.literal(path, "int64", [0, 0, dilation, dilation, 0, 0, dilation, dilation]);
  const padded = network.op("Pad", [turned(x), pads], path);
  const batches = turned(network.op("SpaceToDepth", [padded], path, { blocksize: dilation }));
  const y = turned(conv(network, batches, path, { out, kernel: 3, padding: 0, bias }));
  return turned(network.op("DepthToSpace", [y], path, { blocksize: dilation }));
}

/** Networks of dilated convolutions by name. */
export const DILATED_NETWORKS: Readonly<Record<"dilated_context", Recipe>> = {
  dilated_context: fixed(dilatedContext, [1, 3, SIZE, SIZE], [1, CLASSES, SIZE / 4, SIZE / 4], [4, 3, SIZE, SIZE]),
};
