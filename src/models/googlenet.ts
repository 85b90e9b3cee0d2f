import type { Value } from "../graph/graph.ts";
import { layer } from "./inception.ts";
import { classifier, maxPool } from "./layers.ts";
import type { Network } from "./network.ts";

/** Channels of an Inception's branches: 1×1; 1×1, 3×3; 1×1, 3×3 (once 5×5); behind the pool. */
type Inception = readonly [one: number, [number, number], [number, number], pool: number];

/** The Inceptions of each stage. */
const STAGES: readonly (readonly Inception[])[] = [
  [[64, [96, 128], [16, 32], 32], [128, [128, 192], [32, 96], 64]],
  [
    [192, [96, 208], [16, 48], 64],
    [160, [112, 224], [24, 64], 64],
    [128, [128, 256], [24, 64], 64],
    [112, [144, 288], [32, 64], 64],
    [256, [160, 320], [32, 128], 128],
  ],
  [[256, [160, 320], [32, 128], 128], [384, [192, 384], [48, 128], 128]],
];

/**
 * torchvision's GoogLeNet (Szegedy et al., 2014) with BatchNormalization, pools that round up, and 3×3 convolutions where the
 * paper has 5×5. The auxiliary classifiers are for training only and left out. [N, 3, H, W] → [N, 1000].
 */
export function googlenet(network: Network): Value {
  let x = layer(network, network.input, "conv1", 64, 7, { stride: 2 });
  x = maxPool(network, x, "maxpool1", 3, 2, 0, true);
  x = layer(network, layer(network, x, "conv2", 64, 1), "conv3", 192, 3);
  x = maxPool(network, x, "maxpool2", 3, 2, 0, true);
  STAGES.forEach((stage, number) => {
    stage.forEach((branches, index) => {
      x = inception(network, x, `inception${number + 3}${"abcde"[index]}`, branches);
    });
    if (number < 2) x = maxPool(network, x, `maxpool${number + 3}`, number === 0 ? 3 : 2, 2, 0, true);
  });
  return classifier(network, x, "avgpool", "fc", 1000);
}

function inception(network: Network, x: Value, path: string, [one, two, three, pool]: Inception): Value {
  const pair = (name: string, [first, second]: readonly [number, number]) =>
    layer(network, layer(network, x, `${path}.${name}.0`, first, 1), `${path}.${name}.1`, second, 3);
  return network.op(
    "Concat",
    [
      layer(network, x, `${path}.branch1`, one, 1),
      pair("branch2", two),
      pair("branch3", three),
      layer(network, maxPool(network, x, `${path}.branch4.0`, 3, 1, 1, true), `${path}.branch4.1`, pool, 1),
    ],
    path,
    { axis: 1 },
  );
}
