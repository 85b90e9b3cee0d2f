import type { Node } from "../graph/graph.ts";
import { elementType, packedTensor, textTensor } from "../graph/tensor_proto.ts";
import { type ElementType, formatOf, isFloat, isWhole, wholeRange } from "../tensor/element_type.ts";
import { asRounded, mapped } from "../tensor/elementwise.ts";
import { isFloat8 } from "../tensor/small_types.ts";
import { type Tensor, valuesOf } from "../tensor/tensor.ts";
import { sameEntries } from "./entries.ts";
import type { Facts, Op, Ops } from "./op.ts";

/** Casts as runtimes do them; undefined for types that are only carried along. */
function cast(x: Tensor, to: ElementType): Tensor | undefined {
  if (x.type === to) return x;
  if (to === "string" || x.type === "string") return castText(x, to);
  if (to === "opaque") return undefined;
  if (to === "bool") return mapped(x, (value) => Number(value !== 0), to);
  if (isWhole(to)) return toWhole(x, to);
  if (x.type === "opaque" && !x.isReadable) return undefined;
  // a value is rounded to the narrower type where its next cast, or a step, would see that it is not
  return isFloat(x.type) ? mapped(asRounded(x), (value) => value, to) : mapped(x, (value) => value, to);
}

/** Text of digits is the numbers that it says, whole numbers as text are their digits. How fractions are written is a runtime's affair. */
function castText(x: Tensor, to: ElementType): Tensor | undefined {
  const isDigits = isWhole(x.type) || x.type === "bool";
  if (to === "string") {
    return isDigits && x.size <= MOST_HELD ? textTensor(x.dims, [...valuesOf(x)].map(String)) : undefined;
  }
  if (!x.isReadable || to === "bool") return undefined;
  if (isWhole(to)) return x.bound() < wholeRange(to)[1] ? mapped(x, Math.trunc, to) : undefined;
  return to === "float32" || to === "float64" ? mapped(x, (value) => value, to) : undefined;
}

/** Most elements of 8 and 4 bits, and of text, that are held in memory. */
const MOST_HELD = 1 << 22;

/**
 * 8-bit floats of floating-point numbers, where those beyond the largest become that; 4 bits of whole numbers that they hold. How
 * fractions and others become 4 bits is a runtime's own affair.
 */
function packed(node: Node, x: Tensor, code: number): Tensor | undefined {
  const isNumeric = isFloat(x.type) && x.type !== "float64" || isWhole(x.type);
  if (!isNumeric || x.size > MOST_HELD || node.number("saturate", 1) === 0) return undefined;
  return isFloat(x.type) || !isFloat8(code) ? packedTensor(code, x.dims, valuesOf(asRounded(x))) : undefined;
}

/** Fractions are cut; whole numbers keep their low bits. What a runtime makes of others is its own affair. */
function toWhole(x: Tensor, to: ElementType): Tensor | undefined {
  const [least, most] = wholeRange(to);
  if (x.type === "opaque" && !x.isReadable) return undefined;
  if (isFloat(x.type) || x.type === "opaque") {
    return x.bound() < most ? mapped(asRounded(x), Math.trunc, to) : undefined;
  }
  const bits = 8 * formatOf(to).bytes;
  const isInside = (value: number) => value >= least && value <= most;
  const wrap = (value: number) =>
    Number(least < 0 ? BigInt.asIntN(bits, wide(value)) : BigInt.asUintN(bits, wide(value)));
  return mapped(x, (value) => isInside(value) ? value : wrap(value), to);
}

/** A whole number; 2^63 stands for INT64_MAX. */
function wide(value: number): bigint {
  return value === 2 ** 63 ? 2n ** 63n - 1n : BigInt(value);
}

/** What is known of elements stays so among whole numbers; fractions are cut. */
function castFacts({ shape, elements }: Facts, type: ElementType | undefined): Facts {
  if (!isWhole(type) && !isFloat(type)) return { type, shape };
  const cut = isWhole(type) ? elements?.map((dim) => typeof dim === "number" ? Math.trunc(dim) : dim) : elements;
  return { type, shape, elements: cut };
}

const castTo: Op = {
  inputs: [1],
  decodes: true,
  takesEnds: true,
  entries: sameEntries,
  infer: (node, [x]) => [castFacts(x, elementType(node.number("to", 0)))],
  evaluate(node, [x]) {
    const code = node.number("to", 0), result = cast(x!, elementType(code)) ?? packed(node, x!, code);
    return result && [result];
  },
  isNoOp: (node) => keepsType(node, elementType(node.number("to", 0))),
};

function keepsType(node: Node, type: ElementType | undefined): Node["inputs"][number] {
  const x = node.inputs[0];
  return x?.type !== undefined && x.type !== "opaque" && x.type === type ? x : undefined;
}

const castLike: Op = {
  inputs: [2],
  infer: (_node, [x, like]) => {
    const isNumeric = x.constant && x.constant.type !== "string" && x.constant.type !== "opaque";
    const constant = isNumeric && like.type ? cast(x.constant!, like.type) : undefined;
    return [{ ...castFacts(x, like.type), constant }];
  },
  isNoOp: (node) => keepsType(node, node.inputs[1]?.type),
};

/** Changes of the element type. */
export const CAST_OPS = {
  Cast: castTo,
  CastLike: castLike,
  BitCast: { inputs: [1], infer: (node, [x]) => [{ type: elementType(node.number("to", 0)), shape: x.shape }] },
} satisfies Ops;
