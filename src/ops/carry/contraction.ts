import type { Node, Value } from "../../graph/graph.ts";
import { type AffineMap, hasShift } from "../affine_map.ts";
import { axisOf, constantOf } from "../constant.ts";
import { ELLIPSIS, equationOf } from "../einsum.ts";
import { Skip } from "../skip.ts";
import { type Carry, commuted, type Transfer } from "./carry.ts";
import { operandAxis } from "./operands.ts";

/** The axis of an operand that is one of the result, or the other way; undefined where there is none, or it is not known. */
interface Axes {
  /** The axis of an operand (by its index) that an axis of the result is, where both are as long. */
  operandOf(node: Node, index: number, affine: AffineMap): number | undefined;
  /** The axis of the result that an axis of an operand is. */
  resultOf(node: Node, index: number, affine: AffineMap): number | undefined;
  /** Whether the other operand makes means of an operand, which let a shift past. */
  isMeanOf(node: Node, index: number): boolean;
}

/**
 * A product of two computed values, s·(x·y) = (s·x)·y = x·(s·y): a scale gets past it into an operand that has its axis, into
 * either where it is one number or goes along a batch, and comes out of it unless it goes along what is summed over. A shift gets
 * past the means that a Softmax makes, upwards.
 */
function contractionCarry(whyNotLayer: (node: Node) => unknown, axes: Axes): Carry {
  const against = (node: Node, affine: AffineMap): Skip | undefined => {
    const isComputed = node.inputs.length === 2 && node.inputs.every((value) => value && !constantOf(value));
    const isMean = () => [0, 1].some((index) => axes.isMeanOf(node, index));
    if (isComputed && (!hasShift(affine) || isMean())) return undefined;
    const reason = whyNotLayer(node);
    return reason instanceof Skip ? reason : shiftBlocked(node);
  };
  return {
    kind: "arithmetic",
    up(node, _output, affine) {
      const skip = against(node, affine);
      if (skip) return skip;
      const alternatives = (node.inputs as Value[]).flatMap((value, index): Transfer[][] => {
        if (hasShift(affine) && !axes.isMeanOf(node, index)) return [];
        if (affine.axis === null) return [[{ value, affine }]];
        const axis = axes.operandOf(node, index, affine);
        return axis === undefined ? [] : [[{ value, affine: { ...affine, axis } }]];
      });
      if (alternatives.length > 0) return { alternatives };
      return new Skip("not-per-channel", `no operand of ${node.label} surely has that axis`);
    },
    down(node, input, affine) {
      const skip = against(node, affine), index = node.inputs.indexOf(input);
      if (skip) return skip;
      if (hasShift(affine)) return shiftBlocked(node); // the bias of the values: a runtime knows an attention by it
      if (affine.axis === null) return commuted({ value: node.output, affine });
      const axis = axes.resultOf(node, index, affine);
      if (axis !== undefined) return commuted({ value: node.output, affine: { ...affine, axis } });
      return new Skip("other-axis", `it goes along an axis that ${node.label} sums over, or may enlarge`);
    },
  };
}

function shiftBlocked(node: Node): Skip {
  return new Skip("shift-blocked", `it has a shift, which ${node.label} multiplies`);
}

/** Whether the rows of a matrix sum to 1, made by a Softmax, or its columns, which are such rows turned around. */
export function sumsToOne(value: Value, along: "rows" | "columns"): boolean {
  const node = value.producer, rank = value.shape?.length;
  if (!node || rank === undefined || rank < 2 || node.hasReferences) return false;
  if (along === "rows") return node.is("Softmax") && axisOf(node, rank, node.opset < 13 ? 1 : -1) === rank - 1;
  const order = [...Array(rank - 2).keys(), rank - 1, rank - 2];
  return node.is("Transpose") && `${node.numbers("perm")}` === `${order}` && sumsToOne(node.inputs[0]!, "rows");
}

/** MatMul: rows come from the left operand, columns from the right one, batches from both. */
const matrixAxes: Axes = {
  operandOf(node, index, affine) {
    const shape = node.inputs[index]!.shape, result = node.output.shape;
    if (!shape || !result || shape.length < 2 || node.inputs[1 - index]!.shape === undefined) return undefined;
    const fromEnd = result.length - affine.axis!;
    if (node.inputs.some((value) => value!.shape!.length < 2) || fromEnd === (index === 0 ? 1 : 2)) return undefined;
    return operandAxis(shape, result, affine) ?? undefined;
  },
  resultOf(node, index, affine) {
    const shapes = node.inputs.map((value) => value!.shape), [shape, other] = [shapes[index], shapes[1 - index]];
    if (!shape || !other || shape.length < 2 || other.length < 2) return undefined;
    const fromEnd = shape.length - affine.axis!, rank = Math.max(shape.length, other.length);
    return fromEnd === (index === 0 ? 1 : 2) || affine.scale.length === 1 ? undefined : rank - fromEnd;
  },
  isMeanOf: (node, index) => sumsToOne(node.inputs[1 - index]!, index === 0 ? "columns" : "rows"),
};

/** Einsum without an ellipsis: the axes with the same letter. */
const letterAxes: Axes = {
  operandOf(node, index, affine) {
    const letters = lettersOf(node), letter = letters?.result[affine.axis!], value = node.inputs[index]!;
    const axis = letter === undefined ? -1 : letters!.operands[index].indexOf(letter);
    return axis >= 0 && value.shape?.[axis] === affine.scale.length ? axis : undefined;
  },
  resultOf(node, index, affine) {
    const letters = lettersOf(node), letter = letters?.operands[index][affine.axis!];
    const axis = letter === undefined ? -1 : letters!.result.indexOf(letter);
    return axis >= 0 && affine.scale.length > 1 ? axis : undefined;
  },
  isMeanOf: () => false,
};

/** The letters of an Einsum where each axis has one of its own. */
function lettersOf(node: Node): ReturnType<typeof equationOf> {
  const equation = equationOf(node);
  const terms = equation && [...equation.operands, equation.result];
  return terms?.every((own) => !own.includes(ELLIPSIS) && new Set(own).size === own.length) ? equation : undefined;
}

/** MatMul of two computed values; `whyNotLayer` says why a node is no layer. */
export const productCarry = (whyNotLayer: (node: Node) => unknown): Carry => contractionCarry(whyNotLayer, matrixAxes);

/** Einsum of two computed values. */
export const einsumCarry = (whyNotLayer: (node: Node) => unknown): Carry => contractionCarry(whyNotLayer, letterAxes);
