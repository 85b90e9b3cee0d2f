import type { Value } from "../graph/graph.ts";
import type { Network } from "./network.ts";
import { project, reshape, transpose } from "./tokens.ts";

/** INT64_MAX, which means "to the end" in a Slice. */
export const TO_THE_END = 2 ** 63;
/** Number of float32 among ONNX's element types. */
const FLOAT = 1;

/** [N, L, C] → [N, heads, L, C / heads], as `x.view(N, L, -1, size).transpose(1, 2)` is exported. */
export function splitHeads(network: Network, x: Value, path: string, size: number): Value {
  return transpose(network, toHeads(network, x, path, size), path, [0, 2, 1, 3]);
}

/** [N, L, C] → [N, L, heads, size]. */
export function toHeads(network: Network, x: Value, path: string, size: number): Value {
  return reshape(network, x, path, [sizeOrCopy(x, 0), sizeOrCopy(x, 1), -1, size]);
}

/** [N, heads, L, size] → [N, L, heads · size]. */
export function joinHeads(network: Network, x: Value, path: string): Value {
  const sizes = [sizeOrCopy(x, 0), sizeOrCopy(x, 2), -1];
  return reshape(network, transpose(network, x, path, [0, 2, 1, 3]), path, sizes);
}

/** A size that is fixed, or the 0 by which Reshape copies it. */
function sizeOrCopy(x: Value, axis: number): number {
  const size = x.shape?.[axis];
  return typeof size === "number" ? size : 0;
}

/** How Hugging Face's eager attention differs from model to model. */
export interface EagerOptions {
  /** Added to the scores: 0 where a position may be seen, the smallest float32 where not. */
  mask?: Value;
  /** Casts to float32 that stay behind the Softmax. */
  casts?: number;
}

/** Softmax(q·kᵀ·s (+ mask))·v of heads, eager as Hugging Face writes it. `keys` are [N, heads, size, L]. */
export function attend(
  network: Network,
  { query, keys, value }: Record<"query" | "keys" | "value", Value>,
  path: string,
  { mask, casts = 0 }: EagerOptions = {},
): Value {
  const scale = network.literal(path, "float32", 1 / Math.sqrt(network.size(query, -1)));
  let scores = network.op("Mul", [network.op("MatMul", [query, keys], path), scale], path);
  if (mask) scores = network.op("Add", [scores, mask], path);
  let weights = network.op("Softmax", [scores], path, { axis: -1 });
  for (let index = 0; index < casts; index++) weights = network.op("Cast", [weights], path, { to: FLOAT });
  return network.op("MatMul", [weights, value], path);
}

/** A causal mask [1, 1, L, L] as a Constant. */
export function causalMask(network: Network, length: number): Value {
  const values = Float64Array.from(
    { length: length ** 2 },
    (_, at) => at % length > Math.floor(at / length) ? -3.4028234663852886e38 : 0,
  );
  return network.literal("", "float32", values, [1, 1, length, length]);
}

/**
 * timm's Attention: q, k and v from one projection, then torch's scaled_dot_product_attention, which the exporter takes apart:
 * q and k each times √(1/√d), with d from the graph. [N, L, C] → [N, L, C].
 */
export function fusedAttention(network: Network, x: Value, path: string, heads: number): Value {
  const [batch, length, width] = [0, 1, 2].map((axis) => network.size(x, axis)), size = width / heads;
  const list = (values: readonly number[]) => network.literal(path, "int64", values);
  const projected = project(network, x, `${path}.qkv`, 3 * width);
  const apart = reshape(network, projected, path, [batch, length, 3, heads, size]);
  const parts = network.outputs(
    "Split",
    [transpose(network, apart, path, [2, 0, 3, 1, 4]), list([1, 1, 1])],
    path,
    { axis: 0 },
    3,
  );
  const [query, key, value] = parts.map((part) => network.op("Squeeze", [part, list([0])], path));
  const y = network.op("MatMul", [scaledScores(network, query, key, path), value], path);
  const joined = reshape(network, transpose(network, y, path, [0, 2, 1, 3]), path, [batch, length, width]);
  return project(network, joined, `${path}.proj`, width);
}

/** Softmax((q·√s)·(k·√s)ᵀ) with s = 1/√d, d = the last dimension of q. */
function scaledScores(network: Network, query: Value, key: Value, path: string): Value {
  const list = (values: readonly number[]) => network.literal(path, "int64", values);
  const shape = network.op("Shape", [query], path);
  const last = network.shaped(network.op("Slice", [shape, list([-1]), list([TO_THE_END])], path), [1]);
  const root = network.op("Sqrt", [network.op("Cast", [last], path, { to: FLOAT })], path);
  const inverse = network.op("Div", [network.literal(path, "float32", [1]), root], path);
  const scale = network.op("Cast", [inverse], path, { to: FLOAT });
  const keys = transpose(network, key, path, [0, 1, 3, 2]);
  const [q, k] = [query, keys].map((x) => network.op("Mul", [x, network.op("Sqrt", [scale], path)], path));
  return network.op("Softmax", [network.op("MatMul", [q, k], path)], path, { axis: -1 });
}
