import { inferBroadcast, inferSame } from "./arithmetic.ts";
import type { Op, Ops } from "./op.ts";

const activation: Op = { infer: inferSame };

/** Elementwise functions that networks put between layers, and normalizing ones along an axis. */
export const ACTIVATION_OPS = {
  Relu: activation,
  LeakyRelu: activation,
  PRelu: activation,
  Elu: activation,
  Selu: activation,
  Celu: activation,
  Sigmoid: activation,
  Tanh: activation,
  HardSigmoid: activation,
  HardSwish: activation,
  Gelu: activation,
  Mish: activation,
  Swish: activation,
  Softplus: activation,
  Softsign: activation,
  ThresholdedRelu: activation,
  Clip: activation,
  Softmax: activation,
  LogSoftmax: activation,
  Hardmax: activation,
} satisfies Ops;

const comparison: Op = { infer: (node, inputs) => [{ ...inferBroadcast(node, inputs)[0], type: "bool" }] };

/** Comparisons and logic. */
export const LOGIC_OPS = {
  Not: { infer: (_node, [x]) => [{ type: "bool", shape: x?.shape }] },
  IsNaN: { infer: (_node, [x]) => [{ type: "bool", shape: x?.shape }] },
  Equal: comparison,
  Greater: comparison,
  Less: comparison,
  GreaterOrEqual: comparison,
  LessOrEqual: comparison,
  And: comparison,
  Or: comparison,
  Where: { infer: (node, inputs) => [{ ...inferBroadcast(node, inputs)[0], type: inputs[1]?.type }] },
} satisfies Ops;
