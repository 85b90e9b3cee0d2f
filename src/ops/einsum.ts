import type { Dim, Node, Shape } from "../graph/graph.ts";
import { broadcastStrides, stridesOf } from "../tensor/arrange.ts";
import { MOST_MACS } from "../tensor/products.ts";
import { withWork } from "../tensor/work.ts";
import { computedTensor, sizeOf, type Tensor, valuesOf } from "../tensor/tensor.ts";
import { broadcast } from "./dims.ts";
import type { Op } from "./op.ts";

/** An Einsum's equation: the letters of each operand's axes and of the result's; "…" stands for any number of axes. */
export interface Equation {
  /** An entry an operand. */
  readonly operands: readonly (readonly string[])[];
  /** Axes of the result. */
  readonly result: readonly string[];
}

/** Stands for the axes that an equation writes as an ellipsis. */
export const ELLIPSIS = "…";

/** Reads a node's equation; undefined where it is not one for its operands. */
export function equationOf(node: Node): Equation | undefined {
  const [left, right] = node.text("equation", "").replaceAll(/\s/g, "").replaceAll("...", ELLIPSIS).split("->");
  const operands = left.split(",").map((term) => [...term]);
  if (operands.length !== node.inputs.length) return undefined;
  return { operands, result: right === undefined ? implied(operands.flat()) : [...right] };
}

/** Without an arrow, the result has the letters that come once, in alphabetic order, behind the ellipsis. */
function implied(letters: readonly string[]): string[] {
  const once = letters.filter((letter, at) => letter !== ELLIPSIS && letters.indexOf(letter) === at);
  const alone = once.filter((letter) => letters.filter((other) => other === letter).length === 1).sort();
  return letters.includes(ELLIPSIS) ? [ELLIPSIS, ...alone] : alone;
}

/** The shape of each letter, and of what the ellipsis stands for; undefined where the ranks do not fit. */
function lettersOf(equation: Equation, shapes: readonly Shape[]): Map<string, Shape> | undefined {
  const letters = new Map<string, Shape>();
  for (const [index, terms] of equation.operands.entries()) {
    const shape = shapes[index], hidden = shape.length - terms.filter((term) => term !== ELLIPSIS).length;
    if (hidden < 0 || hidden > 0 && !terms.includes(ELLIPSIS)) return undefined;
    let axis = 0;
    for (const term of terms) {
      const count = term === ELLIPSIS ? hidden : 1, own = shape.slice(axis, axis + count), before = letters.get(term);
      letters.set(term, before ? broadcast([before, own])! : own);
      axis += count;
    }
  }
  return letters;
}

/** Einsum: products of elements with equal letters, summed over the letters that the result does not have. */
export const einsum: Op = {
  inputs: [1, Infinity],
  infer(node, inputs) {
    const equation = equationOf(node), shapes = inputs.slice(0, node.inputs.length).map(({ shape }) => shape);
    const [{ type }] = inputs, known = shapes.every((shape) => shape !== undefined);
    const letters = known && equation ? lettersOf(equation, shapes as Shape[]) : undefined;
    return [{
      type,
      shape: letters && equation?.result.flatMap((letter): Dim[] => [...letters.get(letter) ?? [null]]),
    }];
  },
  evaluate(node, constants) {
    const tensors = constants as readonly Tensor[], equation = equationOf(node);
    const letters = equation &&
      lettersOf(equation, tensors.map(({ dims }) => dims)) as Map<string, number[]> | undefined;
    if (!letters || !equation.result.every((letter) => letters.has(letter))) return undefined;
    const macs = sizeOf([...letters.values()].flat());
    return macs > MOST_MACS / 16 ? undefined : [withWork(contracted(equation, letters, tensors), 16 * macs)];
  },
  work(node) {
    const equation = equationOf(node), shapes = node.inputs.map((value) => value?.shape);
    const known = shapes.every((shape) => shape !== undefined);
    const letters = known && equation ? lettersOf(equation, shapes as Shape[]) : undefined;
    const dims = letters && [...letters.values()].flat();
    return { macs: dims?.every((dim) => typeof dim === "number") ? sizeOf(dims as number[]) : null };
  },
};

/** Σ of products of tensors over the letters that the result does not have; undefined where lengths differ. */
export function contractedTensors(
  operands: readonly string[],
  result: string,
  tensors: readonly Tensor[],
): Tensor | undefined {
  const equation = { operands: operands.map((letters) => [...letters]), result: [...result] };
  const lengths = new Map<string, number>();
  for (const [index, letters] of equation.operands.entries()) {
    for (const [axis, letter] of letters.entries()) {
      const length = tensors[index].dims[axis];
      if ((lengths.get(letter) ?? length) !== length) return undefined;
      lengths.set(letter, length);
    }
  }
  return contracted(equation, new Map([...lengths].map(([letter, length]) => [letter, [length]])), tensors);
}

function contracted(
  { operands, result }: Equation,
  letters: Map<string, number[]>,
  tensors: readonly Tensor[],
): Tensor {
  const summed = [...letters.keys()].filter((letter) => !result.includes(letter)), order = [...result, ...summed];
  const outer = result.flatMap((letter) => letters.get(letter)!), all = order.flatMap((letter) => letters.get(letter)!);
  const strides = tensors.map((tensor, index) => stridesAlong(order, letters, operands[index], tensor.dims));
  return computedTensor(tensors[0].type, outer, () => {
    const values = tensors.map(valuesOf), out = new Float64Array(sizeOf(outer)), inner = sizeOf(all) / out.length;
    const index = all.map(() => 0), offsets = tensors.map(() => 0);
    for (let to = 0; to < out.length; to++) {
      for (let term = 0; term < inner; term++) {
        let product = 1;
        for (let k = 0; k < values.length; k++) product *= values[k][offsets[k]];
        out[to] += product;
        for (let axis = all.length - 1; axis >= 0; axis--) {
          for (let k = 0; k < offsets.length; k++) offsets[k] += strides[k][axis];
          if (++index[axis] < all[axis]) break;
          for (let k = 0; k < offsets.length; k++) offsets[k] -= strides[k][axis] * all[axis];
          index[axis] = 0;
        }
      }
    }
    return out;
  });
}

/** How far one step along each axis of the whole index goes in one operand; a letter that comes twice is a diagonal. */
function stridesAlong(
  order: readonly string[],
  letters: ReadonlyMap<string, readonly number[]>,
  terms: readonly string[],
  dims: readonly number[],
): number[] {
  const own = stridesOf(dims), of = new Map<string, number[]>();
  let axis = 0;
  for (const term of terms) {
    const target = letters.get(term)!, count = term === ELLIPSIS ? dims.length - terms.length + 1 : 1;
    const shape = dims.slice(axis, axis + count), lead = target.length - count;
    const reads = broadcastStrides(shape, target).map((stride, at) => stride === 0 ? 0 : own[axis + at - lead]);
    of.set(term, reads.map((stride, at) => stride + (of.get(term)?.[at] ?? 0)));
    axis += count;
  }
  return order.flatMap((letter) => of.get(letter) ?? letters.get(letter)!.map(() => 0));
}
