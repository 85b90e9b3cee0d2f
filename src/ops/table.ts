import type { Node } from "../graph/graph.ts";
import { ACTIVATION_OPS, LOGIC_OPS } from "./activation.ts";
import { ARITHMETIC_OPS } from "./arithmetic.ts";
import { CAST_OPS } from "./cast.ts";
import { CONV_OPS } from "./conv.ts";
import { MATMUL_OPS } from "./matmul.ts";
import { ONNX_INPUTS, type OnnxOp } from "./names.ts";
import { NORMALIZATION_OPS } from "./normalization.ts";
import type { Op, Ops } from "./op.ts";
import { POOL_OPS } from "./pool.ts";
import { REDUCTION_OPS } from "./reduction.ts";
import { RESHAPE_OPS } from "./reshape.ts";
import { RESIZE_OPS } from "./resize.ts";
import { SELECT_OPS } from "./select.ts";
import { SOURCE_OPS } from "./source.ts";

/** Operators of the default domain. */
const ONNX: Readonly<Record<OnnxOp, Op>> = {
  ...ACTIVATION_OPS,
  ...ARITHMETIC_OPS,
  ...CAST_OPS,
  ...CONV_OPS,
  ...LOGIC_OPS,
  ...MATMUL_OPS,
  ...NORMALIZATION_OPS,
  ...POOL_OPS,
  ...REDUCTION_OPS,
  ...RESHAPE_OPS,
  ...RESIZE_OPS,
  ...SELECT_OPS,
  ...SOURCE_OPS,
};

/** Every entry, by domain (the default one is the empty string) and operator. */
export const OPS: Readonly<Record<string, Ops>> = { "": ONNX };

/** What is known of a node's operator; undefined where there is no entry. */
export function opOf(node: Pick<Node, "domain" | "opType">): Op | undefined {
  return Object.hasOwn(OPS, node.domain) && Object.hasOwn(OPS[node.domain], node.opType)
    ? OPS[node.domain][node.opType]
    : undefined;
}

/** Least and most inputs of a node's operator; no more than it has where there is no limit or no entry. */
export function inputsOf(node: Pick<Node, "domain" | "opType">): readonly [least: number, most: number] {
  return node.domain === "" && Object.hasOwn(ONNX_INPUTS, node.opType) ? ONNX_INPUTS[node.opType as OnnxOp] : [0, 0];
}
