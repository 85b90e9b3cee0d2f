import { newAttribute } from "../graph/attribute.ts";
import type { Node, Shape } from "../graph/graph.ts";
import { transposed } from "../tensor/arrange.ts";
import { reshaped, sizeOf, type Tensor, valueTensor } from "../tensor/tensor.ts";
import { dropoutCarry, identityCarry, reshapeCarry, shuffleOrReshapeCarry, transposeCarry } from "./carry/reshape.ts";
import { axesOf, axisOf, constantOf, constantValues, smallValues } from "./constant.ts";
import { isPermutation, product } from "./dims.ts";
import { reshapedEntries, sameEntries, squeezedEntries, transposedEntries } from "./entries.ts";
import { reshapedAtOnce, squeezedSooner } from "./fewer_movements.ts";
import { keepsShape } from "./join.ts";
import { isInferenceDropout } from "./dropout.ts";
import { unshuffleLinear } from "./linear/patches.ts";
import type { Op, Ops } from "./op.ts";
import { turnedPadding } from "./padding.ts";
import { elementsOf, reshapedDims, settledTarget, valueElements } from "./shape_elements.ts";

const FIRST = [0];

const reshape: Op = {
  moves: FIRST,
  infer(node, [x, given]) {
    const shape = node.has(1) ? elementsOf(given) : node.numbers("shape");
    const isVector = !node.has(1) || given.shape?.length === 1;
    return [{
      type: x.type,
      shape: shape && isVector ? reshapedDims(x.shape, shape, node.number("allowzero", 0) !== 0) : undefined,
    }];
  },
  evaluate(node, [x, given]) {
    const shape = given ? smallValues(given) : node.numbers("shape");
    const result = x && shape && reshapeTo(x, shape, node.number("allowzero", 0) !== 0);
    return result && [result];
  },
  isNoOp: (node) => keepsShape(node) ? node.inputs[0] : undefined,
  settled(node) {
    const [x, target] = node.inputs, sizes = valueElements(target);
    if (!x || !sizes || constantOf(target) || node.number("allowzero", 0) !== 0) return [];
    const values = settledTarget(x.shape, sizes);
    return values ? [{ index: 1, constant: valueTensor("int64", [values.length], Float64Array.from(values)) }] : [];
  },
  withoutPrevious(node, previous) {
    const shape = constantValues(node.inputs[1]), before = previous.inputs[0]?.shape, after = previous.output.shape;
    if (!previous.is("Reshape", "Flatten", "Squeeze", "Unsqueeze") || !shape) return undefined;
    const copies = shape.flatMap((dim, axis) => dim === 0 && node.number("allowzero", 0) === 0 ? [axis] : []);
    const isSame = copies.every((axis) =>
      before?.[axis] !== undefined && before[axis] !== null && before[axis] === after?.[axis]
    );
    return isSame ? { inputs: [previous.inputs[0], node.inputs[1]] } : undefined;
  },
};

/** Reshape's rules: 0 copies the dimension (unless allowzero), −1 takes what is left. */
function reshapeTo(x: Tensor, shape: readonly number[], allowZero: boolean): Tensor | undefined {
  const dims = shape.map((dim, axis) => dim === 0 && !allowZero ? x.dims[axis] : dim);
  const rest = dims.filter((dim) => dim !== -1).reduce((a, b) => a * b, 1);
  const full = dims.map((dim) => dim === -1 ? x.size / rest : dim);
  return full.every((dim) => Number.isInteger(dim) && dim >= 0) && sizeOf(full) === x.size
    ? reshaped(x, full)
    : undefined;
}

const flatten: Op = {
  moves: FIRST,
  infer(node, [{ type, shape }]) {
    if (!shape) return [{ type, shape: [null, null] }];
    const axis = axisOf(node, shape.length, 1);
    return [{ type, shape: [product(shape.slice(0, axis)), product(shape.slice(axis))] }];
  },
  evaluate(node, [x]) {
    const axis = axisOf(node, x!.dims.length, 1);
    return [reshaped(x!, [sizeOf(x!.dims.slice(0, axis)), sizeOf(x!.dims.slice(axis))])];
  },
  isNoOp: (node) => keepsShape(node) ? node.inputs[0] : undefined,
};

const squeeze: Op = {
  moves: FIRST,
  infer(node, [{ type, shape }]) {
    if (!shape) return [{ type }];
    const axes = axesOf(node, shape.length);
    if (axes) return [{ type, shape: shape.filter((_, axis) => !axes.includes(axis)) }];
    const isPlain = !node.has(1) && shape.every((dim) => typeof dim === "number");
    return [{ type, shape: isPlain ? shape.filter((dim) => dim !== 1) : undefined }];
  },
  evaluate(node, [x]) {
    const axes = axesOf(node, x!.dims.length);
    if (axes?.some((axis) => x!.dims[axis] !== 1)) return undefined;
    return [reshaped(x!, x!.dims.filter((dim, axis) => axes ? !axes.includes(axis) : dim !== 1))];
  },
  isNoOp: (node) => keepsShape(node) ? node.inputs[0] : undefined,
};

/** A shape with 1 at these axes of the result. */
function inserted<D>(shape: readonly D[], given: readonly number[]): (D | 1)[] {
  const rank = shape.length + given.length, rest = [...shape];
  const axes = new Set(given.map((axis) => axis < 0 ? axis + rank : axis));
  return Array.from({ length: rank }, (_, axis) => axes.has(axis) ? 1 : rest.shift()!);
}

function unsqueezed(node: Node): readonly number[] | undefined {
  return node.has(1) ? constantValues(node.inputs[1]) : node.numbers("axes");
}

const unsqueeze: Op = {
  moves: FIRST,
  infer(node, [{ type, shape }]) {
    const axes = unsqueezed(node);
    return [{ type, shape: shape && axes && inserted(shape, axes) }];
  },
  evaluate(node, [x]) {
    const axes = unsqueezed(node), dims = axes && inserted(x!.dims, axes);
    return dims && !dims.includes(undefined as unknown as number) ? [reshaped(x!, dims)] : undefined;
  },
  isNoOp: (node) => keepsShape(node) ? node.inputs[0] : undefined,
};

const transpose: Op = {
  moves: FIRST,
  infer(node, [{ type, shape }]) {
    const order = node.numbers("perm") ?? shape?.map((_, axis) => shape.length - 1 - axis);
    return [{ type, shape: order?.map((axis) => shape?.[axis] ?? null) }];
  },
  evaluate(node, [x]) {
    const order = node.numbers("perm") ?? x!.dims.map((_, axis) => x!.dims.length - 1 - axis);
    return isPermutation(order, x!.dims.length) ? [transposed(x!, order)] : undefined;
  },
  isNoOp(node) {
    const rank = node.inputs[0]?.shape?.length, perm = node.numbers("perm");
    if (perm?.every((from, axis) => from === axis)) return node.inputs[0];
    const isValid = perm && rank !== undefined && isPermutation(perm, rank);
    if (isValid && keepsShape(node) && keepsOrder(perm, node.inputs[0]!.shape!)) return node.inputs[0];
    return !perm && rank !== undefined && rank < 2 ? node.inputs[0] : undefined;
  },
  withoutPrevious(node, previous) {
    const rank = previous.inputs[0]?.shape?.length;
    if (!previous.is("Transpose") || rank === undefined) return undefined;
    const reversed = [...Array(rank).keys()].reverse(), perm = node.numbers("perm") ?? reversed;
    const first = previous.numbers("perm") ?? reversed;
    if (!isPermutation(perm, rank) || !isPermutation(first, rank)) return undefined;
    return { inputs: [previous.inputs[0]], attributes: [newAttribute("perm", perm.map((axis) => first[axis]))] };
  },
};

/** Whether what is moved are axes of one entry only. */
function keepsOrder(perm: readonly number[], shape: Shape): boolean {
  const long = perm.filter((axis) => shape[axis] !== 1);
  return long.every((axis, at) => at === 0 || axis > long[at - 1]);
}

const identity: Op = {
  moves: FIRST,
  infer: (_node, [{ type, shape }]) => [{ type, shape }],
  evaluate: (_node, [x]) => [x],
  isNoOp: (node) => node.inputs[0],
};

const dropout: Op = {
  infer: (node, [{ type, shape }]) => [{ type, shape }, { type: node.opset >= 10 ? "bool" : type, shape }],
  isNoOp: (node) => isInferenceDropout(node) ? node.inputs[0] : undefined,
};

/** Operators that keep the elements and change the shape, the order, or nothing. */
export const RESHAPE_OPS = {
  Identity: { ...identity, carry: identityCarry, entries: sameEntries },
  Dropout: { ...dropout, carry: dropoutCarry },
  Reshape: { ...reshape, together: unshuffleLinear, carry: shuffleOrReshapeCarry, entries: reshapedEntries },
  Flatten: { ...flatten, carry: reshapeCarry, fewerMovements: reshapedAtOnce },
  Squeeze: { ...squeeze, carry: reshapeCarry, entries: squeezedEntries, fewerMovements: squeezedSooner },
  Unsqueeze: { ...unsqueeze, carry: reshapeCarry, entries: squeezedEntries, fewerMovements: reshapedAtOnce },
  Transpose: { ...transpose, carry: transposeCarry, entries: transposedEntries, padding: turnedPadding },
} satisfies Ops;
