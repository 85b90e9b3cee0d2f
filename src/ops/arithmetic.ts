import { isWhole } from "../tensor/element_type.ts";
import { asRounded, broadcasted } from "../tensor/elementwise.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { addition, division, multiplication, negation, subtraction, sumOfConstants } from "./affine/elementwise.ts";
import { homogeneousCarry } from "./carry/activation.ts";
import { extremeCarry } from "./carry/extreme.ts";
import { gateCarry } from "./carry/gate.ts";
import { sumCarry } from "./carry/sum.ts";
import { constantOf, smallValues } from "./constant.ts";
import { broadcastEntries } from "./entries.ts";
import { inferBroadcast, isLegacy, pointwise, stepwise } from "./elementwise.ts";
import { multiple, quotient } from "./dims.ts";
import { erf, roundEven } from "./functions.ts";
import { factorLinear } from "./linear/factor.ts";
import type { Op, Ops } from "./op.ts";
import { combinedElements, type Partial } from "./combined_elements.ts";
import { binaryTerms, sumTerms } from "./sum.ts";

type Arithmetic = (a: number, b: number) => number;

interface Binary {
  /** What it does to whole numbers, where that is something else. */
  readonly whole?: Arithmetic;
  /** The result for two elements of a shape of which one is a name, where it is one of them. */
  readonly partial?: Partial;
}

/** What INT64_MAX and INT64_MIN are read as. */
const END = 2 ** 63;

/** Whole numbers; an end of int64 stays one where the other operand changes nothing, and is not worked out otherwise. */
function keepingEnds(f: Arithmetic, neutral: number, { isCommutative = false } = {}): Arithmetic {
  return (a, b) => {
    if (Math.abs(a) !== END && Math.abs(b) !== END) return f(a, b);
    return b === neutral ? a : isCommutative && a === neutral ? b : NaN;
  };
}

/** z = f(x, y), numpy broadcasting, in float64. */
function binary(f: Arithmetic, { whole = f, partial }: Binary = {}): Op {
  return {
    inputs: [2],
    broadcasts: true,
    infer(node, inputs) {
      const [facts] = inferBroadcast(node, inputs);
      const elements = isWhole(facts.type) ? combinedElements(node, inputs, whole, partial) : undefined;
      return [{ ...facts, elements }];
    },
    entries: broadcastEntries,
    evaluate(node, [a, b]) {
      if (isLegacy(node)) return undefined;
      const result = broadcasted([a!, b!], isWhole(a!.type) && isWhole(b!.type) ? whole : f);
      return result && [result];
    },
  };
}

/** An operation on any number of inputs, numpy broadcasting; `end` gets the last result and the number of inputs. */
function variadic(f: Arithmetic, end: (last: number, count: number) => number = (last) => last): Op {
  return {
    inputs: [1, Infinity],
    broadcasts: true,
    infer(node, inputs) {
      const [facts] = inferBroadcast(node, inputs);
      return [{ ...facts, elements: isWhole(facts.type) ? combinedElements(node, inputs, f, undefined) : undefined }];
    },
    entries: broadcastEntries,
    evaluate(node, inputs) {
      if (isLegacy(node)) return undefined;
      const result = broadcasted(inputs as Tensor[], (...values) => end(values.reduce(f), values.length));
      return result && [result];
    },
    isNoOp: (node) => node.inputs.length === 1 ? node.inputs[0] : undefined,
  };
}

function modulo(a: number, b: number): number {
  const rest = a % b;
  return rest !== 0 && rest < 0 !== b < 0 ? rest + b : rest;
}

/** aᵇ as C has it: 1 to the power of anything is 1, and −1 to an infinite one. */
function power(a: number, b: number): number {
  return a === 1 || a === -1 && Math.abs(b) === Infinity ? 1 : a ** b;
}

const pow: Op = {
  ...binary(power),
  isNoOp(node) {
    const [x, exponent] = node.inputs, constant = constantOf(exponent);
    const isNarrow = constant?.dims.length === 0 ||
      constant?.size === 1 && constant.dims.length <= (x?.shape?.length ?? 0);
    return isNarrow && smallValues(constant)?.[0] === 1 ? x : undefined;
  },
};

const mod: Op = {
  ...binary(modulo),
  evaluate(node, [a, b]) {
    const isC = node.number("fmod", 0) !== 0;
    const result = broadcasted([asRounded(a!), asRounded(b!)], isC ? (x, y) => x % y : modulo);
    return result && [result];
  },
};

/** Arithmetic, elementwise. */
export const ARITHMETIC_OPS = {
  Add: {
    ...binary((a, b) => a + b, {
      whole: keepingEnds((a, b) => a + b, 0, { isCommutative: true }),
      partial: (a, b) => a === 0 ? b : b === 0 ? a : undefined,
    }),
    takesEnds: true,
    affine: addition,
    carry: sumCarry(1),
    terms: binaryTerms(1),
  },
  Sub: {
    ...binary((a, b) => a - b, {
      whole: keepingEnds((a, b) => a - b, 0),
      partial: (a, b) => b === 0 ? a : a !== null && a === b ? 0 : undefined,
    }),
    takesEnds: true,
    affine: subtraction,
    carry: sumCarry(-1),
    terms: binaryTerms(-1),
  },
  Mul: {
    ...binary((a, b) => a * b, {
      whole: keepingEnds((a, b) => a * b, 1, { isCommutative: true }),
      partial: (a, b) =>
        a === 0 || b === 0 ? 0 : typeof a === "number" ? multiple(b, a) : typeof b === "number" ? multiple(a, b) : null,
    }),
    takesEnds: true,
    affine: multiplication,
    linear: factorLinear,
    carry: gateCarry([0, 1]),
  },
  Div: {
    ...binary((a, b) => a / b, {
      whole: (a, b) => Math.trunc(a / b),
      partial: quotient,
    }),
    affine: division,
    carry: gateCarry([0]),
  },
  Pow: pow,
  Mod: mod,
  Max: { ...variadic((a, b) => Math.max(a, b)), takesEnds: true, carry: extremeCarry },
  Min: { ...variadic((a, b) => Math.min(a, b)), takesEnds: true, carry: extremeCarry },
  Sum: { ...variadic((a, b) => a + b), affine: sumOfConstants, carry: sumCarry(1, 8), terms: sumTerms },
  Mean: variadic((a, b) => a + b, (sum, count) => sum / count),
  Neg: { ...pointwise((x) => -x), affine: negation },
  Abs: { ...pointwise(Math.abs), carry: homogeneousCarry },
  Exp: pointwise(Math.exp),
  Log: pointwise(Math.log),
  Sqrt: pointwise(Math.sqrt),
  Reciprocal: pointwise((x) => 1 / x),
  Erf: pointwise(erf),
  Sin: pointwise(Math.sin),
  Cos: pointwise(Math.cos),
  Tan: pointwise(Math.tan),
  Asin: pointwise(Math.asin),
  Acos: pointwise(Math.acos),
  Atan: pointwise(Math.atan),
  Sinh: pointwise(Math.sinh),
  Cosh: pointwise(Math.cosh),
  Asinh: pointwise(Math.asinh),
  Acosh: pointwise(Math.acosh),
  Atanh: pointwise(Math.atanh),
  Floor: stepwise(Math.floor),
  Ceil: stepwise(Math.ceil),
  Round: stepwise(roundEven),
  Sign: stepwise(Math.sign),
} satisfies Ops;
