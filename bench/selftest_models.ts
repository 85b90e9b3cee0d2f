/**
 * Chains of equal convolutions, of which one more is a slow-down of a known size.
 *
 * @module
 */
import { exportModel } from "../src/graph/export.ts";
import { Model } from "../src/fusion/model.ts";
import { conv } from "../src/models/layers.ts";
import { Network } from "../src/models/network.ts";

/** One chain and its longer twins. */
export interface Chain {
  /** Convolutions. */
  layers: number;
  /** Channels of each. */
  channels: number;
  /** Height and width. */
  size: number;
}

/** The models of the self-test, by about their time per inference on one core. One layer more is a slow-down of about 2%. */
export const CHAINS: Record<string, Chain> = {
  "0.2 ms": { layers: 50, channels: 8, size: 9 },
  "3 ms": { layers: 50, channels: 32, size: 15 },
};

/** A chain with so many layers more. */
export function chainOf({ layers, channels, size }: Chain, more: number): Model {
  const name = `chain${layers + more}`;
  const network = new Network({ name, input: ["batch", channels, size, size], seed: 0 });
  let x = network.input;
  for (let i = 0; i < layers + more; i++) x = conv(network, x, `conv${i}`, { out: channels, kernel: 3 });
  return Model.from(exportModel(network.finish(x)), name);
}
