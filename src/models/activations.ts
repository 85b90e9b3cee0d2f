import { newAttribute } from "../graph/attribute.ts";
import type { Value } from "../graph/graph.ts";
import type { Network } from "./network.ts";

/** torch.nn.GELU: one operator from opset 20 on, before that written out as x·(1 + erf(x/√2))·½. */
export function gelu(network: Network, x: Value, path: string): Value {
  return network.opset >= 20
    ? network.op("Gelu", [x], path, [newAttribute("approximate", "none")])
    : writtenGelu(network, x, path);
}

/** x·(1 + erf(x/√2))·½, as the exporter writes it. */
export function writtenGelu(network: Network, x: Value, path: string): Value {
  const literal = (value: number) => network.literal(path, "float32", value);
  let y = network.op("Div", [x, literal(Math.SQRT2)], path);
  y = network.op("Erf", [y], path);
  y = network.op("Add", [y, literal(1)], path);
  y = network.op("Mul", [x, y], path);
  return network.op("Mul", [y, literal(0.5)], path);
}

/** GPT-2's GELU as Hugging Face writes it, ½x·(1 + tanh(√(2/π)·(x + 0.044715·x³))), at every opset. */
export function tanhGelu(network: Network, x: Value, path: string): Value {
  const literal = (value: number) => network.literal(path, "float32", value);
  const half = network.op("Mul", [x, literal(0.5)], path);
  let y = network.op("Pow", [x, literal(3)], path);
  y = network.op("Mul", [y, literal(0.044715)], path);
  y = network.op("Add", [x, y], path);
  y = network.op("Mul", [y, literal(Math.sqrt(2 / Math.PI))], path);
  y = network.op("Tanh", [y], path);
  y = network.op("Add", [y, literal(1)], path);
  return network.op("Mul", [half, y], path);
}
