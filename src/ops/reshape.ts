import type { Node, Shape } from "../graph/graph.ts";
import { transposed } from "../tensor/arrange.ts";
import { reshaped, sizeOf, valueTensor } from "../tensor/tensor.ts";
import { dropoutCarry, identityCarry, reshapeCarry, transposeCarry } from "./carry/reshape.ts";
import { axesOf, axisOf, constantOf, constantValues, permOf, smallValues } from "./constant.ts";
import { fromStart, isPermutation, product } from "./dims.ts";
import { inferSame } from "./elementwise.ts";
import { reshapedEntries, sameEntries, squeezedEntries, transposedEntries } from "./entries.ts";
import { reshapedAtOnce, reshapedFromFirst, squeezedSooner, transposedAtOnce } from "./fewer_movements.ts";
import { keepsShape } from "./join.ts";
import { isInferenceDropout } from "./dropout.ts";
import { unshuffleLinear } from "./linear/patches.ts";
import type { Op, Ops } from "./op.ts";
import { turnedPadding } from "./padding.ts";
import { reshapedAround } from "./reshaped_around.ts";
import { elementsOf, reshapedDims, settledTarget, valueElements } from "./shape_elements.ts";

const FIRST = [0];

const reshape: Op = {
  inputs: [1, 2],
  moves: FIRST,
  infer(node, [x, given]) {
    const shape = node.has(1) ? elementsOf(given) : node.numbers("shape");
    const isVector = !node.has(1) || given.shape?.length === 1;
    return [{
      type: x.type,
      shape: shape && isVector ? reshapedDims(x.shape, shape, zerosIn(node)) : undefined,
    }];
  },
  evaluate(node, [x, given]) {
    const shape = given ? smallValues(given) : node.numbers("shape");
    const dims = x && shape ? reshapedDims(x.dims, shape, zerosIn(node)) : [];
    const isWhole = dims.every((dim) => typeof dim === "number" && Number.isInteger(dim) && dim >= 0);
    return x && shape && isWhole && sizeOf(dims as number[]) === x.size ? [reshaped(x, dims as number[])] : undefined;
  },
  isNoOp: (node) => keepsShape(node) ? node.inputs[0] : undefined,
  settled(node) {
    const [x, target] = node.inputs, sizes = valueElements(target);
    if (!x || !sizes || constantOf(target)) return [];
    const isEmpty = sizes.includes(0), { allowZero } = zerosIn(node); // without a 0 among the sizes one may copy
    const values = settledTarget(x.shape, sizes, { allowZero: allowZero && isEmpty });
    const constant = values && valueTensor("int64", [values.length], Float64Array.from(values));
    return constant ? [{ index: 1, constant, without: allowZero && !isEmpty ? "allowzero" : undefined }] : [];
  },
};

/** What zeros among the sizes of a Reshape mean. */
function zerosIn(node: Node): { allowZero: boolean } {
  return { allowZero: node.number("allowzero", 0) !== 0 };
}

const flatten: Op = {
  inputs: [1],
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
  inputs: [1, 2],
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
  const axes = new Set(given.map((axis) => fromStart(axis, rank)));
  return Array.from({ length: rank }, (_, axis) => axes.has(axis) ? 1 : rest.shift()!);
}

function unsqueezed(node: Node): readonly number[] | undefined {
  return node.has(1) ? constantValues(node.inputs[1]) : node.numbers("axes");
}

const unsqueeze: Op = {
  inputs: [1, 2],
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
  inputs: [1],
  moves: FIRST,
  infer(node, [{ type, shape }]) {
    const order = permOf(node, shape?.length);
    return [{ type, shape: order?.map((axis) => shape?.[axis] ?? null) }];
  },
  evaluate(node, [x]) {
    const order = permOf(node, x!.dims.length);
    return isPermutation(order, x!.dims.length) ? [transposed(x!, order)] : undefined;
  },
  isNoOp(node) {
    const rank = node.inputs[0]?.shape?.length, perm = node.numbers("perm");
    if (perm?.every((from, axis) => from === axis)) return node.inputs[0];
    const isValid = perm && rank !== undefined && isPermutation(perm, rank);
    if (isValid && keepsShape(node) && keepsOrder(perm, node.inputs[0]!.shape!)) return node.inputs[0];
    return !perm && rank !== undefined && rank < 2 ? node.inputs[0] : undefined;
  },
};

/** Whether what is moved are axes of one entry only. */
function keepsOrder(perm: readonly number[], shape: Shape): boolean {
  const long = perm.filter((axis) => shape[axis] !== 1);
  return long.every((axis, at) => at === 0 || axis > long[at - 1]);
}

const identity: Op = {
  inputs: [1],
  moves: FIRST,
  infer: inferSame,
  evaluate: (_node, [x]) => [x],
  isNoOp: (node) => node.inputs[0],
};

const dropout: Op = {
  inputs: [1, 3],
  infer: (node, [{ type, shape }]) => [{ type, shape }, { type: node.opset >= 10 ? "bool" : type, shape }],
  isNoOp: (node) => isInferenceDropout(node) ? node.inputs[0] : undefined,
};

/** Operators that keep the elements and change the shape, the order, or nothing. */
export const RESHAPE_OPS = {
  Identity: { ...identity, carry: identityCarry, entries: sameEntries },
  Dropout: { ...dropout, carry: dropoutCarry },
  Reshape: {
    ...reshape,
    together: unshuffleLinear,
    carry: reshapeCarry,
    entries: reshapedEntries,
    fewerMovements: (node, build) => reshapedFromFirst(node, build) ?? reshapedAround(node, build),
  },
  Flatten: { ...flatten, carry: reshapeCarry, fewerMovements: reshapedAtOnce },
  Squeeze: { ...squeeze, carry: reshapeCarry, entries: squeezedEntries, fewerMovements: squeezedSooner },
  Unsqueeze: { ...unsqueeze, carry: reshapeCarry, entries: squeezedEntries, fewerMovements: reshapedAtOnce },
  Transpose: {
    ...transpose,
    carry: transposeCarry,
    entries: transposedEntries,
    fewerMovements: transposedAtOnce,
    padding: turnedPadding,
  },
} satisfies Ops;
