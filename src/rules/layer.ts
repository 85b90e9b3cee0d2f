import type { Node, Value } from "../graph/graph.ts";
import type { Builder } from "../ops/builder.ts";
import type { Skip } from "../ops/skip.ts";
import type { AffineMap } from "../ops/affine_map.ts";
import { conv } from "./layers/conv.ts";
import { convTranspose } from "./layers/conv_transpose.ts";
import { gemm } from "./layers/gemm.ts";
import { matmul } from "./layers/matmul.ts";

/** A layer y = W·x + b with constant weights, whatever its operator. */
export interface LinearLayer {
  /** The nodes it is made of, the one that gives the result last. */
  readonly nodes: readonly Node[];
  /** What it is applied to. */
  readonly x: Value;
  /** Axis of the result, from the left, that holds its output channels; its rank. */
  readonly output: { readonly axis: number; readonly rank: number; readonly channels: number };
  /** Axis of x, from the left, that holds its input channels. */
  readonly input: { readonly axis: number; readonly channels: number };
  /** The layer with an affine map of its result folded in: a·(Wx + b) + t. Always exact. */
  afterAffine(affine: AffineMap, build: Builder): Value | Skip;
  /** The layer with an affine map of its input folded in: W(a·x + t) + b, applied to `x`. */
  beforeAffine(affine: AffineMap, x: Value, build: Builder): Value | Skip;
}

/** Operators of linear layers. */
export const LAYER_OPS = ["Conv", "ConvTranspose", "Gemm", "MatMul"] as const;

/** The layer whose result a value is; why that node is none; or undefined where it is another operator. */
export function layerOf(value: Value): LinearLayer | Skip | undefined {
  const node = value.producer;
  return node && node.outputs[0] === value ? layerAt(node) : undefined;
}

/** The same for a node. A MatMul followed by the addition of a bias is one layer, seen from the addition. */
export function layerAt(node: Node): LinearLayer | Skip | undefined {
  if (node.domain !== "") return undefined;
  switch (node.opType) {
    case "Conv":
      return conv(node);
    case "ConvTranspose":
      return convTranspose(node);
    case "Gemm":
      return gemm(node);
    case "MatMul":
    case "Add":
    case "Sub":
      return matmul(node);
  }
}
