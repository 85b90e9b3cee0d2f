import type { Node, Shape } from "../graph/graph.ts";
import { ATTENTION_OPS } from "./attention.ts";
import { reshapeCarry } from "./carry/reshape.ts";
import { constantValues } from "./constant.ts";
import { OTHER_CONTRIB_OPS } from "./contrib_others.ts";
import { CONTRIB_ATTENTION_OPS } from "./contrib_attention.ts";
import { CONTRIB_QUANTISED_OPS } from "./contrib_quantised.ts";
import { CONV_OPS } from "./conv.ts";
import { fromStart } from "./dims.ts";
import { inferBroadcast, inferSame, pointwise, unary } from "./elementwise.ts";
import { erf, sigmoid } from "./functions.ts";
import { GENERATION_OPS } from "./generation.ts";
import { JOIN_OPS } from "./join.ts";
import type { LinearMap } from "./linear/linear_map.ts";
import { MATMUL_OPS } from "./matmul.ts";
import type { Op, Ops } from "./op.ts";
import { QUANTIZE_OPS } from "./quantize.ts";
import { RESIZE_OPS } from "./resize.ts";
import { Skip } from "./skip.ts";
import { intoBlockScales, intoNormalization } from "./take_affine.ts";

/** The last two axes (or the batch and the last but one) of an operand changed places, by attributes. */
function turned(node: Node, side: "A" | "B", shape: Shape | undefined): Shape | undefined {
  if (!shape || shape.length < 2) return shape;
  let axes = [...shape];
  if (node.number(`transBatch${side}`, 0) !== 0) axes = [...axes.slice(1, -1), axes[0], ...axes.slice(-1)];
  if (node.number(`trans${side}`, 0) !== 0) axes = [...axes.slice(0, -2), ...axes.slice(-2).reverse()];
  return axes;
}

const fusedMatMul: Op = {
  inputs: [2],
  infer(node, [a, b]) {
    const operands = [{ ...a, shape: turned(node, "A", a.shape) }, { ...b, shape: turned(node, "B", b.shape) }];
    return MATMUL_OPS.MatMul.infer(node, operands);
  },
  linear(node) {
    if (["transBatchA", "transBatchB"].some((name) => node.number(name, 0) !== 0)) {
      return new Skip("unsupported-form", `${node.label} transposes its batch (transBatchA or transBatchB)`);
    }
    const product = MATMUL_OPS.MatMul.linear(node);
    if (product instanceof Skip || product.parts.weight.dims.length === 2) return product;
    return new Skip("unsupported-form", `${node.label} multiplies by a weight of shape [${product.parts.weight.dims}]`);
  },
};

/** A Conv, where it has neither an activation nor a second summand. */
function fusedConvLinear(node: Node): LinearMap | Skip {
  if (node.text("activation", "") === "" && !node.has(3)) return CONV_OPS.Conv.linear(node);
  return new Skip("not-linear", `${node.label} has an activation or a second summand`);
}

/** A matrix of packed numbers; its size is an attribute. */
const matMulNBits: Op = {
  inputs: [3, 6],
  infer: (node, [{ type, shape }]) => [{ type, shape: shape && [...shape.slice(0, -1), node.number("N", 0)] }],
  takeAffine: intoBlockScales,
};

/** Input plus skip, normalized; the sum is the fourth output. */
function skipNormalization(inputs: Op["inputs"], beta?: number): Op {
  return {
    inputs,
    infer: (_node, [{ type, shape }]) => [{ type, shape }, {}, {}, { type, shape }],
    takeAffine: intoNormalization({ gamma: 2, beta }),
  };
}

const embedLayerNormalization: Op = {
  inputs: [7, 9],
  infer(_node, [ids, , words]) {
    const shape = ids.shape && [...ids.shape, words.shape?.[1] ?? null];
    return [{ type: words.type, shape }, { type: "int32", shape: ids.shape && [ids.shape[0]] }, {
      type: words.type,
      shape,
    }];
  },
};

const expandDims: Op = {
  inputs: [2],
  infer(node, [{ type, shape }]) {
    const [axis] = constantValues(node.inputs[1]) ?? [];
    if (!shape || axis === undefined) return [{ type }];
    return [{ type, shape: shape.toSpliced(fromStart(axis, shape.length + 1), 0, 1) }];
  },
};

/** com.microsoft: ONNX Runtime's own operators, which its optimizer and quantizer leave in a model. */
export const CONTRIB_OPS = {
  ...CONTRIB_ATTENTION_OPS,
  ...CONTRIB_QUANTISED_OPS,
  ...GENERATION_OPS,
  ...OTHER_CONTRIB_OPS,
  BiasGelu: { inputs: [2], infer: inferBroadcast },
  CDist: {
    inputs: [2],
    infer: (_node, [a, b]) => [{ type: a.type, shape: [a.shape?.[0] ?? null, b.shape?.[0] ?? null] }],
  },
  DequantizeLinear: QUANTIZE_OPS.DequantizeLinear,
  EmbedLayerNormalization: embedLayerNormalization,
  ExpandDims: { ...expandDims, carry: reshapeCarry },
  FastGelu: { inputs: [1, 2], infer: inferSame },
  FusedConv: { inputs: [2, 4], infer: CONV_OPS.Conv.infer, work: CONV_OPS.Conv.work, linear: fusedConvLinear },
  FusedGemm: { inputs: [2, 3], infer: MATMUL_OPS.Gemm.infer, work: MATMUL_OPS.Gemm.work },
  FusedMatMul: fusedMatMul,
  Gelu: pointwise((x) => 0.5 * x * (1 + erf(x / Math.SQRT2))),
  GridSample: RESIZE_OPS.GridSample,
  Inverse: { inputs: [1], infer: inferSame },
  MatMulNBits: matMulNBits,
  MurmurHash3: {
    inputs: [1],
    infer: (node, [{ shape }]) => [{ type: node.number("positive", 1) !== 0 ? "uint32" : "int32", shape }],
  },
  QuantizeLinear: QUANTIZE_OPS.QuantizeLinear,
  QuickGelu: unary((node) => {
    const alpha = node.number("alpha", Math.fround(1.702));
    return (x) => x * sigmoid(alpha * x);
  }),
  RotaryEmbedding: { ...ATTENTION_OPS.RotaryEmbedding, inputs: [4] },
  SkipLayerNormalization: skipNormalization([3, 5], 3),
  SkipSimplifiedLayerNormalization: skipNormalization([3, 4]),
  TransposeMatMul: fusedMatMul,
  Trilu: JOIN_OPS.Trilu,
} satisfies Ops;
