import type { Dim, Node, Value } from "../graph/graph.ts";
import { broadcastDims } from "../tensor/arrange.ts";
import { concatenated, expanded, placed } from "../tensor/pick.ts";
import { sizeOf, type Tensor } from "../tensor/tensor.ts";
import { concatCarry } from "./carry/parts.ts";
import { repeatCarry } from "./carry/repeat.ts";
import { axisOf, constantOf, smallValues } from "./constant.ts";
import { broadcast, fromStart, isSameShape, total } from "./dims.ts";
import { inferSame } from "./elementwise.ts";
import { entriesBeside } from "./entries.ts";
import { concatLinear } from "./linear/patches.ts";
import type { Op, Ops } from "./op.ts";
import { elementsOf, valueElements } from "./shape_elements.ts";

const concat: Op = {
  inputs: [1, Infinity],
  moves: "all",
  infer(node, inputs) {
    const shapes = inputs.map(({ shape }) => shape), known = shapes.find((shape) => shape), [{ type }] = inputs;
    if (!known) return [{ type }];
    const axis = axisOf(node, known.length, node.opset < 4 ? 1 : NaN);
    const shape = known.map((dim, at): Dim => {
      if (at === axis) return total(shapes.map((shape) => shape?.[at] ?? null));
      return shapes.map((shape) => shape?.[at]).find((d) => typeof d === "number") ?? dim;
    });
    return [{ type, shape }];
  },
  evaluate(node, inputs) {
    const tensors = inputs as readonly Tensor[], [{ type, dims }] = tensors;
    const axis = axisOf(node, dims.length, node.opset < 4 ? 1 : NaN);
    if (!(axis in dims)) return undefined;
    const fits = tensors.every((tensor) =>
      tensor.type === type && tensor.dims.length === dims.length &&
      tensor.dims.every((dim, at) => at === axis || dim === dims[at])
    );
    return fits ? [concatenated(tensors, axis)] : undefined;
  },
  isNoOp: (node) => node.inputs.length === 1 ? node.inputs[0] : undefined,
};

/** Its inputs, where it joins them along the axis. */
function joined(node: Node, axis: number): readonly Value[] | undefined {
  const rank = node.output.shape?.length, parts = node.inputs.filter((value) => value !== undefined);
  return rank !== undefined && axisOf(node, rank, 1) === axis ? parts : undefined;
}

/** Whether the input has the shape of the output already, dimension by dimension, as far as that is known. */
export function keepsShape(node: Node): boolean {
  const from = node.inputs[0]?.shape, to = node.outputs[0]?.shape;
  return isSameShape(from, to);
}

const expand: Op = {
  inputs: [2],
  moves: [0],
  widened: (node) => node.inputs[0],
  infer(_node, [x, given]) {
    const shape = given.shape?.length === 1 ? elementsOf(given) : undefined;
    return [{ type: x.type, shape: shape && broadcast([x.shape, shape]) }];
  },
  evaluate(_node, [x, shape]) {
    const to = smallValues(shape), dims = to && broadcastDims(x!.dims, to);
    return dims && [expanded(x!, dims)];
  },
  isNoOp(node) {
    const x = node.inputs[0], shape = x?.shape, to = valueElements(node.inputs[1]);
    if (!shape || !to || to.length > shape.length) return undefined;
    const lead = shape.length - to.length;
    return to.every((dim, at) => dim === 1 || dim !== null && dim === shape[lead + at]) ? x : undefined;
  },
};

/** How often a Tile repeats each axis; null where that is computed by the model. */
function repeatsOf(
  node: Node,
  rank: number,
  given: readonly Dim[] | undefined,
  tiles?: readonly Dim[],
): readonly Dim[] {
  if (node.opset < 6) { // tiles, axis
    const axis = tiles?.[0];
    return Array.from(
      { length: rank },
      (_, at): Dim => typeof axis !== "number" ? null : at === axis ? given?.[0] ?? null : 1,
    );
  }
  return given ?? new Array<Dim>(rank).fill(null);
}

const tile: Op = {
  inputs: [2, 3],
  moves: [0],
  infer(node, [{ type, shape }, given, axis]) {
    if (!shape) return [{ type }];
    const repeats = repeatsOf(node, shape.length, elementsOf(given), elementsOf(axis));
    return [{
      type,
      shape: shape.map((dim, at): Dim => {
        const times = repeats[at] ?? null;
        if (times === 1) return dim;
        if (dim === 1) return times;
        return typeof dim === "number" && typeof times === "number" ? dim * times : null;
      }),
    }];
  },
  evaluate(node, [x, given, axis]) {
    const { dims } = x!, repeats = repeatsOf(node, dims.length, smallValues(given), smallValues(axis)) as number[];
    if (repeats.length !== dims.length) return undefined;
    const to = dims.map((dim, at) => dim * repeats[at]);
    return [placed(x!, to, (index) => index.reduce((sum, at, i) => sum * dims[i] + at % dims[i], 0))];
  },
  isNoOp(node) {
    const given = smallValues(constantOf(node.inputs[1]));
    return node.opset >= 6 && given?.every((times) => times === 1) ? node.inputs[0] : undefined;
  },
};

const where = (dims: readonly number[]) => (index: readonly number[]) =>
  index.reduce((sum, at, axis) => at < 0 || at >= dims[axis] || sum < 0 ? -1 : sum * dims[axis] + at, 0);

/** The axes that a CenterCropPad changes; undefined where its input has not all of them. */
function croppedAxes(node: Node, rank: number): readonly number[] | undefined {
  const axes = node.numbers("axes")?.map((axis) => fromStart(axis, rank)) ?? [...Array(rank).keys()];
  return axes.every((axis) => axis >= 0 && axis < rank) ? axes : undefined;
}

const centerCropPad: Op = {
  inputs: [2],
  infer(node, [{ type, shape }, given]) {
    if (!shape) return [{ type }];
    const sizes = elementsOf(given), axes = croppedAxes(node, shape.length), to = [...shape];
    axes?.forEach((axis, at) => to[axis] = sizes?.[at] ?? null);
    return [{ type, shape: axes && to }];
  },
  evaluate(node, [x, given]) {
    const { dims } = x!, sizes = smallValues(given)!, to = [...dims], axes = croppedAxes(node, dims.length);
    if (!axes) return undefined;
    axes.forEach((axis, at) => to[axis] = sizes[at]);
    const shift = dims.map((dim, axis) =>
      to[axis] > dim ? -Math.floor((to[axis] - dim) / 2) : Math.floor((dim - to[axis]) / 2)
    );
    const of = where(dims);
    return sizeOf(to) >= 0 ? [placed(x!, to, (index) => of(index.map((at, axis) => at + shift[axis])))] : undefined;
  },
};

const trilu: Op = {
  inputs: [1, 2],
  infer: inferSame,
  evaluate(node, [x, k]) {
    const { dims } = x!,
      isUpper = node.number("upper", 1) !== 0,
      diagonal = k ? smallValues(k)![0] : 0,
      of = where(dims);
    return [placed(x!, dims, (index) => {
      const distance = index[dims.length - 1] - index[dims.length - 2] - diagonal;
      return (isUpper ? distance >= 0 : distance <= 0) ? of(index) : -1;
    })];
  },
};

/** Operators that put together, repeat, or keep a part in place. */
export const JOIN_OPS = {
  Concat: {
    ...concat,
    together: concatLinear,
    joined,
    carry: concatCarry,
    entries: entriesBeside((node, rank) => [axisOf(node, rank, 1)], { ofAll: true }),
  },
  Expand: { ...expand, carry: repeatCarry },
  Tile: { ...tile, carry: repeatCarry },
  CenterCropPad: centerCropPad,
  Trilu: trilu,
} satisfies Ops;
