import type { Value } from "../graph/graph.ts";
import { gelu } from "./activations.ts";
import { conv, linear } from "./layers.ts";
import type { Network } from "./network.ts";
import { layerNorm, layerNorm2d } from "./norms.ts";
import { project, transpose } from "./tokens.ts";

/** Blocks and channels of ConvNeXt-Tiny's stages. */
const STAGES = [[3, 96], [3, 192], [9, 384], [3, 768]];
const EPSILON = 1e-6;

/**
 * torchvision's ConvNeXt-Tiny (Liu et al., 2022): depthwise 7×7, LayerNorm and two fully connected layers on the channels laid
 * out last, a scale per channel. [N, 3, H, W] → [N, 1000].
 */
export function torchvisionConvnext(network: Network): Value {
  let x = network.input, module = 0;
  STAGES.forEach(([blocks, out], stage) => {
    const path = `features.${module++}`;
    if (stage === 0) x = layerNorm2d(network, strided(network, x, `${path}.0`, out, 4), `${path}.1`, EPSILON);
    else x = strided(network, layerNorm2d(network, x, `${path}.0`, EPSILON), `${path}.1`, out, 2);
    for (let index = 0; index < blocks; index++) x = block(network, x, `features.${module}.${index}`);
    module++;
  });
  x = layerNorm2d(network, network.op("GlobalAveragePool", [x], "avgpool"), "classifier.0", EPSILON);
  return linear(network, network.op("Flatten", [x], "classifier.1", { axis: 1 }), "classifier.2", 1000);
}

function strided(network: Network, x: Value, path: string, out: number, kernel: number): Value {
  return conv(network, x, path, { out, kernel, stride: kernel, padding: 0, bias: true, init: "default" });
}

function block(network: Network, x: Value, path: string): Value {
  const width = network.channels(x);
  let y = conv(network, x, `${path}.block.0`, { out: width, kernel: 7, group: width, bias: true, init: "default" });
  y = layerNorm(network, transpose(network, y, `${path}.block.1`, [0, 2, 3, 1]), `${path}.block.2`, EPSILON);
  y = gelu(network, project(network, y, `${path}.block.3`, 4 * width), `${path}.block.4`);
  y = project(network, y, `${path}.block.5`, width);
  y = transpose(network, y, `${path}.block.6`, [0, 3, 1, 2]);
  const scale = network.parameter(`${path}.layer_scale`, [width, 1, 1], { kind: "uniform", low: 0.1, high: 0.5 });
  return network.op("Add", [network.op("Mul", [y, scale], path), x], path);
}
