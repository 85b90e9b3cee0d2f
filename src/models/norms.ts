import { floatAttribute, newAttribute } from "../graph/attribute.ts";
import type { Value } from "../graph/graph.ts";
import type { Network } from "./network.ts";
import type { Distribution } from "./random_tensor.ts";
import { reshape } from "./tokens.ts";

/** Scales and shifts as after training; freshly initialised they are 1 and 0, which would hide a wrong fold. */
const SCALE: Distribution = { kind: "uniform", low: 0.5, high: 1.5 };
/** A shift as after training, see {@link SCALE}. */
export const SHIFT: Distribution = { kind: "normal", std: 0.1 };

/**
 * torch.nn.LayerNorm over the last axis, with scale and shift. Below opset 17 there is no such operator, and the exporter
 * writes out (x − mean) / √(variance + ε) · γ + β.
 */
export function layerNorm(network: Network, x: Value, path: string, usual = 1e-5): Value {
  const width = network.size(x, -1), epsilon = network.epsilon(path, usual);
  const scale = network.parameter(`${path}.weight`, [width], SCALE);
  const shift = network.parameter(`${path}.bias`, [width], SHIFT);
  if (network.opset >= 17) {
    return network.op("LayerNormalization", [x, scale, shift], path, [
      newAttribute("axis", -1),
      floatAttribute("epsilon", epsilon),
    ]);
  }
  const centred = network.op("Sub", [x, mean(network, x, path)], path);
  const squares = network.op("Pow", [centred, network.literal(path, "float32", 2)], path);
  const deviation = root(network, mean(network, squares, path), path, epsilon);
  const normal = network.op("Div", [centred, deviation], path);
  return network.op("Add", [network.op("Mul", [normal, scale], path), shift], path);
}

/** timm's LayerNorm2d: over the channels of [N, C, H, W], by a transposition to the last axis and back. */
export function layerNorm2d(network: Network, x: Value, path: string, epsilon = 1e-6): Value {
  const last = network.op("Transpose", [x], path, { perm: [0, 2, 3, 1] });
  return network.op("Transpose", [layerNorm(network, last, path, epsilon)], path, { perm: [0, 3, 1, 2] });
}

/**
 * Llama's RMSNorm as Hugging Face writes it, γ · (x · 1/√(mean(x²) + ε)) in float32, with the casts to and from it that the
 * exporter leaves. Gives what the residual sum takes too: x after its cast.
 */
export function rmsNorm(network: Network, x: Value, path: string, epsilon = 1e-6): { input: Value; output: Value } {
  const input = network.op("Cast", [x], path, { to: FLOAT });
  const squares = network.op("Pow", [input, network.literal(path, "float32", 2)], path);
  const size = root(network, mean(network, squares, path), path, epsilon);
  const inverse = network.op("Div", [network.literal(path, "float32", 1), size], path);
  const normal = network.op("Cast", [network.op("Mul", [input, inverse], path)], path, { to: FLOAT });
  const scale = network.parameter(`${path}.weight`, [network.size(x, -1)], SCALE);
  return { input, output: network.op("Mul", [scale, normal], path) };
}

/**
 * torch.nn.GroupNorm of [N, C, …] as the exporter writes it: InstanceNormalization of the groups, laid out as channels, without
 * a scale, then γ and β of each channel.
 */
export function groupNorm(network: Network, x: Value, path: string, groups: number, epsilon = 1e-5): Value {
  const channels = network.channels(x), ones = new Array<number>(groups).fill(1);
  const laidOut = reshape(network, x, path, [0, groups, -1]);
  const normal = network.op(
    "InstanceNormalization",
    [laidOut, network.literal(path, "float32", ones), network.literal(path, "float32", ones.map(() => 0))],
    path,
    [floatAttribute("epsilon", epsilon)],
  );
  const back = reshape(network, normal, path, network.op("Shape", [x], path));
  const perChannel = [channels, ...x.shape!.slice(2).map(() => 1)];
  const scale = network.parameter(`${path}.weight`, perChannel, SCALE, [channels]);
  const shift = network.parameter(`${path}.bias`, perChannel, SHIFT, [channels]);
  return network.op("Add", [network.op("Mul", [back, scale], path), shift], path);
}

/** Number of float32 among ONNX's element types. */
const FLOAT = 1;

function root(network: Network, variance: Value, path: string, epsilon: number): Value {
  return network.op("Sqrt", [network.op("Add", [variance, network.literal(path, "float32", epsilon)], path)], path);
}

function mean(network: Network, x: Value, path: string): Value {
  return reduceMean(network, x, path, [-1]);
}

/** ReduceMean, or another reduction; its axes are an input from opset 18 on. */
export function reduceMean(
  network: Network,
  x: Value,
  path: string,
  axes: readonly number[],
  keepDims = true,
  op: "ReduceMean" | "ReduceMax" = "ReduceMean",
): Value {
  const keepdims = keepDims ? 1 : 0;
  return network.opset < 18
    ? network.op(op, [x], path, { axes, keepdims })
    : network.op(op, [x, network.literal(path, "int64", axes)], path, { keepdims });
}
