import type { Value } from "../graph/graph.ts";
import { gelu } from "./activations.ts";
import { around, conv } from "./layers.ts";
import type { Network } from "./network.ts";

/** A fully connected layer on [N, L, C], as the exporter writes torch.nn.Linear there: MatMul with [C, out], bias + result. */
export function project(network: Network, x: Value, path: string, out: number, hasBias = true): Value {
  const width = network.size(x, -1), limit = around(1 / Math.sqrt(width));
  const weight = network.parameter(`${path}.weight`, [width, out], limit, "transposed");
  const y = network.op("MatMul", [x, weight], path);
  return hasBias ? network.op("Add", [network.parameter(`${path}.bias`, [out], limit), y], path) : y;
}

/** timm's Mlp: two fully connected layers with GELU between. */
export function mlp(network: Network, x: Value, path: string, hidden: number): Value {
  const y = gelu(network, project(network, x, `${path}.fc1`, hidden), `${path}.act`);
  return project(network, y, `${path}.fc2`, network.size(x, -1));
}

/**
 * A residual branch's learned scale, laid out to meet the channels of `x` as `dims`; `stored` is its shape in the state dict,
 * [C] unless given.
 */
export function layerScale(
  network: Network,
  x: Value,
  path: string,
  dims: readonly number[],
  name = "gamma",
  stored: readonly number[] = [Math.max(...dims)],
): Value {
  const scale = network.parameter(`${path}.${name}`, dims, { kind: "uniform", low: 0.1, high: 0.5 }, stored);
  return network.op("Mul", [x, scale], path);
}

/** [N, C, H, W] → [N, H·W, C]: `x.flatten(2).transpose(1, 2)`, whose sizes the exporter computes in the graph. */
export function flattenPositions(network: Network, x: Value, path: string): Value {
  const list = (values: readonly number[]) => network.literal(path, "int64", values);
  const shape = network.op("Shape", [x], path);
  const kept = network.shaped(network.op("Slice", [shape, list([0]), list([2]), list([0])], path), [2]);
  const target = network.op("Concat", [kept, list([-1])], path, { axis: 0 });
  return network.op("Transpose", [reshape(network, x, path, target)], path, { perm: [0, 2, 1] });
}

/** Patches of an image as tokens: one strided convolution, then {@link flattenPositions}. */
export function patchTokens(network: Network, path: string, width: number, patch: number): Value {
  const options = { out: width, kernel: patch, stride: patch, padding: 0, bias: true, init: "default" } as const;
  return flattenPositions(network, conv(network, network.input, `${path}.proj`, options), path);
}

/** Reshape to constant or computed sizes; from opset 14 on the exporter says that 0 copies a dimension. */
export function reshape(network: Network, x: Value, path: string, to: Value | readonly number[]): Value {
  const shape = Array.isArray(to) ? network.literal(path, "int64", to) : to as Value;
  return network.op("Reshape", [x, shape], path, network.opset >= 14 ? { allowzero: 0 } : {});
}

/** Transpose. */
export function transpose(network: Network, x: Value, path: string, perm: readonly number[]): Value {
  return network.op("Transpose", [x], path, { perm });
}
