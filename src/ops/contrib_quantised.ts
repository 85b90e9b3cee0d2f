import type { Node, Shape } from "../graph/graph.ts";
import { axisOf } from "./constant.ts";
import { CONV_OPS } from "./conv.ts";
import { broadcast, total } from "./dims.ts";
import { MATMUL_OPS } from "./matmul.ts";
import type { Facts, Op, Ops } from "./op.ts";
import { inferPool } from "./pool.ts";

/** A product of the first two inputs. */
function floatProduct(...inputs: Op["inputs"]): Op {
  return {
    inputs,
    infer: (node, [a, b]) => [{ type: "float32", shape: MATMUL_OPS.MatMul.infer(node, [a, b])[0].shape }],
  };
}

/** An operator on quantized numbers: the result has the type of the first and this shape. */
function quantized(
  inputs: Op["inputs"],
  shape: (facts: readonly Facts[], node: Node) => Shape | undefined = ([{ shape }]) => shape,
): Op {
  return { inputs, infer: (node, facts) => [{ type: facts[0].type, shape: shape(facts, node) }] };
}

const globalPool = quantized([5], ([{ shape }], node) => {
  const isLast = node.number("channels_last", 0) !== 0;
  return shape?.map((dim, axis) => axis === 0 || axis === (isLast ? shape.length - 1 : 1) ? dim : 1);
});

/** A convolution on whole numbers, over images whose channels may come last. */
const qlinearConv: Op = {
  inputs: [8, 9],
  infer(node, [x, ...rest]) {
    if (node.number("channels_last", 0) === 0) return CONV_OPS.QLinearConv.infer(node, [x, ...rest]);
    const { shape } = x, first = shape && [shape[0], shape[shape.length - 1], ...shape.slice(1, -1)];
    const [{ type, shape: out }] = CONV_OPS.QLinearConv.infer(node, [{ ...x, shape: first }, ...rest]);
    return [{ type, shape: out && [out[0], ...out.slice(2), out[1]] }];
  },
};

/** A pool over images whose channels come last. */
function channelsLast(inputs: Op["inputs"], isLast: (node: Node) => boolean): Op {
  return {
    inputs,
    infer(node, [{ type, shape }]) {
      if (!isLast(node)) return [inferPool(node, [{ type, shape }])[0]];
      const first = shape && [shape[0], shape[shape.length - 1], ...shape.slice(1, -1)];
      const [{ shape: out }] = inferPool(node, [{ type, shape: first }]);
      return [{ type, shape: out && [out[0], ...out.slice(2), out[1]] }];
    },
  };
}

const qlinearConcat: Op = {
  inputs: [3, Infinity],
  infer(node, inputs) {
    const parts = inputs.slice(2).filter((_, at) => at % 3 === 0), [first] = parts, shape = first?.shape;
    const axis = shape && axisOf(node, shape.length, 1);
    const whole = total(parts.map((part) => part.shape?.[axis!] ?? null));
    return [{ type: inputs[1].type, shape: shape?.map((dim, at) => at === axis ? whole : dim) }];
  },
};

const qgemm: Op = {
  inputs: [6, 9],
  infer: (node, [a, , , b, , , , , zero]) => [{
    type: node.has(8) ? zero.type : "float32",
    shape: MATMUL_OPS.Gemm.infer(node, [a, b])[0].shape,
  }],
};

/** What ONNX Runtime's quantizer makes of layers: operators on whole numbers. */
export const CONTRIB_QUANTISED_OPS = {
  DynamicQuantizeMatMul: floatProduct(3, 5),
  MatMulIntegerToFloat: floatProduct(4, 7),
  NhwcMaxPool: channelsLast([1], () => true),
  QGemm: qgemm,
  QLinearAdd: quantized([7, 8], ([a, , , b]) => broadcast([a.shape, b.shape])),
  QLinearAveragePool: channelsLast([4, 5], (node) => node.number("channels_last", 0) !== 0),
  QLinearConcat: qlinearConcat,
  QLinearConv: qlinearConv,
  QLinearGlobalAveragePool: globalPool,
  QLinearLeakyRelu: quantized([4, 5]),
  QLinearMul: quantized([7, 8], ([a, , , b]) => broadcast([a.shape, b.shape])),
  QLinearSigmoid: quantized([4, 5]),
  QLinearSoftmax: quantized([5]),
} satisfies Ops;
