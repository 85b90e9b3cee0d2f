import type { Node, Value } from "../../graph/graph.ts";
import { constantOf } from "../constant.ts";
import type { Idiom } from "./idiom.ts";
import { node, scalar, value } from "./pattern.ts";

/** Heads of a projection with a bias, as BERT's exporters write them: MatMul, Add, Reshape and a Transpose that ends so. */
function isHeads(heads: Value | undefined, perm: string): boolean {
  const transpose = heads?.producer, reshape = transpose?.inputs[0]?.producer, bias = reshape?.inputs[0]?.producer;
  return transpose !== undefined && transpose.is("Transpose") && transpose.numbers("perm")?.join() === perm &&
    reshape !== undefined && reshape.is("Reshape") && bias !== undefined && bias.is("Add") &&
    bias.inputs[0]?.producer?.is("MatMul") === true && constantOf(bias.inputs[1]) !== undefined;
}

/** Opsets from which on ONNX Runtime no longer finds it. */
const NOT_FROM = 13;

const scores = node(
  "MatMul",
  [value("q"), value("k")],
  ({ inputs: [q, k], opset }: Node) => opset < NOT_FROM && isHeads(q, "0,2,1,3") && isHeads(k, "0,2,3,1"),
);

/** softmax(Q·Kᵀ/√d + mask) of several heads: its quotient is what ONNX Runtime knows a whole attention by. */
export const attentionScores: Idiom = {
  name: "an attention",
  runtime: "com.microsoft.Attention",
  recognised: node("Softmax", [node("Add", [node("Div", [scores, scalar("root")]), value("mask")])]),
};
