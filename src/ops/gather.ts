import type { Dim, Node, Shape, Value } from "../graph/graph.ts";
import { stridesOf } from "../tensor/arrange.ts";
import { gathered, placed } from "../tensor/pick.ts";
import { computedTensor, forEachChunk, sizeOf, type Tensor, valuesOf } from "../tensor/tensor.ts";
import { gatherCarry } from "./carry/select.ts";
import { axisOf, constantValues, smallValues } from "./constant.ts";
import { fromStart } from "./dims.ts";
import { inferSame } from "./elementwise.ts";
import type { Op, Ops } from "./op.ts";
import { intoTable } from "./take_affine.ts";
import { gatheredEntries, gatheredEntry } from "./taken.ts";
import { elementsOf } from "./shape_elements.ts";

/** Indices made non-negative; undefined where one is outside. */
function indicesOf(tensor: Tensor, length: number): Int32Array | undefined {
  const picks = new Int32Array(tensor.size);
  let isInside = length <= 2 ** 31;
  forEachChunk(tensor, (values, start) => {
    for (let i = 0; isInside && i < values.length; i++) {
      const at = fromStart(values[i], length);
      isInside = at >= 0 && at < length;
      picks[start + i] = at;
    }
  });
  return isInside ? picks : undefined;
}

const gather: Op = {
  inputs: [2],
  moves: [0],
  infer(node, [x, indices]) {
    if (!x.shape || !indices.shape) return [{ type: x.type }];
    const axis = axisOf(node, x.shape.length, 0);
    return [{ type: x.type, shape: [...x.shape.slice(0, axis), ...indices.shape, ...x.shape.slice(axis + 1)] }];
  },
  evaluate(node, [x, indices]) {
    const { dims } = x!, axis = axisOf(node, dims.length, 0), picks = indicesOf(indices!, dims[axis]);
    if (!picks) return undefined;
    return [gathered(x!, axis, picks, [...dims.slice(0, axis), ...indices!.dims, ...dims.slice(axis + 1)])];
  },
};

/** What a Gather is of, where it takes all entries in order. */
function gathersNothing(node: Node): Value | undefined {
  const [x, indices] = node.inputs, picks = indices?.shape?.length === 1 ? constantValues(indices) : undefined;
  const length = x?.shape?.[axisOf(node, x.shape.length, 0)];
  return picks?.length === length && picks?.every((pick, at) => pick === at) ? x : undefined;
}

const gatherElements: Op = {
  inputs: [2],
  moves: [0],
  infer: (_node, [x, indices]) => [{ type: x.type, shape: indices.shape }],
  evaluate(node, [x, indices]) {
    const { dims } = x!, axis = axisOf(node, dims.length, 0), picks = indicesOf(indices!, dims[axis]);
    const strides = stridesOf(dims), own = stridesOf(indices!.dims);
    return picks && [placed(x!, indices!.dims, (index) => {
      const pick = picks[index.reduce((sum, at, i) => sum + at * own[i], 0)];
      return index.reduce((sum, at, i) => sum + (i === axis ? pick : at) * strides[i], 0);
    })];
  },
};

function gatheredShape(x: Shape, indices: Shape, batch: number): Shape | undefined {
  const depth = indices.at(-1);
  return typeof depth === "number" ? [...indices.slice(0, -1), ...x.slice(batch + depth)] : undefined;
}

const gatherND: Op = {
  inputs: [2],
  moves: [0],
  infer: (node, [x, indices]) => [{
    type: x.type,
    shape: x.shape && indices.shape && gatheredShape(x.shape, indices.shape, node.number("batch_dims", 0)),
  }],
  evaluate(node, [x, indices]) {
    const { dims } = x!, batch = node.number("batch_dims", 0), depth = indices!.dims.at(-1)!;
    const tuples = valuesOf(indices!), strides = stridesOf(dims), own = stridesOf(indices!.dims);
    const lead = indices!.dims.length - 1;
    for (let at = 0; at < tuples.length; at++) {
      const length = dims[batch + at % depth];
      tuples[at] = fromStart(tuples[at], length);
      if (!(tuples[at] >= 0 && tuples[at] < length)) return undefined;
    }
    return [placed(x!, gatheredShape(dims, indices!.dims, batch) as number[], (index) => {
      let tuple = 0, offset = 0;
      for (let axis = 0; axis < lead; axis++) tuple += index[axis] * own[axis];
      for (let axis = 0; axis < batch; axis++) offset += index[axis] * strides[axis];
      for (let k = 0; k < depth; k++) offset += tuples[tuple + k] * strides[batch + k];
      for (let axis = lead; axis < index.length; axis++) offset += index[axis] * strides[axis - lead + batch + depth];
      return offset;
    })];
  },
};

/** What a scattered value does to the one that is there. */
const REDUCTIONS: Record<string, (there: number, update: number) => number> = {
  none: (_there, update) => update,
  add: (there, update) => there + update,
  mul: (there, update) => there * update,
  max: Math.max,
  min: Math.min,
};

const scatterElements: Op = {
  inputs: [3],
  infer: inferSame,
  evaluate(node, [x, indices, updates]) {
    const { dims, type } = x!, axis = axisOf(node, dims.length, 0), reduce = REDUCTIONS[node.text("reduction", "none")];
    const picks = indicesOf(indices!, dims[axis]), strides = stridesOf(dims), shape = updates!.dims;
    if (!picks || !reduce) return undefined;
    return [computedTensor(type, dims, () => {
      const out = valuesOf(x!), values = valuesOf(updates!), index = shape.map(() => 0);
      for (let at = 0; at < values.length; at++) {
        const to = index.reduce((sum, place, i) => sum + (i === axis ? picks[at] : place) * strides[i], 0);
        out[to] = reduce(out[to], values[at]);
        for (let i = shape.length - 1; i >= 0 && ++index[i] === shape[i]; i--) index[i] = 0;
      }
      return out;
    })];
  },
};

const scatterND: Op = {
  inputs: [3],
  infer: inferSame,
  evaluate(node, [x, indices, updates]) {
    const { dims, type } = x!, depth = indices!.dims.at(-1)!, reduce = REDUCTIONS[node.text("reduction", "none")];
    const tuples = valuesOf(indices!),
      strides = stridesOf(dims),
      width = sizeOf(dims.slice(depth)),
      starts: number[] = [];
    for (let at = 0; at < tuples.length; at += depth) {
      let start = 0;
      for (let k = 0; k < depth; k++) {
        const given = tuples[at + k], place = fromStart(given, dims[k]);
        if (!(place >= 0 && place < dims[k])) return undefined;
        start += place * strides[k];
      }
      starts.push(start);
    }
    if (!reduce) return undefined;
    return [computedTensor(type, dims, () => {
      const out = valuesOf(x!), values = valuesOf(updates!);
      starts.forEach((start, tuple) => {
        for (let at = 0; at < width; at++) out[start + at] = reduce(out[start + at], values[tuple * width + at]);
      });
      return out;
    })];
  },
};

const oneHot: Op = {
  inputs: [3],
  infer(node, [indices, depth, values]) {
    if (!indices.shape) return [{ type: values.type }];
    const rank = indices.shape.length + 1, axis = axisOf(node, rank, -1), [count = null] = elementsOf(depth) ?? [];
    return [{ type: values.type, shape: [...indices.shape.slice(0, axis), count, ...indices.shape.slice(axis)] }];
  },
  evaluate(node, [indices, depth, pair]) {
    const rank = indices!.dims.length + 1, axis = axisOf(node, rank, -1), count = smallValues(depth)![0];
    const [off, on] = valuesOf(pair!), hot = valuesOf(indices!), own = stridesOf(indices!.dims);
    const dims = [...indices!.dims.slice(0, axis), count, ...indices!.dims.slice(axis)];
    const values = { ...pair!, dims: [2] };
    return [placed(values, dims, (index) => {
      let at = 0;
      for (let i = 0; i < rank; i++) if (i !== axis) at += index[i] * own[i < axis ? i : i - 1];
      const place = fromStart(hot[at], count);
      return place === index[axis] ? on === off ? 0 : 1 : 0;
    })];
  },
};

const compress: Op = {
  inputs: [2],
  moves: [0],
  infer(node, [{ type, shape }, condition]) {
    const bits = condition.constant && elementsOf(condition),
      count = bits ? bits.filter((bit) => bit !== 0).length : null;
    if (node.attribute("axis") === undefined) return [{ type, shape: [count] }];
    if (!shape) return [{ type }];
    return [{ type, shape: shape.with(axisOf(node, shape.length, 0), count) as Dim[] }];
  },
  evaluate(node, [x, condition]) {
    const { dims, size } = x!, isFlat = node.attribute("axis") === undefined;
    const shape = isFlat ? [size] : dims, axis = isFlat ? 0 : axisOf(node, dims.length, 0), strides = stridesOf(shape);
    const picks = [...valuesOf(condition!)].flatMap((bit, at) => bit !== 0 && at < shape[axis] ? [at] : []);
    return [placed(
      x!,
      shape.with(axis, picks.length),
      (index) => index.reduce((sum, at, i) => sum + (i === axis ? picks[at] : at) * strides[i], 0),
    )];
  },
};

/** Operators that pick or set elements by their indices. */
export const GATHER_OPS = {
  Gather: {
    ...gather,
    isNoOp: gathersNothing,
    carry: gatherCarry,
    taken: gatheredEntries,
    cut: gatheredEntry,
    takeAffine: intoTable,
  },
  GatherElements: gatherElements,
  GatherND: gatherND,
  Scatter: scatterElements,
  ScatterElements: scatterElements,
  ScatterND: scatterND,
  TensorScatter: { inputs: [2, 3], infer: inferSame },
  OneHot: oneHot,
  Compress: compress,
  ReverseSequence: { inputs: [2], infer: inferSame },
} satisfies Ops;
