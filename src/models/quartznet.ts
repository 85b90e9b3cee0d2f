import type { Value } from "../graph/graph.ts";
import { conv, LAST_SCALE, relu } from "./layers.ts";
import type { Network } from "./network.ts";
import type { Recipe } from "./recipe.ts";
import { transpose } from "./tokens.ts";

/** Kernel size and channels of the five residual blocks. */
const BLOCKS = [[33, 256], [39, 256], [51, 512], [63, 512], [75, 512]];
/** Separable convolutions of a block. */
const REPEATS = 5;
const FEATURES = 64, CHARACTERS = 29, EPSILON = 1e-3;

/**
 * QuartzNet-5×5 (Kriman et al., 2019), named as in NeMo: time-channel separable 1-D convolutions, each depthwise one followed
 * by a pointwise one, BN and Relu, five to a residual block. Mel features [N, 64, T] → log-probabilities [N, T/2, 29].
 */
function quartznet(network: Network): Value {
  let x = block(network, network.input, 0, { kernel: 33, out: 256, stride: 2 });
  BLOCKS.forEach(([kernel, out], index) => x = residualBlock(network, x, index + 1, kernel, out));
  x = block(network, x, BLOCKS.length + 1, { kernel: 87, out: 512, dilation: 2 });
  const last = `encoder.${BLOCKS.length + 2}`;
  x = network.batchNorm(conv(network, x, `${last}.mconv.0`, { out: 1024 }), `${last}.mconv.1`, undefined, EPSILON);
  x = conv(network, relu(network, x, `${last}.mout`), "decoder", { out: CHARACTERS, bias: true, init: "default" });
  return network.op("LogSoftmax", [transpose(network, x, "", [0, 2, 1])], "", { axis: -1 });
}

interface Window {
  kernel: number;
  out: number;
  stride?: number;
  dilation?: number;
}

function block(network: Network, x: Value, index: number, window: Window): Value {
  const path = `encoder.${index}`;
  return relu(network, separable(network, x, `${path}.mconv`, 0, window), `${path}.mout`);
}

/** A depthwise and a pointwise convolution and BN: the modules `first` to `first + 2` of the container at `path`. */
function separable(
  network: Network,
  x: Value,
  path: string,
  first: number,
  { out, ...window }: Window,
  isLast = false,
) {
  const width = network.channels(x);
  const y = conv(network, x, `${path}.${first}`, { ...window, out: width, group: width, init: "default" });
  const scale = isLast ? LAST_SCALE : undefined;
  return network.batchNorm(conv(network, y, `${path}.${first + 1}`, { out }), `${path}.${first + 2}`, scale, EPSILON);
}

function residualBlock(network: Network, x: Value, index: number, kernel: number, out: number): Value {
  const path = `encoder.${index}`, mconv = `${path}.mconv`;
  let y = x;
  for (let repeat = 0; repeat < REPEATS; repeat++) {
    const isLast = repeat === REPEATS - 1;
    y = separable(network, y, mconv, 4 * repeat, { kernel, out }, isLast);
    if (!isLast) y = relu(network, y, `${mconv}.${4 * repeat + 3}`);
  }
  const shortcut = conv(network, x, `${path}.res.0`, { out });
  const sum = network.op("Add", [y, network.batchNorm(shortcut, `${path}.res.1`, undefined, EPSILON)], path);
  return relu(network, sum, `${path}.mout`);
}

/** QuartzNets by name. */
export const QUARTZNETS: Readonly<Record<"quartznet_5x5", Recipe>> = {
  quartznet_5x5: {
    input: ["batch", FEATURES, "time"],
    output: ["batch", null, CHARACTERS],
    defaultInput: [1, FEATURES, 400],
    calibration: [4, FEATURES, 400],
    layers: quartznet,
  },
};
