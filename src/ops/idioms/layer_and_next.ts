import type { Node } from "../../graph/graph.ts";
import { constantOf } from "../constant.ts";
import type { Idiom } from "./idiom.ts";
import { constant, either, namedNode, node, type Pattern, scalar, value } from "./pattern.ts";

const hasConstantWeight = (conv: Node) => constantOf(conv.inputs[1]) !== undefined;
const conv = node("Conv", [value("x")], hasConstantWeight);
const sum = node("Add", [conv, value("y")]);

const activated = (of: Pattern): Pattern =>
  either(...["Relu", "Sigmoid", "Tanh", "LeakyRelu", "HardSigmoid", "Clip"].map((opType) => node(opType, [of])));

/** max(0, W·x + b) and its like: the convolution stores the result of the activation. */
export const convActivation: Idiom = {
  name: "a Conv and its activation",
  runtime: "com.microsoft.FusedConv",
  isLayer: true,
  recognised: activated(conv),
};

/** W·x + b + y, with an activation or without: the convolution adds to what lies in its output. */
export const convSumActivation: Idiom = {
  name: "a Conv, a sum and an activation",
  runtime: "com.microsoft.nchwc.Conv",
  isLayer: true,
  recognised: either(node("Relu", [sum]), sum),
};

const product = node("MatMul", [value("a"), value("b")]);

/** α·A·B of two computed matrices. */
export const scaledMatMul: Idiom = {
  name: "a MatMul with a scale",
  runtime: "com.microsoft.FusedMatMul",
  isLayer: true,
  recognised: either(node("Mul", [product, scalar("alpha")]), node("Div", [product, scalar("alpha")])),
};

/** x·W + b: ONNX Runtime runs it as a Gemm between two Reshapes that move nothing. */
export const matMulBias: Idiom = {
  name: "a MatMul and its bias",
  runtime: "Gemm",
  isLayer: true,
  recognised: node("Add", [
    namedNode("product", "MatMul", [value("x"), constant("weight", ({ dims }) => dims.length === 2)]),
    constant("bias", ({ dims }) => dims.length === 1),
  ]),
};
