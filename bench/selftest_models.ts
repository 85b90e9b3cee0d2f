/**
 * Networks of equal parts, of which one more is a slow-down of a known size.
 *
 * @module
 */
import { exportModel } from "../src/graph/export.ts";
import { Model } from "../src/fusion/model.ts";
import { conv } from "../src/models/layers.ts";
import { Network } from "../src/models/network.ts";
import { resnet, RESNETS } from "../src/models/resnet.ts";

/** One chain and its longer twins. */
interface Chain {
  /** Convolutions. */
  layers: number;
  /** Channels of each. */
  channels: number;
  /** Height and width. */
  size: number;
}

/**
 * The models of the self-test by name, two of about so much time per inference on one core: each builds the model with so many
 * parts more: one for a slow-down of about 2%, three for one of about 5%.
 */
export const MODELS: Record<string, (more: number) => Model> = {
  "0.2 ms": (more) => chain({ layers: 50, channels: 8, size: 9 }, more),
  "3 ms": (more) => chain({ layers: 50, channels: 32, size: 15 }, more),
  "ResNet-101": deeperResnet101,
};

function chain({ layers, channels, size }: Chain, more: number): Model {
  const name = `chain${layers + more}`;
  const network = new Network({ name, input: ["batch", channels, size, size], seed: 0 });
  let x = network.input;
  for (let i = 0; i < layers + more; i++) x = conv(network, x, `conv${i}`, { out: channels, kernel: 3 });
  return Model.from(exportModel(network.finish(x)), name);
}

/** The article's network with one or two blocks more in its third stage, of which each is 2.8% of its arithmetic. */
function deeperResnet101(more: number): Model {
  const { block, blocks: [first, second, third, fourth] } = RESNETS.resnet101;
  const name = `resnet101_${more}`;
  const network = new Network({ name, input: [1, 3, 256, 256], seed: 0, statistics: new Map() });
  return Model.from(
    exportModel(
      network.finish(resnet(network, { block, blocks: [first, second, third + Math.ceil(more / 2), fourth] })),
    ),
    name,
  );
}
