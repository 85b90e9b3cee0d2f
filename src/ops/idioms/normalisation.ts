import { floatAttribute, newAttribute } from "../../graph/attribute.ts";
import type { Node, Value } from "../../graph/graph.ts";
import { filledTensor, reshaped, type Tensor, valuesOf } from "../../tensor/tensor.ts";
import type { Builder } from "../builder.ts";
import { axesOf, constantOf } from "../constant.ts";
import type { Idiom } from "./idiom.ts";
import {
  constant,
  either,
  type Match,
  maybeCast,
  namedNode,
  node,
  number,
  type Pattern,
  scalar,
  value,
} from "./pattern.ts";
import { isFloatValue, named, namesOf, numberLike, under } from "./written.ts";

const x = value("x");
const epsilon = scalar("epsilon");

/** A mean over the last axis alone, which stays as an axis of length 1. */
function isLastAxis(reduce: Node): boolean {
  const rank = reduce.inputs[0]?.shape?.length ?? reduce.output.shape?.length;
  const given = rank === undefined ? reduce.numbers("axes") : axesOf(reduce, rank);
  return given?.length === 1 && (given[0] === -1 || given[0] === (rank ?? 0) - 1) &&
    reduce.number("keepdims", 1) === 1;
}

/** The mean over the last axis: of rank 3 also as a pool, which tf2onnx makes of it. */
const mean = (of: Pattern): Pattern =>
  either(
    node("ReduceMean", [of], isLastAxis),
    node("GlobalAveragePool", [of], ({ inputs: [x] }) => x?.shape?.length === 3),
  );
const power = (of: Pattern): Pattern => node("Pow", [of, number(2, 0)]);
const square = (of: Pattern): Pattern => either(power(of), node("Mul", [of, of]));

/** √(mean + ε), with the mean of the squares written as `squares`. */
const deviation = (squares: Pattern): Pattern => namedNode("core", "Sqrt", [node("Add", [mean(squares), epsilon])]);

/** Numerator over denominator: as a quotient, or as a product with the reciprocal. */
const quotient = (top: Pattern, bottom: Pattern): Pattern => node("Div", [top, bottom]);
const reciprocal = (top: Pattern, bottom: Pattern): Pattern =>
  either(node("Mul", [top, node("Reciprocal", [bottom])]), node("Mul", [top, node("Div", [number(1, 0), bottom])]));

/** One entry per column of the last axis. */
const perColumn = ({ dims, size }: Tensor): boolean => size > 0 && (dims.at(-1) ?? 0) === size;
const gamma = constant("gamma", perColumn), beta = constant("beta", perColumn);

const centred = maybeCast(node("Sub", [x, mean(x)]));
const normal = quotient(centred, deviation(power(centred)));
const anyNormal = either(
  quotient(centred, deviation(square(centred))),
  reciprocal(centred, deviation(square(centred))),
);

/** 1/√(σ² + ε), perhaps times γ. */
const inverse = (bottom: Pattern): Pattern => either(node("Reciprocal", [bottom]), node("Div", [number(1, 0), bottom]));
const root = inverse(deviation(square(centred))), factor = either(node("Mul", [root, gamma]), root);

/** x·r + (β − μ·r), as TensorFlow writes it, or with −μ, as Keras does. */
const negative = node("Mul", [node("Neg", [mean(x)]), factor]);
const expandedNormal = node("Add", [
  node("Mul", [x, factor]),
  either(node("Sub", [beta, node("Mul", [mean(x), factor])]), node("Add", [negative, beta]), negative),
]);

/** Whether a factor that stands in two places is one node. */
const isShared = ({ nodes }: Match): boolean =>
  nodes.filter((node) => node.is("Sqrt")).length === 1 &&
  nodes.filter((node) => node.is("Mul") && node.inputs.some((value) => constantOf(value))).length < 2;

/** (x − μ)/√(σ² + ε)·γ + β over the last axis (Ba, Kiros & Hinton 2016, eq. 4). */
export const layerNormalization: Idiom = {
  name: "a LayerNormalization",
  runtime: "LayerNormalization",
  operator: { opType: "LayerNormalization", since: 17 },
  recognised: node("Add", [node("Mul", [normal, gamma]), beta]),
  others: either(
    node("Add", [node("Mul", [anyNormal, gamma]), beta]),
    node("Mul", [anyNormal, gamma]),
    node("Add", [anyNormal, beta]),
    anyNormal,
    expandedNormal,
  ),
  write(match, build, asOperator) {
    const parts = isShared(match) ? partsOf(match, build) : undefined;
    if (!parts) return undefined;
    const { input, scale, epsilon } = parts, names = namesOf(match);
    const shift = match.values.get("beta"), bias = shift ? flat(shift, input, build) : undefined;
    if (shift && !bias) return undefined;
    if (asOperator) {
      const attributes = [newAttribute("axis", -1), floatAttribute("epsilon", epsilon)];
      return build.node("LayerNormalization", [input, scale, bias], { ...names, attributes });
    }
    const name = (op: string) => ({ name: under(match, op) });
    const mean = reduced(match, input, build, "ReduceMean");
    const centre = build.node("Sub", [input, mean], name("Sub"));
    const squares = build.node("Pow", [centre, numberLike(input, 2, build)], name("Pow"));
    const variance = reduced(match, squares, build, "ReduceMean_1");
    const sum = build.node("Add", [variance, numberLike(input, epsilon, build)], name("Add"));
    const ratio = build.node("Div", [centre, build.node("Sqrt", [sum], name("Sqrt"))], name("Div"));
    const scaled = build.node("Mul", [ratio, scale], name("Mul"));
    return build.node("Add", [scaled, bias ?? filled(input, 0, build, "beta")], names);
  },
};

const rms = (squares: (of: Pattern) => Pattern): Pattern => quotient(x, deviation(squares(x)));
const overOne = (squares: (of: Pattern) => Pattern): Pattern =>
  node("Mul", [x, node("Div", [number(1, 0), deviation(squares(x))])]);
const anyRms = either(rms(square), overOne(square), node("Mul", [x, node("Reciprocal", [deviation(square(x))])]));

/** x/√(mean(x²) + ε)·γ over the last axis (Zhang & Sennrich 2019, eq. 4). */
export const rmsNormalization: Idiom = {
  name: "an RMS normalization",
  runtime: "SimplifiedLayerNormalization",
  operator: { opType: "RMSNormalization", since: 23 },
  recognised: node("Mul", [maybeCast(either(rms(power), overOne(power))), gamma]),
  others: either(node("Mul", [anyRms, gamma]), anyRms),
  write(match, build, asOperator) {
    const parts = partsOf(match, build);
    if (!parts) return undefined;
    const { input, scale, epsilon } = parts, names = namesOf(match);
    if (asOperator) {
      const attributes = [newAttribute("axis", -1), floatAttribute("epsilon", epsilon)];
      return build.node("RMSNormalization", [input, scale], { ...names, attributes });
    }
    const name = (op: string) => ({ name: under(match, op) });
    const squares = build.node("Pow", [input, numberLike(input, 2, build)], name("Pow"));
    const sum = build.node(
      "Add",
      [reduced(match, squares, build, "ReduceMean"), numberLike(input, epsilon, build)],
      name("Add"),
    );
    const ratio = build.node("Div", [input, build.node("Sqrt", [sum], name("Sqrt"))], name("Div"));
    return build.node("Mul", [ratio, scale], names);
  },
};

/** A LayerNormalization of the sum of two values: ONNX Runtime adds and normalises in one operator. */
export const skipLayerNormalization: Idiom = {
  name: "a sum and its LayerNormalization",
  runtime: "com.microsoft.SkipLayerNormalization",
  recognised: ofSum(),
};

function ofSum(): Pattern {
  const sum = namedNode("sum", "Add", [value("a"), value("b")]);
  const centred = maybeCast(node("Sub", [sum, mean(sum)]));
  const written = node("Add", [
    node("Mul", [quotient(centred, deviation(power(centred))), gamma]),
    beta,
  ]);
  return either(written, namedNode("core", "LayerNormalization", [sum, constant("gamma"), constant("beta")]));
}

/** The input, γ (ones where there is none) and ε of a match; undefined where the types or the number of columns do not allow it. */
function partsOf(match: Match, build: Builder): { input: Value; scale: Value; epsilon: number } | undefined {
  const input = match.values.get("x")!, root = match.nodes[0].output;
  if (!isFloatValue(input) || input.type !== root.type || input.type === "float64") return undefined;
  const columns = input.shape?.at(-1), given = match.values.get("gamma"), shift = match.values.get("beta");
  const fits = (value: Value | undefined) => !value || constantOf(value)!.size === columns;
  if (typeof columns !== "number" || !fits(given) || !fits(shift)) return undefined;
  if (named(match, "core").inputs[0]?.type !== input.type) return undefined;
  const scale = given ? flat(given, input, build) : filled(input, 1, build, "gamma");
  const [epsilon] = valuesOf(constantOf(match.values.get("epsilon"))!);
  return scale && { input, scale, epsilon };
}

/** A constant per column, as a vector. */
function flat(given: Value, input: Value, build: Builder): Value | undefined {
  const tensor = constantOf(given)!;
  if (tensor.type !== input.type) return undefined;
  return tensor.dims.length === 1 ? given : build.initializer(given.name, reshaped(tensor, [tensor.size]));
}

/** A vector of one number, as long as the last axis of the input. */
function filled(input: Value, value: number, build: Builder, role: string): Value {
  return build.initializer(`${input.name}.${role}`, filledTensor(input.type!, [Number(input.shape?.at(-1))], value));
}

/** The mean over the last axis, as the opset writes it. */
function reduced(match: Match, of: Value, build: Builder, op: string): Value {
  const old = match.nodes.find((node) => node.is("ReduceMean")), name = under(match, op);
  const axes = old?.inputs.slice(1) ?? (match.nodes[0].opset < 18 ? [] : [build.integers("axes", [2])]);
  const attributes = old?.attributes.values() ?? (axes.length > 0 ? [] : [newAttribute("axes", [2])]);
  return build.node("ReduceMean", [of, ...axes], { name, attributes });
}
