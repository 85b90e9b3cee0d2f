import type { Dim, Value } from "../graph/graph.ts";
import { conv, linear, maxPool, prelu } from "./layers.ts";
import type { Network } from "./network.ts";
import { IMAGES, type Recipe } from "./recipe.ts";
import { reshape, transpose } from "./tokens.ts";

/** Faces that the second and third network see at a time, as exported. */
const CANDIDATES = 16;

/** A convolution, its size in pixels, and the max pooling behind its PRelu. */
interface Layer {
  out: number;
  kernel: number;
  pool?: number;
}

/** MTCNN's proposal network (Zhang et al., 2016), named as in facenet-pytorch: boxes [N, 4, …] and face or not [N, 2, …]. */
function pnet(network: Network): Value[] {
  const x = stem(network, [{ out: 10, kernel: 3, pool: 2 }, { out: 16, kernel: 3 }, { out: 32, kernel: 3 }]);
  const head = (name: string, out: number) => conv(network, x, name, { out, bias: true, init: "default" });
  const boxes = head("conv4_2", 4), faces = head("conv4_1", 2);
  return [boxes, network.op("Softmax", [faces], "softmax4_1", { axis: 1 })];
}

/** MTCNN's refinement network: boxes [N, 4] and face or not [N, 2]. */
function rnet(network: Network): Value[] {
  const x = stem(network, [{ out: 28, kernel: 3, pool: 3 }, { out: 48, kernel: 3, pool: 3 }, { out: 64, kernel: 2 }]);
  const features = dense(network, x, 4, 128);
  return heads(network, features, ["dense5_2"], [4], 5);
}

/** MTCNN's output network: boxes [N, 4], five landmarks [N, 10] and face or not [N, 2]. */
function onet(network: Network): Value[] {
  const x = stem(network, [
    { out: 32, kernel: 3, pool: 3 },
    { out: 64, kernel: 3, pool: 3 },
    { out: 64, kernel: 3, pool: 2 },
    { out: 128, kernel: 2 },
  ]);
  return heads(network, dense(network, x, 5, 256), ["dense6_2", "dense6_3"], [4, 10], 6);
}

function stem(network: Network, layers: readonly Layer[]): Value {
  return layers.reduce((x, { out, kernel, pool }, index) => {
    const number = index + 1;
    const y = conv(network, x, `conv${number}`, { out, kernel, padding: 0, bias: true, init: "fan_in" });
    const active = prelu(network, y, `prelu${number}`);
    return pool ? maxPool(network, active, `pool${number}`, pool, 2, 0, true) : active;
  }, network.input);
}

/** `x.permute(0, 3, 2, 1)` as one row, a fully connected layer and PRelu. */
function dense(network: Network, x: Value, number: number, out: number): Value {
  const turned = transpose(network, x, "", [0, 3, 2, 1]);
  const features = reshape(network, turned, "", [network.size(x, 0), -1]);
  return prelu(network, linear(network, features, `dense${number}`, out), `prelu${number}`);
}

function heads(network: Network, x: Value, names: string[], sizes: number[], number: number): Value[] {
  const results = names.map((name, index) => linear(network, x, name, sizes[index]));
  const faces = linear(network, x, `dense${number}_1`, 2);
  return [...results, network.op("Softmax", [faces], `softmax${number}_1`, { axis: 1 })];
}

function candidates(layers: (network: Network) => Value[], size: number, ...outputs: number[]): Recipe {
  const input = [CANDIDATES, 3, size, size], [output, ...more] = outputs.map((width): Dim[] => [CANDIDATES, width]);
  return { input, output, more, defaultInput: input, layers };
}

/** The three networks of MTCNN by name. */
export const MTCNNS: Readonly<Record<"mtcnn_pnet" | "mtcnn_rnet" | "mtcnn_onet", Recipe>> = {
  mtcnn_pnet: {
    input: IMAGES,
    output: ["batch", 4, null, null],
    more: [["batch", 2, null, null]],
    defaultInput: [1, 3, 120, 160],
    layers: pnet,
  },
  mtcnn_rnet: candidates(rnet, 24, 4, 2),
  mtcnn_onet: candidates(onet, 48, 4, 10, 2),
};
