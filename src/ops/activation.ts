import type { Node } from "../graph/graph.ts";
import { isFloat } from "../tensor/element_type.ts";
import { broadcasted, mapped } from "../tensor/elementwise.ts";
import { homogeneousCarry } from "./carry/activation.ts";
import { clipCarry } from "./carry/clip.ts";
import { clipBounds } from "./clip_bounds.ts";
import { inferSame, pointwise, unary } from "./elementwise.ts";
import { broadcastEntries, sameEntries } from "./entries.ts";
import { erf, sigmoid, softplus } from "./functions.ts";
import type { Op, Ops } from "./op.ts";

/** An activation whose attribute, or several, have defaults. */
function withAttributes(f: (x: number, ...attributes: number[]) => number, defaults: Record<string, number>): Op {
  return unary((node) => {
    const values = Object.entries(defaults).map(([name, otherwise]) => node.number(name, otherwise));
    return (x) => f(x, ...values);
  });
}

const gelu = unary((node) =>
  node.text("approximate", "none") === "tanh"
    ? (x) => 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)))
    : (x) => 0.5 * x * (1 + erf(x / Math.SQRT2))
);

const clip: Op = {
  inputs: [1, 3],
  infer: inferSame,
  entries: sameEntries,
  evaluate(node, [x]) {
    const bounds = clipBounds(node);
    return bounds && [mapped(x!, (value) => Math.min(bounds[1], Math.max(bounds[0], value)))];
  },
  isNoOp(node) {
    const bounds = clipBounds(node), type = node.inputs[0]?.type;
    if (!bounds || !isFloat(type)) return undefined;
    // a finite bound as large as the type's largest value still turns an infinity into it
    return bounds[0] === -Infinity && bounds[1] === Infinity || isBounded(node, bounds) ? node.inputs[0] : undefined;
  },
};

/** Whether what makes the input keeps within the bounds by itself. */
function isBounded(node: Node, [least, most]: readonly [number, number]): boolean {
  const producer = node.inputs[0]?.producer;
  if (!producer?.is("Clip") || producer.graph !== node.graph || producer.hasReferences) return false;
  const own = clipBounds(producer);
  return own !== undefined && own[0] >= least && own[1] <= most && own[0] <= own[1];
}

const prelu: Op = {
  inputs: [2],
  infer: inferSame,
  entries: broadcastEntries,
  evaluate(node, [x, slope]) {
    if (node.opset < 9) return undefined;
    const result = broadcasted([x!, slope!], (value, factor) => value < 0 ? value * factor : value);
    return result && [result];
  },
};

/** Elementwise functions that networks put between layers. */
export const ACTIVATION_OPS = {
  Relu: { ...pointwise((x) => Math.max(0, x)), carry: homogeneousCarry },
  LeakyRelu: {
    ...withAttributes((x, alpha) => x < 0 ? alpha * x : x, { alpha: 0.01 }),
    isNoOp: (node) => node.number("alpha", 0.01) === 1 ? node.inputs[0] : undefined,
    carry: homogeneousCarry,
  },
  PRelu: { ...prelu, carry: homogeneousCarry },
  Elu: withAttributes((x, alpha) => x < 0 ? alpha * Math.expm1(x) : x, { alpha: 1 }),
  Selu: withAttributes((x, alpha, gamma) => gamma * (x > 0 ? x : alpha * Math.expm1(x)), {
    alpha: 1.67326319217681884765625,
    gamma: 1.05070102214813232421875,
  }),
  Celu: withAttributes((x, alpha) => Math.max(0, x) + Math.min(0, alpha * Math.expm1(x / alpha)), { alpha: 1 }),
  Sigmoid: pointwise(sigmoid),
  Tanh: pointwise(Math.tanh),
  HardSigmoid: withAttributes((x, alpha, beta) => Math.max(0, Math.min(1, alpha * x + beta)), {
    alpha: Math.fround(0.2),
    beta: 0.5,
  }),
  HardSwish: pointwise((x) => x * Math.max(0, Math.min(1, Math.fround(1 / 6) * x + 0.5))),
  Gelu: gelu,
  Mish: pointwise((x) => x * Math.tanh(softplus(x))),
  Swish: withAttributes((x, alpha) => x * sigmoid(alpha * x), { alpha: 1 }),
  Softplus: pointwise(softplus),
  Softsign: pointwise((x) => x / (1 + Math.abs(x))),
  ThresholdedRelu: withAttributes((x, alpha) => x > alpha ? x : 0, { alpha: 1 }),
  Shrink: withAttributes((x, lambd, bias) => x < -lambd ? x + bias : x > lambd ? x - bias : 0, { lambd: 0.5, bias: 0 }),
  Clip: { ...clip, carry: clipCarry },
} satisfies Ops;
