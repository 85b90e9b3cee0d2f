import { elementType } from "../graph/tensor_proto.ts";
import { type ElementType, formatOf, isFloat } from "../tensor/element_type.ts";
import { computedTensor, type Tensor, valuesOf } from "../tensor/tensor.ts";
import type { Ops } from "./op.ts";

/** Casts between floats, and from whole numbers a float64 holds exactly. Values are rounded once, when written. */
function cast(x: Tensor, to: ElementType): Tensor | undefined {
  if (x.type === to) return x;
  if (to === "string" || to === "opaque" || !isFloat(to)) return undefined;
  if (!isFloat(x.type) && x.bound() > Number.MAX_SAFE_INTEGER) return undefined;
  const narrower = formatOf(to).max < formatOf(x.type).max && isFloat(x.type);
  if (narrower) {
    return computedTensor(to, x.dims, () => {
      const values = valuesOf(x), bytes = new Uint8Array(x.size * formatOf(to).bytes);
      formatOf(to).encode(values, bytes);
      formatOf(to).decode(bytes, values);
      return values;
    });
  }
  const { dims, size, read, bound } = x;
  return { type: to, dims, size, read, bound };
}

/** Changes of the element type. */
export const CAST_OPS = {
  Cast: {
    infer: (node, [x]) => [{ type: elementType(node.number("to", 0)), shape: x.shape, elements: x.elements }],
    evaluate(node, [x]) {
      const result = cast(x!, elementType(node.number("to", 0)));
      return result && [result];
    },
  },
  CastLike: {
    infer: (_node, [x, like]) => {
      const constant = x.constant && like.type ? cast(x.constant, like.type) : undefined;
      return [{ type: like.type, shape: x.shape, elements: x.elements, constant }];
    },
  },
  QuantizeLinear: { infer: (_node, [x, , zero]) => [{ type: zero?.type ?? "uint8", shape: x.shape }] },
  DequantizeLinear: { infer: (_node, [x, scale]) => [{ type: scale?.type, shape: x.shape }] },
} satisfies Ops;
