import type { Dim, Node, Value } from "../graph/graph.ts";
import { broadcastStrides, forEachOffset } from "../tensor/arrange.ts";
import { isWhole } from "../tensor/element_type.ts";
import { asRounded } from "../tensor/elementwise.ts";
import { computedTensor, sizeOf, type Tensor, valuesOf } from "../tensor/tensor.ts";
import { reduceExtremeCarry, reduceMeanCarry, reduceSumCarry } from "./carry/pools.ts";
import { axisOf, reducedAxes } from "./constant.ts";
import { elementCount, fromStart, product } from "./dims.ts";
import { inferSame } from "./elementwise.ts";
import { reducedEntries } from "./entries.ts";
import type { Facts, Op, Ops } from "./op.ts";
import { reduceMeanPositions } from "./positions.ts";
import { elementsOf } from "./shape_elements.ts";

function reducedShape<D extends Dim>(node: Node, shape: readonly D[], axes: ReadonlySet<number>): (D | 1)[] {
  return node.number("keepdims", 1) === 1
    ? shape.map((dim, axis) => axes.has(axis) ? 1 : dim)
    : shape.filter((_, axis) => !axes.has(axis));
}

const infer: Op["infer"] = (node, [{ type, shape }]) => {
  const axes = shape && reducedAxes(node, shape.length);
  if (!shape || !axes) {
    const keeps = shape && node.number("keepdims", 1) === 1;
    return [{ type, shape: keeps ? shape.map(() => null) : undefined }];
  }
  return [{ type, shape: reducedShape(node, shape, axes) }];
};

interface Reduction {
  /** Where it starts, 0 by default. */
  readonly start?: number;
  /** What one more value makes of the running result. */
  readonly step: (result: number, value: number) => number;
  /** What is done at the end, with the number of values. */
  readonly end?: (result: number, count: number) => number;
}

/** A reduction along axes, in float64. */
function reduction({ start = 0, step, end = (result) => result }: Reduction): Op {
  return {
    inputs: [1, 2],
    infer,
    entries: reducedEntries,
    evaluate(node, [x]) {
      const { type, dims, size } = x!, axes = reducedAxes(node, dims.length);
      if (!axes) return undefined;
      const reduced = dims.map((dim, axis) => axes.has(axis) ? 1 : dim), count = size / sizeOf(reduced);
      return [computedTensor(type, reducedShape(node, dims, axes), () => {
        const out = new Float64Array(sizeOf(reduced)).fill(start), values = valuesOf(x!);
        forEachOffset(dims, broadcastStrides(reduced, dims), (to, index) => out[to] = step(out[to], values[index]));
        return out.map((result) => end(result, count));
      })];
    },
    ...end(step(start, -0.3), 1) === -0.3 ? { isNoOp: reducesNothing } : {},
  };
}

/** A sum, a mean, a product or an extreme of no axes, or of such as have one entry, is what it is of. */
function reducesNothing(node: Node): Value | undefined {
  const [x] = node.inputs, shape = x?.shape, axes = shape && reducedAxes(node, shape.length);
  const isOne = axes && [...axes].every((axis) => shape[axis] === 1);
  return isOne && (axes.size === 0 || node.number("keepdims", 1) === 1) ? x : undefined;
}

/** The product of a shape's elements, as exporters count elements by it, where at most one element is a name. */
const reduceProd: Op = {
  ...reduction({ start: 1, step: (product, value) => product * value }),
  infer(node, inputs) {
    const [facts] = infer(node, inputs), elements = inputs[0].elements && elementsOf(inputs[0]);
    if (!elements || facts.shape?.some((dim) => dim !== 1) || !facts.shape || !isWhole(facts.type)) return [facts];
    return [{ ...facts, elements: [product(elements)] }];
  },
};

/** The place of the largest or smallest value along an axis. */
function extremePlace(isBetter: (value: number, best: number) => boolean): Op {
  return {
    inputs: [1],
    infer(node, [{ shape }]) {
      if (!shape) return [{ type: "int64" }];
      return [{ type: "int64", shape: reducedShape(node, shape, new Set([axisOf(node, shape.length, 0)])) }];
    },
    evaluate(node, [given]) {
      const x = asRounded(given!), { dims } = x, axis = axisOf(node, dims.length, 0);
      if (!(axis < dims.length) || dims[axis] === 0) return undefined;
      const isLast = node.number("select_last_index", 0) !== 0;
      const length = dims[axis], inner = sizeOf(dims.slice(axis + 1)), outer = sizeOf(dims.slice(0, axis));
      return [computedTensor("int64", reducedShape(node, dims, new Set([axis])), () => {
        const values = valuesOf(x), out = new Float64Array(outer * inner);
        for (let o = 0; o < outer; o++) {
          for (let i = 0; i < inner; i++) {
            let best = 0;
            for (let at = 1; at < length; at++) {
              const value = values[(o * length + at) * inner + i], most = values[(o * length + best) * inner + i];
              if (isBetter(value, most) || isLast && value === most) best = at;
            }
            out[o * inner + i] = best;
          }
        }
        return out;
      })];
    },
  };
}

const sum = (total: number, value: number) => total + value;

/** Log of a sum of exponentials, with the largest taken out first. */
const logSumExp: Op = {
  inputs: [1, 2],
  infer,
  evaluate(node, [x]) {
    const { type, dims } = x!, axes = reducedAxes(node, dims.length);
    if (!axes) return undefined;
    const reduced = dims.map((dim, axis) => axes.has(axis) ? 1 : dim), strides = broadcastStrides(reduced, dims);
    return [computedTensor(type, reducedShape(node, dims, axes), () => {
      const values = valuesOf(x!), most = new Float64Array(sizeOf(reduced)).fill(-Infinity), out = most.map(() => 0);
      forEachOffset(dims, strides, (to, index) => most[to] = Math.max(most[to], values[index]));
      forEachOffset(dims, strides, (to, index) => out[to] += Math.exp(values[index] - most[to]));
      return out.map((total, at) => Math.log(total) + most[at]);
    })];
  },
};

/** A sum along an axis that keeps every partial result. */
function cumulative(step: (result: number, value: number) => number, start: number): Op {
  return {
    inputs: [2],
    infer: inferSame,
    evaluate(node, [x, axisGiven]) {
      const { type, dims } = x!, rank = dims.length, given = valuesOf(axisGiven as Tensor)[0];
      const axis = fromStart(given, rank);
      if (!(axis < rank)) return undefined;
      const isExclusive = node.number("exclusive", 0) !== 0, isReverse = node.number("reverse", 0) !== 0;
      const length = dims[axis], inner = sizeOf(dims.slice(axis + 1)), outer = sizeOf(dims.slice(0, axis));
      return [computedTensor(type, dims, () => {
        const values = valuesOf(x!), out = new Float64Array(values.length);
        for (let o = 0; o < outer; o++) {
          for (let i = 0; i < inner; i++) {
            let running = start;
            for (let turn = 0; turn < length; turn++) {
              const at = (o * length + (isReverse ? length - 1 - turn : turn)) * inner + i;
              const next = step(running, values[at]);
              out[at] = isExclusive ? running : next;
              running = next;
            }
          }
        }
        return out;
      })];
    },
  };
}

function isMean(facts: Facts | undefined): boolean {
  return isWhole(facts?.type);
}

const mean = reduction({ step: sum, end: (total, count) => total / count });

/** Sums, norms and extremes along axes. */
export const REDUCTION_OPS = {
  ReduceSum: { ...reduction({ step: sum }), carry: reduceSumCarry },
  ReduceMean: {
    ...mean,
    // the mean of whole numbers is cut, which runtimes do at different places
    evaluate: (node, constants) => isMean(constants[0]) ? undefined : mean.evaluate!(node, constants),
    work: (node) => ({ macs: elementCount(node.inputs[0]?.shape) }),
    carry: reduceMeanCarry,
    positions: reduceMeanPositions,
  },
  ReduceMax: {
    ...reduction({ start: -Infinity, step: (most, value) => Math.max(most, value) }),
    carry: reduceExtremeCarry,
  },
  ReduceMin: {
    ...reduction({ start: Infinity, step: (least, value) => Math.min(least, value) }),
    carry: reduceExtremeCarry,
  },
  ReduceProd: reduceProd,
  ReduceL1: reduction({ step: (total, value) => total + Math.abs(value) }),
  ReduceL2: reduction({ step: (total, value) => total + value * value, end: Math.sqrt }),
  ReduceSumSquare: reduction({ step: (total, value) => total + value * value }),
  ReduceLogSum: reduction({ step: sum, end: Math.log }),
  ReduceLogSumExp: logSumExp,
  ArgMax: extremePlace((value, best) => value > best),
  ArgMin: extremePlace((value, best) => value < best),
  CumSum: cumulative(sum, 0),
  CumProd: cumulative((product, value) => product * value, 1),
} satisfies Ops;
