import { newAttribute } from "../graph/attribute.ts";
import type { Dim, Value } from "../graph/graph.ts";
import { around, relu } from "./layers.ts";
import type { Network } from "./network.ts";
import { layerNorm, SHIFT } from "./norms.ts";
import { fixed, type Recipe } from "./recipe.ts";
import { project } from "./tokens.ts";

const BLOCKS = 4, WIDTH = 256, HEADS = 4, SIZE = WIDTH / HEADS, LENGTH = 128, EPSILON = 1e-6;

/**
 * Transformer blocks (Vaswani et al., 2017) with the attention of Keras' MultiHeadAttention, every projection and product of
 * which is an Einsum; post-norm, Relu. Embedded tokens [1, 128, 256] → [1, 128, 256].
 */
function einsumBlocks(network: Network): Value {
  let x = network.input;
  for (let index = 0; index < BLOCKS; index++) {
    const path = `blocks.${index}`;
    x = network.op("Add", [x, attention(network, x, `${path}.attention`)], path);
    x = layerNorm(network, x, `${path}.norm1`, EPSILON);
    const hidden = relu(network, project(network, x, `${path}.dense1`, 4 * WIDTH), `${path}.act`);
    x = network.op("Add", [x, project(network, hidden, `${path}.dense2`, WIDTH)], path);
    x = layerNorm(network, x, `${path}.norm2`, EPSILON);
  }
  return x;
}

function attention(network: Network, x: Value, path: string): Value {
  const batch = network.size(x, 0), heads = [batch, LENGTH, HEADS, SIZE], scores = [batch, HEADS, LENGTH, LENGTH];
  const [query, key, value] = ["query", "key", "value"].map((name) =>
    dense(network, x, `${path}.${name}`, "abc,cde->abde", [WIDTH, HEADS, SIZE], heads)
  );
  const scaled = network.op("Mul", [query, network.literal(path, "float32", 1 / Math.sqrt(SIZE))], path);
  const products = einsum(network, [key, scaled], path, "aecd,abcd->acbe", scores);
  const weights = network.op("Softmax", [products], path, { axis: -1 });
  const joined = einsum(network, [weights, value], path, "acbe,aecd->abcd", heads);
  return dense(network, joined, `${path}.attention_output`, "abcd,cde->abe", [HEADS, SIZE, WIDTH], [
    batch,
    LENGTH,
    WIDTH,
  ]);
}

/** Keras' EinsumDense: an Einsum with `<path>.kernel` and the addition of `<path>.bias`. */
function dense(
  network: Network,
  x: Value,
  path: string,
  equation: string,
  kernel: readonly number[],
  shape: readonly number[],
): Value {
  const weight = network.parameter(`${path}.kernel`, kernel, around(1 / Math.sqrt(WIDTH)));
  const y = einsum(network, [x, weight], path, equation, shape);
  const bias = shape.slice(2); // of all axes that the kernel brings
  return network.op("Add", [y, network.parameter(`${path}.bias`, bias, SHIFT)], path);
}

function einsum(network: Network, inputs: Value[], path: string, equation: string, shape: readonly Dim[]): Value {
  return network.shaped(network.op("Einsum", inputs, path, [newAttribute("equation", equation)]), shape);
}

/** Transformer blocks written in Einsum, by name. */
export const EINSUM_BLOCKS: Readonly<Record<"einsum_blocks", Recipe>> = {
  einsum_blocks: fixed(einsumBlocks, [1, LENGTH, WIDTH], [1, LENGTH, WIDTH]),
};
