import type { Node } from "../graph/graph.ts";
import { ACTIVATION_OPS } from "./activation.ts";
import { ARITHMETIC_OPS } from "./arithmetic.ts";
import { ATTENTION_OPS } from "./attention.ts";
import { CAST_OPS } from "./cast.ts";
import { CONTRIB_OPS } from "./contrib.ts";
import { CONTROL_OPS } from "./control.ts";
import { CONV_OPS } from "./conv.ts";
import { EXPERIMENTAL_OPS } from "./experimental.ts";
import { GATHER_OPS } from "./gather.ts";
import { JOIN_OPS } from "./join.ts";
import { LOGIC_OPS } from "./logic.ts";
import { MATMUL_OPS } from "./matmul.ts";
import { ML_OPS } from "./ml.ts";
import { NORMALIZATION_OPS } from "./normalization.ts";
import type { Op, Ops } from "./op.ts";
import { PAD_OPS } from "./pad.ts";
import { POOL_OPS } from "./pool.ts";
import { QUANTIZE_OPS } from "./quantize.ts";
import { RECURRENT_OPS } from "./recurrent.ts";
import { REDUCTION_OPS } from "./reduction.ts";
import { RESHAPE_OPS } from "./reshape.ts";
import { RESIZE_OPS } from "./resize.ts";
import { SEQUENCE_OPS } from "./sequence.ts";
import { SIGNAL_OPS } from "./signal.ts";
import { SLICE_OPS } from "./slice.ts";
import { SOFTMAX_OPS } from "./softmax.ts";
import { SORT_OPS } from "./sort.ts";
import { SOURCE_OPS } from "./source.ts";
import { TEXT_OPS } from "./text.ts";

/** Operators of the default domain, up to operator set 26. */
const ONNX_OPS: Ops = {
  ...ACTIVATION_OPS,
  ...ARITHMETIC_OPS,
  ...ATTENTION_OPS,
  ...CAST_OPS,
  ...CONTROL_OPS,
  ...CONV_OPS,
  ...EXPERIMENTAL_OPS,
  ...GATHER_OPS,
  ...JOIN_OPS,
  ...LOGIC_OPS,
  ...MATMUL_OPS,
  ...NORMALIZATION_OPS,
  ...PAD_OPS,
  ...POOL_OPS,
  ...QUANTIZE_OPS,
  ...RECURRENT_OPS,
  ...REDUCTION_OPS,
  ...RESHAPE_OPS,
  ...RESIZE_OPS,
  ...SEQUENCE_OPS,
  ...SIGNAL_OPS,
  ...SLICE_OPS,
  ...SOFTMAX_OPS,
  ...SORT_OPS,
  ...SOURCE_OPS,
  ...TEXT_OPS,
};

/** Every entry, by domain (the default one is the empty string) and operator. */
export const OPS: Readonly<Record<string, Ops>> = {
  "": ONNX_OPS,
  "ai.onnx.ml": ML_OPS,
  "com.microsoft": CONTRIB_OPS,
};

const ENTRIES = new Map(Object.entries(OPS).map(([domain, ops]) => [domain, new Map(Object.entries(ops))]));

/** What is known of a node's operator; undefined where there is no entry. */
export function opOf({ domain, opType }: Pick<Node, "domain" | "opType">): Op | undefined {
  return ENTRIES.get(domain)?.get(opType);
}
