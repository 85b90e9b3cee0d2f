import type { Value } from "../graph/graph.ts";
import { conv, relu } from "./layers.ts";
import type { Network } from "./network.ts";
import { reduceMean } from "./norms.ts";

/** timm's SEModule: each channel times a gate in 0…1 from two 1×1 convolutions of the channels' means. */
export function squeezeExcite(network: Network, x: Value, path: string, hidden: number): Value {
  const biased = { bias: true, init: "default" } as const;
  let gate = reduceMean(network, x, path, [2, 3]);
  gate = relu(network, conv(network, gate, `${path}.fc1`, { out: hidden, ...biased }), `${path}.act`);
  gate = conv(network, gate, `${path}.fc2`, { out: network.channels(x), ...biased });
  return network.op("Mul", [x, network.op("Sigmoid", [gate], `${path}.gate`)], path);
}
