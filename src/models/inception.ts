import type { Value } from "../graph/graph.ts";
import { averagePool, classifier, conv, type ConvOptions, maxPool, type PerAxis, relu } from "./layers.ts";
import type { Network } from "./network.ts";

/**
 * torchvision's Inception v3 (Szegedy et al., 2015): factorised convolutions in parallel branches that are concatenated. The
 * auxiliary classifier is for training only and left out, as the exporter leaves it out. [N, 3, H, W] → [N, 1000].
 */
export function inceptionV3(network: Network): Value {
  let x = layer(network, network.input, "Conv2d_1a_3x3", 32, 3, { stride: 2, padding: 0 });
  x = layer(network, x, "Conv2d_2a_3x3", 32, 3, { padding: 0 });
  x = maxPool(network, layer(network, x, "Conv2d_2b_3x3", 64, 3), "maxpool1", 3, 2);
  x = layer(network, layer(network, x, "Conv2d_3b_1x1", 80, 1), "Conv2d_4a_3x3", 192, 3, { padding: 0 });
  x = maxPool(network, x, "maxpool2", 3, 2);
  [["Mixed_5b", 32], ["Mixed_5c", 64], ["Mixed_5d", 64]].forEach(([path, pool]) =>
    x = wide(network, x, path as string, pool as number)
  );
  x = reduction(network, x, "Mixed_6a");
  [["Mixed_6b", 128], ["Mixed_6c", 160], ["Mixed_6d", 160], ["Mixed_6e", 192]].forEach(([path, inner]) =>
    x = factorised(network, x, path as string, inner as number)
  );
  x = lastReduction(network, x, "Mixed_7a");
  for (const path of ["Mixed_7b", "Mixed_7c"]) x = split(network, x, path);
  return classifier(network, x, "avgpool", "fc", 1000);
}

/** Convolution that keeps the size, BN (ε = 0.001) and Relu. */
export function layer(
  network: Network,
  x: Value,
  path: string,
  out: number,
  kernel: PerAxis,
  options: Partial<ConvOptions> = {},
): Value {
  const y = conv(network, x, `${path}.conv`, { out, kernel, init: "default", ...options });
  return relu(network, network.batchNorm(y, `${path}.bn`, undefined, 1e-3), path);
}

/** A branch: layers one after another, their names beginning with `path`. */
function chain(network: Network, x: Value, path: string, layers: readonly Layer[]): Value {
  return layers.reduce(
    (y, [name, out, kernel, options]) => layer(network, y, `${path}${name}`, out, kernel, options),
    x,
  );
}

type Layer = readonly [name: string, out: number, kernel: PerAxis, options?: Partial<ConvOptions>];

const ROW = [1, 7], COLUMN = [7, 1];
const HALVING = { stride: 2, padding: 0 } as const;

function joined(network: Network, path: string, branches: readonly Value[]): Value {
  return network.op("Concat", branches, path, { axis: 1 });
}

function pooled(network: Network, x: Value, path: string, out: number): Value {
  return layer(network, averagePool(network, x, path, 3, 1, 1), `${path}.branch_pool`, out, 1);
}

function wide(network: Network, x: Value, path: string, pool: number): Value {
  const branch = (layers: readonly Layer[]) => chain(network, x, `${path}.branch`, layers);
  return joined(network, path, [
    branch([["1x1", 64, 1]]),
    branch([["5x5_1", 48, 1], ["5x5_2", 64, 5]]),
    branch([["3x3dbl_1", 64, 1], ["3x3dbl_2", 96, 3], ["3x3dbl_3", 96, 3]]),
    pooled(network, x, path, pool),
  ]);
}

function reduction(network: Network, x: Value, path: string): Value {
  const branch = (layers: readonly Layer[]) => chain(network, x, `${path}.branch`, layers);
  return joined(network, path, [
    branch([["3x3", 384, 3, HALVING]]),
    branch([["3x3dbl_1", 64, 1], ["3x3dbl_2", 96, 3], ["3x3dbl_3", 96, 3, HALVING]]),
    maxPool(network, x, path, 3, 2),
  ]);
}

function factorised(network: Network, x: Value, path: string, inner: number): Value {
  const branch = (layers: readonly Layer[]) => chain(network, x, `${path}.branch`, layers);
  return joined(network, path, [
    branch([["1x1", 192, 1]]),
    branch([["7x7_1", inner, 1], ["7x7_2", inner, ROW], ["7x7_3", 192, COLUMN]]),
    branch([
      ["7x7dbl_1", inner, 1],
      ["7x7dbl_2", inner, COLUMN],
      ["7x7dbl_3", inner, ROW],
      ["7x7dbl_4", inner, COLUMN],
      ["7x7dbl_5", 192, ROW],
    ]),
    pooled(network, x, path, 192),
  ]);
}

function lastReduction(network: Network, x: Value, path: string): Value {
  const branch = (layers: readonly Layer[]) => chain(network, x, `${path}.branch`, layers);
  return joined(network, path, [
    branch([["3x3_1", 192, 1], ["3x3_2", 320, 3, HALVING]]),
    branch([["7x7x3_1", 192, 1], ["7x7x3_2", 192, ROW], ["7x7x3_3", 192, COLUMN], ["7x7x3_4", 192, 3, HALVING]]),
    maxPool(network, x, path, 3, 2),
  ]);
}

/** Branches that end in a 1×3 and a 3×1 convolution side by side. */
function split(network: Network, x: Value, path: string): Value {
  const ends = (y: Value, name: string) =>
    joined(network, path, [
      layer(network, y, `${path}.branch${name}a`, 384, [1, 3]),
      layer(network, y, `${path}.branch${name}b`, 384, [3, 1]),
    ]);
  const branch = (layers: readonly Layer[]) => chain(network, x, `${path}.branch`, layers);
  return joined(network, path, [
    branch([["1x1", 320, 1]]),
    ends(branch([["3x3_1", 384, 1]]), "3x3_2"),
    ends(branch([["3x3dbl_1", 448, 1], ["3x3dbl_2", 384, 3]]), "3x3dbl_3"),
    pooled(network, x, path, 192),
  ]);
}
