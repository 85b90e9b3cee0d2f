import type { Node } from "../graph/graph.ts";
import { elementType } from "../graph/tensor_proto.ts";
import { type ElementType, isWhole, wholeRange } from "../tensor/element_type.ts";
import { asRounded, broadcasted } from "../tensor/elementwise.ts";
import { placed } from "../tensor/pick.ts";
import { reshaped, sizeOf, type Tensor, valuesOf } from "../tensor/tensor.ts";
import { axisOf } from "./constant.ts";
import { roundEven } from "./functions.ts";
import type { Op, Ops } from "./op.ts";

function outputType(node: Node, otherwise: ElementType | undefined): ElementType | undefined {
  const code = node.number("output_dtype", 0);
  return code !== 0 ? elementType(code) : otherwise;
}

/** Scale or zero point of each element, in a shape that broadcasts against x. */
function aligned(node: Node, x: Tensor, parameter: Tensor): Tensor | undefined {
  if (parameter.size === 1) return reshaped(parameter, []);
  const axis = axisOf(node, x.dims.length, 1), block = node.number("block_size", 0);
  if (block > 0) {
    const strides = parameter.dims.map((_, at) => sizeOf(parameter.dims.slice(at + 1)));
    return placed(
      parameter,
      x.dims,
      (index) => index.reduce((sum, at, i) => sum + (i === axis ? Math.floor(at / block) : at) * strides[i], 0),
    );
  }
  if (parameter.dims.length !== 1 || parameter.size !== x.dims[axis]) return undefined;
  return reshaped(parameter, x.dims.map((_, at) => at === axis ? parameter.size : 1));
}

const quantizeLinear: Op = {
  inputs: [2, 3],
  infer: (node, [x, , zero]) => [{
    type: node.has(2) ? zero.type : outputType(node, "uint8"),
    shape: x.shape,
  }],
  evaluate(node, [x, scale, zero]) {
    const s = aligned(node, x!, scale!), z = zero && aligned(node, x!, zero);
    const type = zero?.type ?? outputType(node, "uint8");
    if (!s || zero && !z || !type || !isWhole(type) || node.number("precision", 0) !== 0) return undefined;
    if (x!.type !== "float32" || scale!.type !== "float32" || !Number.isFinite(x!.bound())) return undefined;
    if (!valuesOf(scale!).every((by) => by > 0)) return undefined;
    const [least, most] = wholeRange(type);
    const quantised = (value: number, by: number, origin = 0) =>
      Math.min(most, Math.max(least, roundEven(Math.fround(value / by)) + origin));
    const numbers = [asRounded(x!), asRounded(s)], result = broadcasted(z ? [...numbers, z] : numbers, quantised, type);
    return result && [result];
  },
};

const dequantizeLinear: Op = {
  inputs: [2, 3],
  decodes: true,
  infer: (node, [x, scale]) => [{ type: outputType(node, scale.type), shape: x.shape }],
  evaluate(node, [x, scale, zero]) {
    const s = aligned(node, x!, scale!), z = zero && aligned(node, x!, zero);
    const type = outputType(node, scale!.type);
    if (!s || zero && !z || !type) return undefined;
    const result = broadcasted(z ? [x!, s, z] : [x!, s], (value, by, origin = 0) => (value - origin) * by, type);
    return result && [result];
  },
};

/** Whole numbers for fractions, and back. */
export const QUANTIZE_OPS = {
  QuantizeLinear: quantizeLinear,
  DequantizeLinear: dequantizeLinear,
  DynamicQuantizeLinear: {
    inputs: [1],
    infer: (
      _node,
      [x],
    ) => [{ type: "uint8", shape: x.shape }, { type: "float32", shape: [] }, { type: "uint8", shape: [] }],
  },
} satisfies Ops;
