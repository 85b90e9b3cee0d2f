import type { Dim, Node, Shape } from "../graph/graph.ts";
import { ATTENTION_OPS } from "./attention.ts";
import { reshapeCarry } from "./carry/reshape.ts";
import { axisOf, constantValues } from "./constant.ts";
import { CONV_OPS } from "./conv.ts";
import { broadcast, fromStart, total } from "./dims.ts";
import { inferBroadcast, inferSame, pointwise, unary } from "./elementwise.ts";
import { erf, sigmoid } from "./functions.ts";
import { JOIN_OPS } from "./join.ts";
import { attentionLinear } from "./linear/attention_input.ts";
import { fusedConvLinear, fusedMatmulLinear } from "./linear/layers.ts";
import { MATMUL_OPS } from "./matmul.ts";
import type { Facts, Op, Ops } from "./op.ts";
import { inferPool } from "./pool.ts";
import { QUANTIZE_OPS } from "./quantize.ts";
import { RESIZE_OPS } from "./resize.ts";
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
  infer(node, [a, b]) {
    const operands = [{ ...a, shape: turned(node, "A", a.shape) }, { ...b, shape: turned(node, "B", b.shape) }];
    return MATMUL_OPS.MatMul.infer(node, operands);
  },
};

/** A product whose operands are the first two inputs and whose result is of one type. */
function product(type: Facts["type"], second = 1): Op {
  return {
    infer: (node, inputs) => [{ type, shape: MATMUL_OPS.MatMul.infer(node, [inputs[0], inputs[second]])[0].shape }],
  };
}

/** A matrix of packed numbers; its size is an attribute. */
const matMulNBits: Op = {
  infer: (node, [{ type, shape }]) => [{ type, shape: shape && [...shape.slice(0, -1), node.number("N", 0)] }],
  takeAffine: intoBlockScales,
};

/** Input plus skip, normalized; the sum is the fourth output. */
function skipNormalization(beta?: number): Op {
  return {
    infer: (_node, [{ type, shape }]) => [{ type, shape }, {}, {}, { type, shape }],
    takeAffine: intoNormalization({ gamma: 2, beta }),
  };
}

const embedLayerNormalization: Op = {
  infer(_node, [ids, , words]) {
    const shape = ids.shape && [...ids.shape, words.shape?.[1] ?? null];
    return [{ type: words.type, shape }, { type: "int32", shape: ids.shape && [ids.shape[0]] }, {
      type: words.type,
      shape,
    }];
  },
};

/** Queries, keys and values from one projection of the input, three times its hidden size. */
const attention: Op = {
  infer(node, [x, w, , , past]) {
    const sizes = node.numbers("qkv_hidden_sizes"), columns = w.shape?.[1];
    const size: Dim = sizes ? sizes[2] : typeof columns === "number" ? columns / 3 : null;
    const heads = node.number("num_heads", 0), each = typeof size === "number" ? size / heads : null;
    const [batch = null, length = null] = x.shape ?? [];
    const whole = total([node.has(4) ? past.shape?.[3] ?? null : 0, length]);
    return [{ type: x.type, shape: x.shape && [batch, length, size] }, {
      type: x.type,
      shape: x.shape && !sizes ? [2, batch, heads, whole, each] : undefined,
    }];
  },
};

const qAttention: Op = {
  infer: (node, [x, w, , scale, , mask, , , past]) => {
    const inputs: Facts[] = [{ type: scale.type, shape: x.shape }, w, {}, mask, past];
    return [attention.infer(node, inputs)[0]];
  },
};

const multiHeadAttention: Op = {
  infer(_node, [q, , v]) {
    if (q.shape?.length !== 3) return [{ type: q.type }];
    const size = v.shape?.length === 3 ? v.shape[2] : v.shape?.length === 4 ? times(v.shape[1], v.shape[3]) : null;
    return [{ type: q.type, shape: [q.shape[0], q.shape[1], size] }];
  },
};

function times(a: Dim, b: Dim): Dim {
  return typeof a === "number" && typeof b === "number" ? a * b : null;
}

/** The query may hold keys and values too. */
const groupQueryAttention: Op = {
  infer(node, [{ type, shape }, key]) {
    const heads = node.number("num_heads", 0), shared = node.number("kv_num_heads", 0), width = shape?.[2];
    const size: Dim = key.shape || typeof width !== "number" ? width ?? null : width * heads / (heads + 2 * shared);
    return [{ type, shape: shape && [shape[0], shape[1], size] }];
  },
};

/** An operator on quantized numbers: the result has the type of the first and this shape. */
function quantized(shape: (inputs: readonly Facts[], node: Node) => Shape | undefined): Op {
  return { infer: (node, inputs) => [{ type: inputs[0].type, shape: shape(inputs, node) }] };
}

const globalPool = quantized(([{ shape }], node) => {
  const isLast = node.number("channels_last", 0) !== 0;
  return shape?.map((dim, axis) => axis === 0 || axis === (isLast ? shape.length - 1 : 1) ? dim : 1);
});

/** A pool over images whose channels come last. */
function channelsLast(isLast: (node: Node) => boolean): Op {
  return {
    infer(node, [{ type, shape }]) {
      if (!isLast(node)) return [inferPool(node, [{ type, shape }])[0]];
      const first = shape && [shape[0], shape[shape.length - 1], ...shape.slice(1, -1)];
      const [{ shape: out }] = inferPool(node, [{ type, shape: first }]);
      return [{ type, shape: out && [out[0], ...out.slice(2), out[1]] }];
    },
  };
}

const qlinearConcat: Op = {
  infer(node, inputs) {
    const parts = inputs.slice(2).filter((_, at) => at % 3 === 0), [first] = parts, shape = first?.shape;
    const axis = shape && axisOf(node, shape.length, 1);
    const whole = total(parts.map((part) => part.shape?.[axis!] ?? null));
    return [{ type: inputs[1].type, shape: shape?.map((dim, at) => at === axis ? whole : dim) }];
  },
};

const qgemm: Op = {
  infer: (node, [a, , , b, , , , , zero]) => [{
    type: node.has(8) ? zero.type : "float32",
    shape: MATMUL_OPS.Gemm.infer(node, [a, b])[0].shape,
  }],
};

const expandDims: Op = {
  infer(node, [{ type, shape }]) {
    const [axis] = constantValues(node.inputs[1]) ?? [];
    if (!shape || axis === undefined) return [{ type }];
    return [{ type, shape: shape.toSpliced(fromStart(axis, shape.length + 1), 0, 1) }];
  },
};

const biasGelu: Op = { infer: inferBroadcast };

/** com.microsoft: ONNX Runtime's own operators, which its optimizer and quantizer leave in a model. */
export const CONTRIB_OPS = {
  Attention: { ...attention, linear: attentionLinear },
  BiasGelu: biasGelu,
  CDist: { infer: (_node, [a, b]) => [{ type: a.type, shape: [a.shape?.[0] ?? null, b.shape?.[0] ?? null] }] },
  DequantizeLinear: { infer: QUANTIZE_OPS.DequantizeLinear.infer },
  DynamicQuantizeMatMul: product("float32"),
  EmbedLayerNormalization: embedLayerNormalization,
  ExpandDims: { ...expandDims, carry: reshapeCarry },
  FastGelu: { infer: inferSame },
  FusedConv: { infer: CONV_OPS.Conv.infer, work: CONV_OPS.Conv.work, linear: fusedConvLinear },
  FusedGemm: { infer: MATMUL_OPS.Gemm.infer, work: MATMUL_OPS.Gemm.work },
  FusedMatMul: { ...fusedMatMul, linear: fusedMatmulLinear },
  Gelu: pointwise((x) => 0.5 * x * (1 + erf(x / Math.SQRT2))),
  GridSample: RESIZE_OPS.GridSample,
  GroupQueryAttention: groupQueryAttention,
  Inverse: { infer: inferSame },
  MatMulIntegerToFloat: product("float32"),
  MatMulNBits: matMulNBits,
  MultiHeadAttention: multiHeadAttention,
  MurmurHash3: {
    infer: (node, [{ shape }]) => [{ type: node.number("positive", 1) !== 0 ? "uint32" : "int32", shape }],
  },
  NhwcMaxPool: channelsLast(() => true),
  QAttention: qAttention,
  QGemm: qgemm,
  QLinearAdd: quantized(([a, , , b]) => broadcast([a.shape, b.shape])),
  QLinearAveragePool: channelsLast((node) => node.number("channels_last", 0) !== 0),
  QLinearConcat: qlinearConcat,
  QLinearGlobalAveragePool: globalPool,
  QLinearLeakyRelu: quantized(([{ shape }]) => shape),
  QLinearMul: quantized(([a, , , b]) => broadcast([a.shape, b.shape])),
  QLinearSigmoid: quantized(([{ shape }]) => shape),
  QLinearSoftmax: quantized(([{ shape }]) => shape),
  QuantizeLinear: QUANTIZE_OPS.QuantizeLinear,
  QuickGelu: unary((node) => {
    const alpha = node.number("alpha", Math.fround(1.702));
    return (x) => x * sigmoid(alpha * x);
  }),
  RotaryEmbedding: ATTENTION_OPS.RotaryEmbedding,
  SkipLayerNormalization: skipNormalization(3),
  SkipSimplifiedLayerNormalization: skipNormalization(),
  TransposeMatMul: { ...fusedMatMul, linear: fusedMatmulLinear },
  Trilu: JOIN_OPS.Trilu,
} satisfies Ops;
