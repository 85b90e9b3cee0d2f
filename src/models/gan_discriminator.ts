import { floatAttribute } from "../graph/attribute.ts";
import type { Value } from "../graph/graph.ts";
import { computedTensor, reshaped, type Tensor, valuesOf } from "../tensor/tensor.ts";
import { around } from "./layers.ts";
import type { Network } from "./network.ts";
import type { Recipe } from "./recipe.ts";

/** Channels after each block. */
const WIDTHS = [64, 128, 256, 512];
/** Rounds of power iteration; training does one per step. */
const ROUNDS = 5;

/**
 * A GAN's discriminator with spectral normalisation (Miyato et al., 2018): 3×3 convolutions, each followed by 2×2 average
 * pooling and LeakyRelu. The exporter leaves the division of each weight W by σ = uᵀ·W·v in the graph.
 * [N, 3, 64, 64] → [N, 1].
 */
function ganDiscriminator(network: Network): Value {
  let x = network.input;
  WIDTHS.forEach((out, index) => {
    const path = `blocks.${index}`;
    x = spectralConv(network, x, path, "conv", { out, kernel: 3, padding: 1 });
    x = network.op("AveragePool", [x], `${path}.pool`, {
      ceil_mode: 0,
      count_include_pad: 1,
      kernel_shape: [2, 2],
      pads: [0, 0, 0, 0],
      strides: [2, 2],
    });
    x = network.op("LeakyRelu", [x], `${path}.act`, [floatAttribute("alpha", 0.2)]);
  });
  return network.op("Flatten", [spectralConv(network, x, "", "out", { out: 1, kernel: 4, padding: 0 })], "", {
    axis: 1,
  });
}

interface Shape {
  out: number;
  kernel: number;
  padding: number;
}

/** A convolution in the module at `parent`, where the hook of torch.nn.utils.spectral_norm computes its weight. */
function spectralConv(
  network: Network,
  x: Value,
  parent: string,
  name: string,
  { out, kernel, padding }: Shape,
): Value {
  const path = parent ? `${parent}.${name}` : name, inputs = network.channels(x), columns = inputs * kernel ** 2;
  const limit = around(1 / Math.sqrt(columns));
  const weight = network.tensor(`${path}.weight_orig`, [out, inputs, kernel, kernel], limit);
  const matrix = reshaped(weight, [out, columns]);
  const right = network.buffer(`${path}.weight_v`, computedTensor("float32", [columns], () => iterate(matrix).v));
  const stored = network.constant(`onnx::${path}.weight_orig`, matrix);
  const product = network.op("MatMul", [stored, right], parent);
  const left = network.buffer(`${path}.weight_u`, computedTensor("float32", [out], () => iterate(matrix).u));
  const sigma = network.op("MatMul", [left, product], parent);
  const normal = network.op("Div", [network.constant(`${path}.weight_orig`, weight), sigma], parent);
  const bias = network.parameter(`${path}.bias`, [out], limit);
  return network.op("Conv", [x, network.shaped(normal, weight.dims), bias], path, {
    dilations: [1, 1],
    group: 1,
    kernel_shape: [kernel, kernel],
    pads: [padding, padding, padding, padding],
    strides: [1, 1],
  });
}

/** Unit vectors u and v with u ∥ W·v and v ∥ Wᵀ·u, after a few rounds from a constant u. */
function iterate(matrix: Tensor): { u: Float64Array; v: Float64Array } {
  const [rows, columns] = matrix.dims, w = valuesOf(matrix);
  let u = new Float64Array(rows).fill(1), v = new Float64Array(columns);
  for (let round = 0; round < ROUNDS; round++) {
    v = unit(
      Float64Array.from(v, (_, column) => u.reduce((sum, value, row) => sum + value * w[row * columns + column], 0)),
    );
    u = unit(
      Float64Array.from(u, (_, row) => v.reduce((sum, value, column) => sum + value * w[row * columns + column], 0)),
    );
  }
  return { u, v };
}

function unit(vector: Float64Array): Float64Array<ArrayBuffer> {
  const norm = Math.sqrt(vector.reduce((sum, value) => sum + value ** 2, 0));
  return Float64Array.from(vector, (value) => value / norm);
}

/** Discriminators by name. */
export const DISCRIMINATORS: Readonly<Record<"gan_discriminator", Recipe>> = {
  gan_discriminator: {
    input: ["batch", 3, 64, 64],
    output: ["batch", 1],
    defaultInput: [1, 3, 64, 64],
    layers: ganDiscriminator,
  },
};
