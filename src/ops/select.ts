import type { Dim } from "../graph/graph.ts";
import { broadcastDims, broadcastStrides, forEachOffset, stridesOf } from "../tensor/arrange.ts";
import { computedTensor, sizeOf, type Tensor, valuesOf } from "../tensor/tensor.ts";
import { axesOf, axisOf, constantValues, smallValues } from "./constant.ts";
import { broadcast, total } from "./dims.ts";
import type { Op, Ops } from "./op.ts";
import { elementsOf } from "./shape_elements.ts";

/** The elements of `x` at the offsets that these strides walk through from `start`. */
function gathered(x: Tensor, dims: readonly number[], strides: readonly number[], start = 0): Float64Array {
  const from = valuesOf(x), out = new Float64Array(sizeOf(dims));
  forEachOffset(dims, strides, (offset, index) => out[index] = from[start + offset]);
  return out;
}

const expand: Op = {
  moves: [0],
  infer(_node, [x, given]) {
    const shape = given.shape?.length === 1 ? elementsOf(given) : undefined;
    return [{ type: x.type, shape: shape && broadcast([x.shape, shape]) }];
  },
  evaluate(_node, [x, shape]) {
    const to = smallValues(shape), dims = to && broadcastDims(x!.dims, to);
    return dims && [computedTensor(x!.type, dims, () => gathered(x!, dims, broadcastStrides(x!.dims, dims)))];
  },
};

const concat: Op = {
  moves: "all",
  infer(node, inputs) {
    const shapes = inputs.map(({ shape }) => shape), known = shapes.find((shape) => shape), [{ type }] = inputs;
    if (!known) return [{ type }];
    const axis = axisOf(node, known.length, 1);
    const shape = known.map((dim, at): Dim => {
      if (at === axis) return total(shapes.map((shape) => shape?.[at] ?? null));
      return shapes.map((shape) => shape?.[at]).find((d) => typeof d === "number") ?? dim;
    });
    return [{ type, shape }];
  },
  evaluate(node, inputs) {
    const tensors = inputs.filter((tensor) => tensor !== undefined);
    const [first] = tensors, rank = first?.dims.length ?? 0, axis = axisOf(node, rank, 1);
    if (!first || tensors.length !== node.inputs.length || axis >= rank) return undefined;
    if (tensors.some(({ type, dims }) => type !== first.type || dims.length !== rank)) return undefined;
    const dims = first.dims.with(axis, tensors.reduce((sum, tensor) => sum + tensor.dims[axis], 0));
    return [computedTensor(first.type, dims, () => {
      const out = new Float64Array(sizeOf(dims)), strides = stridesOf(dims);
      let start = 0;
      for (const tensor of tensors) {
        const values = valuesOf(tensor);
        forEachOffset(tensor.dims, strides, (offset, index) => out[start + offset] = values[index]);
        start += tensor.dims[axis] * strides[axis];
      }
      return out;
    })];
  },
};

const gather: Op = {
  moves: [0],
  infer(node, [x, indices]) {
    if (!x.shape || !indices.shape) return [{ type: x.type }];
    const axis = axisOf(node, x.shape.length, 0);
    return [{ type: x.type, shape: [...x.shape.slice(0, axis), ...indices.shape, ...x.shape.slice(axis + 1)] }];
  },
  evaluate(node, [x, indices]) {
    if (!x || !indices) return undefined;
    const axis = axisOf(node, x.dims.length, 0), length = x.dims[axis];
    const picks = [...valuesOf(indices)].map((i) => i < 0 ? i + length : i);
    if (picks.some((i) => !(i >= 0 && i < length))) return undefined;
    const outer = sizeOf(x.dims.slice(0, axis)), inner = sizeOf(x.dims.slice(axis + 1));
    return [computedTensor(x.type, [...x.dims.slice(0, axis), ...indices.dims, ...x.dims.slice(axis + 1)], () => {
      const from = valuesOf(x), out = new Float64Array(outer * picks.length * inner);
      for (let o = 0, to = 0; o < outer; o++) {
        for (const pick of picks) {
          const at = (o * length + pick) * inner;
          out.set(from.subarray(at, at + inner), to);
          to += inner;
        }
      }
      return out;
    })];
  },
};

const slice: Op = {
  moves: [0],
  infer: (_node, [{ type, shape }]) => [{ type, shape: shape?.map(() => null) }],
  evaluate(node, [x, starts, ends, axesIn, stepsIn]) {
    const list = (tensor: Tensor | undefined, name: string) => tensor ? smallValues(tensor) : node.numbers(name);
    const from = list(starts, "starts"), to = list(ends, "ends");
    if (!x || !from || !to) return undefined;
    const rank = x.dims.length, axes = list(axesIn, "axes") ?? from.map((_, i) => i);
    const steps = stepsIn ? [...valuesOf(stepsIn)] : from.map(() => 1);
    const strides = [...stridesOf(x.dims)], dims = [...x.dims];
    let start = 0;
    for (const [i, given] of axes.entries()) {
      const axis = given < 0 ? given + rank : given, length = x.dims[axis], step = steps[i];
      if (!(step > 0)) return undefined;
      const clamp = (at: number) => Math.min(Math.max(at < 0 ? at + length : at, 0), length);
      const begin = clamp(from[i]), end = clamp(to[i]);
      dims[axis] = Math.max(0, Math.ceil((end - begin) / step));
      start += begin * strides[axis];
      strides[axis] *= step;
    }
    return [computedTensor(x.type, dims, () => gathered(x, dims, strides, start))];
  },
};

const split: Op = {
  infer(node, [{ type, shape }]) {
    if (!shape) return node.outputs.map(() => ({ type }));
    const axis = axisOf(node, shape.length, 0);
    const parts = node.has(1) ? constantValues(node.inputs[1]) : node.numbers("split");
    const count = node.outputs.length, length = shape[axis];
    return node.outputs.map((_, index) => {
      const even = !node.has(1) && !parts && typeof length === "number" && length % count === 0 ? length / count : null;
      return { type, shape: shape.map((dim, at) => at === axis ? parts?.[index] ?? even : dim) };
    });
  },
};

const pad: Op = {
  infer(node, [{ type, shape }]) {
    const pads = node.has(1) ? constantValues(node.inputs[1]) : node.numbers("pads") ?? node.numbers("paddings");
    if (!shape) return [{ type }];
    const axes = node.has(3) ? axesOf(node, shape.length, 3) : shape.map((_, axis) => axis);
    const padded = shape.map((dim, axis): Dim => {
      if (!pads || !axes) return null;
      const at = axes.indexOf(axis), half = axes.length;
      const unpadded = at < 0 || pads[at] === 0 && pads[at + half] === 0; // a named dimension keeps its name
      return unpadded ? dim : typeof dim === "number" ? dim + pads[at] + pads[at + half] : null;
    });
    return [{ type, shape: padded }];
  },
};

/** Operators that put together, cut out or repeat. */
export const SELECT_OPS = {
  Expand: expand,
  Concat: concat,
  Gather: gather,
  Slice: slice,
  Split: split,
  Pad: pad,
} satisfies Ops;
