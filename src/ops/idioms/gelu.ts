import { newAttribute } from "../../graph/attribute.ts";
import type { Value } from "../../graph/graph.ts";
import type { Builder } from "../builder.ts";
import type { Idiom } from "./idiom.ts";
import { constant, either, type Match, namedNode, node, number, type Pattern, scalar, value } from "./pattern.ts";
import { isFloatValue, namesOf, numberLike, under } from "./written.ts";

const x = value("x");
const half = number(0.5);

/** 1 + erf(x/√2), of the argument written as a quotient or as a product. */
function onePlusErf(argument: Pattern): Pattern {
  return node("Add", [namedNode("core", "Erf", [argument]), number(1)]);
}

const quotient = node("Div", [x, number(Math.SQRT2)]), product = node("Mul", [x, number(Math.SQRT1_2)]);

/** Every order of x, ½ and `factor`, the two first ones being those that ONNX Runtime looks for. */
function orders(factor: Pattern): { recognised: Pattern; others: Pattern } {
  const first = node("Mul", [node("Mul", [x, factor]), half]), second = node("Mul", [node("Mul", [x, half]), factor]);
  const third = node("Mul", [x, node("Mul", [factor, half])]);
  const divided = [
    node("Div", [node("Mul", [x, factor]), number(2)]),
    node("Mul", [node("Div", [x, number(2)]), factor]),
    node("Mul", [x, node("Div", [factor, number(2)])]),
  ];
  return { recognised: either(first, second), others: either(third, ...divided) };
}

const byQuotient = orders(onePlusErf(quotient)), byProduct = orders(onePlusErf(product));

/** x·Φ(x) = ½·x·(1 + erf(x/√2)) (Hendrycks & Gimpel 2016, eq. 1). */
export const gelu: Idiom = {
  name: "a GELU",
  runtime: "com.microsoft.Gelu",
  operator: { opType: "Gelu", since: 20 },
  recognised: byQuotient.recognised,
  others: either(byQuotient.others, byProduct.recognised, byProduct.others),
  write(match, build, asOperator) {
    const input = match.values.get("x")!, names = namesOf(match);
    if (!isFloatValue(input)) return undefined;
    if (asOperator) return build.node("Gelu", [input], names);
    const root = build.node("Div", [input, numberLike(input, Math.SQRT2, build)], { name: under(match, "Div") });
    const erf = build.node("Erf", [root], { name: under(match, "Erf") });
    return halved(match, build, build.node("Add", [erf, numberLike(input, 1, build)], { name: under(match, "Add") }));
  },
};

const cube = either(
  node("Pow", [x, number(3)]),
  node("Mul", [x, node("Mul", [x, x])]),
);
const powered = node("Pow", [x, number(3)]);
const coefficient = number(0.044715), factor = number(Math.sqrt(2 / Math.PI));

/** √(2/π)·(x + 0.044715·x³), with the cube written as `of`. */
function polynomial(of: Pattern): Pattern {
  return node("Mul", [node("Add", [x, node("Mul", [of, coefficient])]), factor]);
}

/** √(2/π)·x·(1 + 0.044715·x·x), as TensorFlow and ONNX Runtime's second formula have it. */
const factored = node("Mul", [
  node("Mul", [x, factor]),
  node("Add", [node("Mul", [node("Mul", [x, coefficient]), x]), number(1)]),
]);

function onePlusTanh(argument: Pattern): Pattern {
  return node("Add", [namedNode("core", "Tanh", [argument]), number(1)]);
}

const tanhHalfFirst = (argument: Pattern) => node("Mul", [node("Mul", [x, half]), onePlusTanh(argument)]);
const tanhOrders = orders(onePlusTanh(either(polynomial(cube), factored)));

/** The approximation ½·x·(1 + tanh(√(2/π)·(x + 0.044715·x³))) (Hendrycks & Gimpel 2016, section 2). */
export const tanhGelu: Idiom = {
  name: "a GELU (tanh)",
  runtime: "com.microsoft.FastGelu",
  operator: { opType: "Gelu", since: 20 },
  recognised: either(tanhHalfFirst(polynomial(powered)), tanhHalfFirst(factored)),
  others: either(tanhOrders.recognised, tanhOrders.others),
  write(match, build, asOperator) {
    const input = match.values.get("x")!;
    if (!isFloatValue(input)) return undefined;
    if (asOperator) {
      return build.node("Gelu", [input], { ...namesOf(match), attributes: [newAttribute("approximate", "tanh")] });
    }
    const of = (value: number) => numberLike(input, value, build), name = (op: string) => ({ name: under(match, op) });
    const power = build.node("Pow", [input, of(3)], name("Pow"));
    const sum = build.node("Add", [input, build.node("Mul", [of(0.044715), power], name("Mul"))], name("Add"));
    const argument = build.node("Mul", [of(Math.sqrt(2 / Math.PI)), sum], name("Mul_1"));
    const tanh = build.node("Tanh", [argument], name("Tanh"));
    return halved(match, build, build.node("Add", [tanh, of(1)], name("Add_1")));
  },
};

/** x·σ(c·x): SiLU (c = 1, Elfwing et al. 2017) and the sigmoid approximation of GELU (c = 1.702). */
export const quickGelu: Idiom = {
  name: "a SiLU or a GELU (sigmoid)",
  runtime: "com.microsoft.QuickGelu",
  recognised: node("Mul", [x, node("Sigmoid", [either(x, node("Mul", [x, scalar("factor")]))])]),
};

/** A GELU of a value and a bias along its last axis. */
export const biasGelu: Idiom = {
  name: "a GELU with a bias",
  runtime: "com.microsoft.BiasGelu",
  recognised: withBias(),
};

function withBias(): Pattern {
  const sum = namedNode("bias", "Add", [value("y"), constant("b", ({ dims }) => dims.length === 1)]);
  return either(
    node("Mul", [node("Mul", [sum, onePlusErf(node("Div", [sum, number(Math.SQRT2)]))]), half]),
    node("Mul", [node("Mul", [sum, half]), onePlusErf(node("Div", [sum, number(Math.SQRT2)]))]),
    node("Gelu", [sum]),
  );
}

/** (½·x)·factor: the order that both of ONNX Runtime's GELU fusions know. */
function halved(match: Match, build: Builder, factor: Value): Value {
  const input = match.values.get("x")!;
  const first = build.node("Mul", [input, numberLike(input, 0.5, build)], { name: under(match, "Mul_2") });
  return build.node("Mul", [first, factor], namesOf(match));
}
