import type { Value } from "../graph/graph.ts";
import { classifier, conv, type ConvOptions, LAST_SCALE, relu, sigmoid, squeezeExcitation } from "./layers.ts";
import type { Network } from "./network.ts";

/** Blocks and channels of RegNetY-400MF's stages. */
const STAGES = [[1, 48], [3, 104], [6, 208], [6, 440]];
/** Channels of each group of the 3×3 convolutions. */
const GROUP = 8;

/**
 * torchvision's RegNetY-400MF (Radosavovic et al., 2020): bottlenecks of constant width with grouped convolutions and
 * squeeze-and-excitation. [N, 3, H, W] → [N, 1000].
 */
export function regnetY400mf(network: Network): Value {
  let x = convBn(network, network.input, "stem", { out: 32, kernel: 3, stride: 2 });
  x = relu(network, x, "stem.2");
  STAGES.forEach(([count, out], stage) => {
    for (let index = 0; index < count; index++) {
      const path = `trunk_output.block${stage + 1}.block${stage + 1}-${index}`;
      x = block(network, x, path, out, index === 0 ? 2 : 1);
    }
  });
  return classifier(network, x, "avgpool", "fc", 1000);
}

function convBn(network: Network, x: Value, path: string, options: ConvOptions, scale?: typeof LAST_SCALE): Value {
  return network.batchNorm(conv(network, x, `${path}.0`, options), `${path}.1`, scale);
}

function block(network: Network, x: Value, path: string, out: number, stride: number): Value {
  const squeeze = Math.round(network.channels(x) / 4);
  const projects = stride > 1 || network.channels(x) !== out;
  const shortcut = projects ? convBn(network, x, `${path}.proj`, { out, stride }) : x;
  let y = relu(network, convBn(network, x, `${path}.f.a`, { out }), `${path}.f.a.2`);
  y = convBn(network, y, `${path}.f.b`, { out, kernel: 3, stride, group: out / GROUP });
  y = relu(network, y, `${path}.f.b.2`);
  y = squeezeExcitation(network, y, `${path}.f.se`, { squeeze, activation: relu, gate: sigmoid });
  y = convBn(network, y, `${path}.f.c`, { out }, LAST_SCALE);
  return relu(network, network.op("Add", [shortcut, y], path), `${path}.activation`);
}
