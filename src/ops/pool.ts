import type { Node, Shape, Value } from "../graph/graph.ts";
import { sizeOf } from "../tensor/tensor.ts";
import { averagePoolCarry, globalAverageCarry, globalMaxCarry, maxPoolCarry } from "./carry/pools.ts";
import { smallValues } from "./constant.ts";
import { elementCount } from "./dims.ts";
import { inferSame } from "./elementwise.ts";
import { averagePoolLinear } from "./linear/average_pool.ts";
import type { Op, Ops } from "./op.ts";
import { padAveragePool, padMaxPool } from "./padding.ts";
import { averagePoolPositions, globalAveragePositions } from "./positions.ts";
import { pooled, pooledWhole } from "./sliding_window.ts";
import { isUnpadded, outputSize, windowOf } from "./window.ts";

/** Shapes of a pool over the spatial axes, channels in front. */
export const inferPool: Op["infer"] = (node, [x]) => {
  const kernel = node.numbers("kernel_shape");
  if (!x.shape || !kernel) return [{ type: x.type }, { type: "int64" }];
  const window = windowOf(node, kernel, x.shape.slice(2));
  // of a dilated pool with chosen padding, ONNX Runtime leaves the dilation out when it chooses
  const isOpen = window.isSame && window.dilations.some((step) => step !== 1);
  const slid = kernel.map((_, axis) => isOpen ? null : outputSize(window, axis, x.shape![axis + 2]));
  const shape = [x.shape[0], x.shape[1], ...slid];
  return [{ type: x.type, shape }, { type: "int64", shape }];
};

const inferGlobal: Op["infer"] = (_node, [{ type, shape }]) => [
  { type, shape: shape && [shape[0], shape[1], ...shape.slice(2).map(() => 1)] },
];

/** The number of regions, the channels, and the size each region is pooled to. */
function inferRegions(size: (node: Parameters<Op["infer"]>[0]) => Shape): Op["infer"] {
  return (node, [{ type, shape }, regions]) => [
    { type, shape: [regions.shape?.[0] ?? null, shape?.[1] ?? null, ...size(node)] },
  ];
}

const maxUnpool: Op = {
  inputs: [2, 3],
  infer(node, [{ type, shape }, , given]) {
    const kernel = node.numbers("kernel_shape");
    if (node.has(2)) return [{ type, shape: smallValues(given.constant) ?? shape?.map(() => null) }];
    if (!shape || !kernel) return [{ type }];
    const { strides, begin, end } = windowOf(node, kernel, undefined);
    const spatial = shape.slice(2).map((dim, axis) =>
      typeof dim === "number" && begin[axis] !== null
        ? strides[axis] * (dim - 1) + kernel[axis] - begin[axis] - end[axis]!
        : null
    );
    return [{ type, shape: [shape[0], shape[1], ...spatial] }];
  },
};

/** The input, where every window is one cell, one after the other: an adaptive pool to the size that there is. */
function poolsNothing(node: Node): Value | undefined {
  const kernel = node.numbers("kernel_shape"), window = kernel && windowOf(node, kernel, undefined);
  const isOne = window && isUnpadded(window) && [...window.kernel, ...window.strides].every((size) => size === 1);
  return isOne && node.outputs.length === 1 ? node.inputs[0] : undefined;
}

/** Pools over the spatial axes. */
export const POOL_OPS = {
  MaxPool: {
    inputs: [1],
    infer: inferPool,
    evaluate: pooled,
    isNoOp: poolsNothing,
    carry: maxPoolCarry,
    takePadding: padMaxPool,
  },
  AveragePool: {
    inputs: [1],
    infer: inferPool,
    evaluate: pooled,
    isNoOp: poolsNothing,
    work(node) {
      const elements = elementCount(node.outputs[0]?.shape);
      return { macs: elements === null ? null : elements * sizeOf(node.numbers("kernel_shape") ?? []) };
    },
    linear: averagePoolLinear,
    carry: averagePoolCarry,
    positions: averagePoolPositions,
    takePadding: padAveragePool,
  },
  LpPool: { inputs: [1], infer: inferPool },
  GlobalAveragePool: {
    inputs: [1],
    infer: inferGlobal,
    evaluate: pooledWhole,
    work: (node) => ({ macs: elementCount(node.inputs[0]?.shape) }),
    carry: globalAverageCarry,
    positions: globalAveragePositions,
  },
  GlobalMaxPool: { inputs: [1], infer: inferGlobal, evaluate: pooledWhole, carry: globalMaxCarry },
  GlobalLpPool: { inputs: [1], infer: inferGlobal },
  MaxUnpool: maxUnpool,
  MaxRoiPool: { inputs: [2], infer: inferRegions((node) => node.numbers("pooled_shape") ?? [null, null]) },
  RoiAlign: {
    inputs: [3],
    infer: inferRegions((node) => [node.number("output_height", 1), node.number("output_width", 1)]),
  },
  LRN: { inputs: [1], infer: inferSame },
} satisfies Ops;
