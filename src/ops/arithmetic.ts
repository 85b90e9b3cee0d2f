import type { Dim, Node } from "../graph/graph.ts";
import { broadcastBinary } from "../tensor/arrange.ts";
import { isFloat } from "../tensor/element_type.ts";
import { computedTensor, valuesOf } from "../tensor/tensor.ts";
import { broadcast } from "./dims.ts";
import type { Facts, Op, Ops } from "./op.ts";
import { elementsOf } from "./shape_elements.ts";

/** Results of elementwise operators have the type of the first input and the shape all inputs broadcast to. */
export function inferBroadcast(_node: Node, inputs: readonly Facts[]): readonly Facts[] {
  return [{ type: inputs[0]?.type, shape: broadcast(inputs.map(({ shape }) => shape)) }];
}

/** Operators of one input whose result has its type and shape. */
export function inferSame(_node: Node, [x]: readonly Facts[]): readonly Facts[] {
  return [{ type: x?.type, shape: x?.shape }];
}

/** y = f(x), in float64; whole numbers only where f gives whole numbers again. */
function unary(f: (x: number) => number): Op {
  return {
    infer: inferSame,
    evaluate: (_node, [x]) =>
      x && isFloat(x.type) ? [computedTensor(x.type, x.dims, () => valuesOf(x).map(f))] : undefined,
  };
}

interface Binary {
  /** Whether whole numbers give whole numbers. */
  readonly isWhole?: boolean;
  /** Single elements of which one is a name. */
  readonly partial?: (a: Dim, b: Dim) => Dim | undefined;
}

/** z = f(x, y), numpy broadcasting, in float64. */
function binary(f: (a: number, b: number) => number, { isWhole = false, partial }: Binary = {}): Op {
  return {
    infer(node, inputs) {
      const [facts] = inferBroadcast(node, inputs);
      return [{ ...facts, elements: isWhole ? combined(inputs, facts, f, partial) : undefined }];
    },
    evaluate(node, [a, b]) {
      if (!a || !b || a.type !== b.type && node.opType !== "Pow" || node.opset < 7 || node.inputs.length > 2) {
        return undefined;
      }
      if (!isFloat(a.type) && !isWhole) return undefined;
      const result = broadcastBinary(a, b, f);
      return result && [result];
    },
  };
}

/** Elements of an operation on lists of which one may be a single number. */
function combined(
  inputs: readonly Facts[],
  { type }: Facts,
  f: (a: number, b: number) => number,
  partial: Binary["partial"],
): Dim[] | undefined {
  const [a, b] = inputs.map(elementsOf);
  if (type === undefined || isFloat(type) || inputs.length !== 2 || inputs.every(({ elements }) => !elements)) return;
  if (!a || !b || a.length !== b.length && a.length !== 1 && b.length !== 1) return;
  if (inputs.some(({ shape }) => !shape || shape.length > 1)) return;
  return Array.from({ length: a.length === 1 ? b.length : a.length }, (_, at): Dim => {
    const left = a.length === 1 ? a[0] : a[at], right = b.length === 1 ? b[0] : b[at];
    if (typeof left === "number" && typeof right === "number") return f(left, right);
    return partial?.(left, right) ?? null;
  });
}

/** Arithmetic, elementwise. */
export const ARITHMETIC_OPS = {
  Add: binary((a, b) => a + b, { isWhole: true, partial: (a, b) => a === 0 ? b : b === 0 ? a : null }),
  Sub: binary((a, b) => a - b, { isWhole: true, partial: (a, b) => b === 0 ? a : null }),
  Mul: binary((a, b) => a * b, { isWhole: true, partial: (a, b) => a === 1 ? b : b === 1 ? a : null }),
  Div: binary((a, b) => a / b),
  Pow: binary((a, b) => a ** b),
  Max: binary(Math.max, { isWhole: true }),
  Min: binary(Math.min, { isWhole: true }),
  Sum: { infer: inferBroadcast },
  Mean: { infer: inferBroadcast },
  Neg: unary((x) => -x),
  Abs: unary(Math.abs),
  Exp: unary(Math.exp),
  Log: unary(Math.log),
  Sqrt: unary(Math.sqrt),
  Reciprocal: unary((x) => 1 / x),
  Floor: { infer: inferSame },
  Ceil: { infer: inferSame },
  Round: { infer: inferSame },
  Sign: { infer: inferSame },
  Erf: { infer: inferSame },
  CumSum: { infer: inferSame },
} satisfies Ops;
