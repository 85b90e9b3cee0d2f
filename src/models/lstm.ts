import { newAttribute } from "../graph/attribute.ts";
import type { Value } from "../graph/graph.ts";
import { computedTensor, type Tensor, valuesOf } from "../tensor/tensor.ts";
import { around } from "./layers.ts";
import type { Network } from "./network.ts";
import { reshape, transpose } from "./tokens.ts";

const GATES = 4;

/**
 * A bidirectional torch.nn.LSTM of [T, N, C] → [T, N, 2·hidden], as exported: its state starts at zeros that are expanded to
 * the batch, and both directions are joined behind it. The state dict has `weight_ih_l0` [4H, C], `weight_hh_l0` [4H, H],
 * `bias_ih_l0` and `bias_hh_l0` [4H] and the same with `_reverse`; the exporter stores them in ONNX's order of the gates.
 */
export function lstm(network: Network, x: Value, path: string, hidden: number): Value {
  const width = network.size(x, 2), limit = around(1 / Math.sqrt(hidden));
  const both = (name: string, dims: readonly number[]) =>
    ["", "_reverse"].map((way) => network.tensor(`${path}.${name}_l0${way}`, dims, limit));
  const inputs = both("weight_ih", [GATES * hidden, width]), states = both("weight_hh", [GATES * hidden, hidden]);
  const [forward, backward] = ["bias_ih", "bias_hh"].map((name) => both(name, [GATES * hidden]));
  const biases = [forward[0], backward[0], forward[1], backward[1]];
  const store = (name: string, parts: readonly Tensor[], dims: readonly number[]) =>
    network.constant(`onnx::${path}.${name}`, inOnnxOrder(parts, dims));
  const initial = [0, 1].map(() => zeros(network, x, path, hidden));
  const y = network.outputs(
    "LSTM",
    [
      x,
      store("W", inputs, [2, GATES * hidden, width]),
      store("R", states, [2, GATES * hidden, hidden]),
      store("B", biases, [2, 2 * GATES * hidden]),
      undefined,
      ...initial,
    ],
    path,
    [newAttribute("direction", "bidirectional"), newAttribute("hidden_size", hidden)],
    1,
    [[x.shape![0], 2, x.shape![1], hidden]],
  )[0];
  const joined = reshape(network, transpose(network, y, path, [0, 2, 1, 3]), path, [0, 0, -1]);
  return network.shaped(joined, [x.shape![0], x.shape![1], 2 * hidden]);
}

/** PyTorch's gates are input, forget, cell, output; ONNX's input, output, forget, cell. */
function inOnnxOrder(parts: readonly Tensor[], dims: readonly number[]): Tensor {
  return computedTensor("float32", dims, () => {
    const values = new Float64Array(dims.reduce((a, b) => a * b));
    let at = 0;
    for (const part of parts) {
      const from = valuesOf(part), size = from.length / GATES;
      for (const gate of [0, 3, 1, 2]) {
        values.set(from.subarray(gate * size, (gate + 1) * size), at);
        at += size;
      }
    }
    return values;
  });
}

/** `zeros(2, N, hidden)`, with N from the graph. */
function zeros(network: Network, x: Value, path: string, hidden: number): Value {
  const list = (values: readonly number[]) => network.literal(path, "int64", values);
  const shape = network.op("Shape", [x], path);
  const batch = network.op("Gather", [shape, network.literal(path, "int64", 1)], path);
  const entry = network.op("Unsqueeze", [network.shaped(batch, []), list([0])], path);
  const sizes = network.op("Concat", [list([2]), network.shaped(entry, [1]), list([hidden])], path, { axis: 0 });
  const zero = network.literal(path, "float32", new Float64Array(2 * hidden), [2, 1, hidden]);
  return network.shaped(network.op("Expand", [zero, sizes], path), [2, x.shape![1], hidden]);
}
