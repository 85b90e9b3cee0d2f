import type { Dim, Node } from "../graph/graph.ts";
import { isWhole, wholeRange } from "../tensor/element_type.ts";
import { asRounded, broadcasted } from "../tensor/elementwise.ts";
import { sizeOf, type Tensor, valuesOf, valueTensor } from "../tensor/tensor.ts";
import { constantValues } from "./constant.ts";
import { combinedElements, type Partial } from "./combined_elements.ts";
import { isSameShape } from "./dims.ts";
import { broadcastEntries } from "./entries.ts";
import { inferBroadcast, isLegacy, stepwise, unary } from "./elementwise.ts";
import { chosenEntries } from "./fewer_movements.ts";
import type { Op, Ops } from "./op.ts";

/** Two operands, each pair true or false. */
function paired(f: (a: number, b: number) => boolean, partial?: Partial): Op {
  return {
    inputs: [2],
    broadcasts: true,
    infer(node, inputs) {
      const [facts] = inferBroadcast(node, inputs), isSizes = isWhole(facts.type) && facts.type !== "bool";
      const elements = isSizes ? combinedElements(node, inputs, (a, b) => Number(f(a, b)), partial) : undefined;
      return [{ ...facts, type: "bool", elements }];
    },
    entries: broadcastEntries,
    evaluate(node, [a, b]) {
      if (isLegacy(node)) return undefined;
      const result = broadcasted([asRounded(a!), asRounded(b!)], (x, y) => Number(f(x, y)), "bool");
      return result && [result];
    },
  };
}

/** Two numbers, of which the ends of int64 compare as they are read. */
function comparison(f: (a: number, b: number) => boolean, partial?: Partial): Op {
  return { ...paired(f, partial), takesEnds: true };
}

/** Whether two sizes are equal, where names tell: one is equal to itself, and never below zero as the −1 of an Expand is. */
function equalSizes(a: Dim, b: Dim): Dim | undefined {
  const isName = (size: Dim) => typeof size === "string", isBelow = (size: Dim) => typeof size === "number" && size < 0;
  if (isName(a) && a === b) return 1;
  return isName(a) && isBelow(b) || isBelow(a) && isName(b) ? 0 : undefined;
}

/** Bits of two whole numbers; a float64 holds those of all types but the 64-bit ones' upper half. */
function bitwise(f: (a: bigint, b: bigint, node: Node, type: Tensor["type"]) => bigint): Op {
  return {
    inputs: [2],
    infer: inferBroadcast,
    evaluate(node, [a, b]) {
      const { type } = a!;
      const result = broadcasted([a!, b!], (x, y) => Number(f(BigInt(x), BigInt(y), node, type)));
      return result && [result];
    },
  };
}

const shift = bitwise((a, b, node, type) =>
  node.text("direction", "") === "RIGHT" ? a >> b : BigInt.asUintN(8 * bytesOf(type), a << b)
);

function bytesOf(type: Tensor["type"]): number {
  return Number(/\d+/.exec(type)?.[0] ?? 8) / 8;
}

const not = unary((_node, [x]) => {
  const [least, most] = wholeRange(x!.type);
  return x!.type.endsWith("64") && least === 0 ? undefined : (value) => least === 0 ? most - value : -1 - value;
});

const isInf: Op = {
  inputs: [1],
  infer: (_node, [x]) => [{ type: "bool", shape: x.shape }],
  evaluate(node, [x]) {
    const above = node.number("detect_positive", 1) !== 0, below = node.number("detect_negative", 1) !== 0;
    return stepwise((value) => Number(value === Infinity && above || value === -Infinity && below), "bool")
      .evaluate!(node, [x]);
  },
};

const where: Op = {
  inputs: [3],
  broadcasts: true,
  infer: (node, inputs) => [{ ...inferBroadcast(node, inputs)[0], type: inputs[1].type }],
  moves: [1, 2],
  entries: broadcastEntries,
  fewerMovements: chosenEntries,
  evaluate(_node, [condition, a, b]) {
    const result = broadcasted([condition!, a!, b!], (c, x, y) => c !== 0 ? x : y, a!.type);
    return result && [result];
  },
  isNoOp(node) {
    const [condition, a, b] = node.inputs, bits = constantValues(condition);
    const only = bits?.every((bit) => bit !== 0) ? a : bits?.every((bit) => bit === 0) ? b : undefined;
    return isSameShape(only?.shape, node.output.shape) ? only : undefined;
  },
};

/** Tensors of more elements are not looked through. */
const MOST_SEEN = 1 << 20;

/** The places of what is not zero, one row per axis. */
const nonZero: Op = {
  inputs: [1],
  infer: (_node, [x]) => [{ type: "int64", shape: [x.shape ? Math.max(1, x.shape.length) : null, null] }],
  evaluate(_node, [x]) {
    const { dims, size } = x!;
    if (dims.length === 0 || size > MOST_SEEN) return undefined;
    const values = valuesOf(asRounded(x!)), found = [...values.keys()].filter((at) => values[at] !== 0);
    const places = dims.flatMap((dim, axis) => {
      const inner = sizeOf(dims.slice(axis + 1));
      return found.map((at) => Math.floor(at / inner) % dim);
    });
    return [valueTensor("int64", [dims.length, found.length], Float64Array.from(places))];
  },
};

/** Comparisons, logic and bits. */
export const LOGIC_OPS = {
  Equal: comparison((a, b) => a === b, equalSizes),
  Greater: comparison((a, b) => a > b),
  Less: comparison((a, b) => a < b),
  GreaterOrEqual: comparison((a, b) => a >= b),
  LessOrEqual: comparison((a, b) => a <= b),
  And: paired((a, b) => a !== 0 && b !== 0),
  Or: paired((a, b) => a !== 0 || b !== 0),
  Xor: paired((a, b) => a !== b),
  Not: stepwise((x) => 1 - x, "bool"),
  IsNaN: stepwise((x) => Number(Number.isNaN(x)), "bool"),
  IsInf: isInf,
  BitwiseAnd: bitwise((a, b) => a & b),
  BitwiseOr: bitwise((a, b) => a | b),
  BitwiseXor: bitwise((a, b) => a ^ b),
  BitwiseNot: not,
  BitShift: shift,
  Where: where,
  NonZero: nonZero,
} satisfies Ops;
