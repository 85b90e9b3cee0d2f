import type { Value } from "../graph/graph.ts";
import { gelu } from "./activations.ts";
import { conv, LAST_SCALE, linear, relu } from "./layers.ts";
import type { Network } from "./network.ts";
import { layerNorm, reduceMean } from "./norms.ts";
import { poolingMixer } from "./poolformer.ts";
import { fixedClassifier, type Recipe } from "./recipe.ts";
import { flattenPositions, layerScale, mlp, project, reshape, transpose } from "./tokens.ts";
import { reshaped, valueTensor } from "../tensor/tensor.ts";

/** Blocks and channels of EfficientFormer-L1's stages; the last block of the last stage has attention. */
const STAGES = [[3, 48], [2, 96], [6, 224], [4, 448]];
const HEADS = 8, KEY = 32, VALUE = 128, SIDE = 7, EPSILON = 1e-5;

/**
 * timm's EfficientFormer-L1 (Li et al., 2022): PoolFormer's blocks with BatchNormalization, one block with attention, two
 * classifiers whose mean is the answer. [1, 3, 224, 224] → [1, 1000].
 */
function efficientformerL1(network: Network): Value {
  let x = network.input;
  [1, 2].forEach((number) => {
    const out = STAGES[0][1] / (3 - number);
    x = conv(network, x, `stem.conv${number}`, { out, kernel: 3, stride: 2, bias: true, init: "default" });
    x = relu(network, network.batchNorm(x, `stem.norm${number}`), `stem.act${number}`);
  });
  STAGES.forEach(([blocks, out], stage) => {
    const path = `stages.${stage}`;
    if (stage > 0) {
      x = conv(network, x, `${path}.downsample.conv`, { out, kernel: 3, stride: 2, bias: true, init: "default" });
      x = network.batchNorm(x, `${path}.downsample.norm`);
    }
    for (let index = 0; index < blocks; index++) x = block(network, x, `${path}.blocks.${index}`);
  });
  x = attentionBlock(network, flattenPositions(network, x, "stages.3.blocks.3"), "stages.3.blocks.4");
  return distilled(network, reduceMean(network, layerNorm(network, x, "norm"), "", [1], false));
}

function block(network: Network, x: Value, path: string): Value {
  if (path === "stages.3.blocks.3") return x; // the place of the flattening
  const width = network.channels(x), biased = { bias: true, init: "default" } as const;
  const scaled = (y: Value, name: string) => layerScale(network, y, `${path}.${name}`, [1, width, 1, 1]);
  const middle = network.op("Add", [x, scaled(poolingMixer(network, x, `${path}.token_mixer`), "ls1")], path);
  let y = conv(network, middle, `${path}.mlp.fc1`, { out: 4 * width, ...biased });
  y = gelu(network, network.batchNorm(y, `${path}.mlp.norm1`), `${path}.mlp.act`);
  y = conv(network, y, `${path}.mlp.fc2`, { out: width, ...biased });
  y = scaled(network.batchNorm(y, `${path}.mlp.norm2`, LAST_SCALE), "ls2");
  return network.op("Add", [middle, y], path);
}

function attentionBlock(network: Network, x: Value, path: string): Value {
  const width = network.size(x, 2);
  const scaled = (y: Value, name: string) => layerScale(network, y, `${path}.${name}`, [width]);
  const attended = attention(network, layerNorm(network, x, `${path}.norm1`, EPSILON), `${path}.token_mixer`);
  const middle = network.op("Add", [x, scaled(attended, "ls1")], path);
  const y = mlp(network, layerNorm(network, middle, `${path}.norm2`, EPSILON), `${path}.mlp`, 4 * width);
  return network.op("Add", [middle, scaled(y, "ls2")], path);
}

/** Attention with a learned bias for each distance between two positions, which the graph gathers. */
function attention(network: Network, x: Value, path: string): Value {
  const [batch, length, width] = [0, 1, 2].map((axis) => network.size(x, axis));
  const projected = project(network, x, `${path}.qkv`, HEADS * (2 * KEY + VALUE));
  const heads = transpose(network, reshape(network, projected, path, [batch, length, HEADS, -1]), path, [0, 2, 1, 3]);
  const sizes = network.literal(path, "int64", [KEY, KEY, VALUE]);
  const [query, key, value] = network.outputs("Split", [heads, sizes], path, { axis: 3 }, 3);
  const scores = network.op("MatMul", [query, transpose(network, key, path, [0, 1, 3, 2])], path);
  const scaled = network.op("Mul", [scores, network.literal(path, "float32", KEY ** -0.5)], path);
  const learned = network.parameter(`${path}.attention_biases`, [HEADS, SIDE ** 2], { kind: "normal", std: 0.5 });
  const biases = network.op("Gather", [learned, distances(network, path)], path, { axis: 1 });
  const weights = network.op("Softmax", [network.op("Add", [scaled, biases], path)], path, { axis: -1 });
  const y = transpose(network, network.op("MatMul", [weights, value], path), path, [0, 2, 1, 3]);
  return project(network, reshape(network, y, path, [batch, length, HEADS * VALUE]), `${path}.proj`, width);
}

/** Number of the distance (|Δy|, |Δx|) between every two of the 7×7 positions, as the state dict has it. */
function distances(network: Network, path: string): Value {
  const positions = SIDE ** 2;
  const values = Float64Array.from({ length: positions ** 2 }, (_, at) => {
    const from = Math.floor(at / positions), to = at % positions;
    const rows = Math.abs(Math.floor(from / SIDE) - Math.floor(to / SIDE)), columns = Math.abs(from % SIDE - to % SIDE);
    return rows * SIDE + columns;
  });
  const name = `${path}.attention_bias_idxs`, tensor = valueTensor("int64", [positions ** 2], values);
  return network.constant(name, reshaped(tensor, [positions, positions]));
}

/** The mean of two classifiers, one of which was distilled from a teacher. */
function distilled(network: Network, x: Value): Value {
  const sum = network.op("Add", [linear(network, x, "head", 1000), linear(network, x, "head_dist", 1000)], "");
  return network.op("Div", [sum, network.literal("", "float32", 2)], "");
}

/** EfficientFormers by timm's names. */
export const EFFICIENTFORMERS: Readonly<Record<"efficientformer_l1", Recipe>> = {
  efficientformer_l1: fixedClassifier(efficientformerL1, true),
};
