import type { Value } from "../graph/graph.ts";
import { conv, LAST_SCALE, maxPool, silu } from "./layers.ts";
import type { Network } from "./network.ts";

/** What BatchNormalization adds to variances in Ultralytics' networks. */
const EPSILON = 1e-3;

/** The size of a convolution. */
export interface YoloConv {
  /** Output channels. */
  out: number;
  /** Kernel size, default 1. */
  kernel?: number;
  /** Stride, default 1. */
  stride?: number;
}

/** Ultralytics' Conv: convolution, BN and SiLU. */
export function convBlock(network: Network, x: Value, path: string, options: YoloConv, isLast = false): Value {
  const { out, kernel = 1, stride = 1 } = options;
  const y = conv(network, x, `${path}.conv`, { out, kernel, stride, padding: Math.floor(kernel / 2), init: "fan_in" });
  return silu(network, network.batchNorm(y, `${path}.bn`, isLast ? LAST_SCALE : undefined, EPSILON), `${path}.act`);
}

/** Ultralytics' Bottleneck: two Convs, the first of `kernel`, the second 3×3, and their sum with the input if `hasShortcut`. */
export function bottleneck(network: Network, x: Value, path: string, kernel: number, hasShortcut: boolean): Value {
  const out = network.channels(x);
  const hidden = convBlock(network, x, `${path}.cv1`, { out, kernel });
  const y = convBlock(network, hidden, `${path}.cv2`, { out, kernel: 3 }, hasShortcut);
  return hasShortcut ? network.op("Add", [x, y], path) : y;
}

/** Channels of all values behind one another. */
export function concat(network: Network, values: readonly Value[], path: string, axis = 1): Value {
  return network.op("Concat", [...values], path, { axis });
}

/** Max pooling at stride 1 that keeps the size. */
export function pool(network: Network, x: Value, path: string, kernel: number): Value {
  return maxPool(network, x, path, kernel, 1, (kernel - 1) / 2);
}
