import { sizeOf } from "../tensor/tensor.ts";
import { elementCount } from "./dims.ts";
import type { Op, Ops } from "./op.ts";
import { isSame, slidOutput, windowOf } from "./window.ts";

const inferPool: Op["infer"] = (node, [x]) => {
  const kernel = node.numbers("kernel_shape");
  if (!x.shape || !kernel) return [{ type: x.type }];
  const window = windowOf(node, kernel, x.shape.slice(2));
  // of a dilated pool with chosen padding, ONNX Runtime leaves the dilation out when it chooses
  const isOpen = isSame(node) && window.dilations.some((step) => step !== 1);
  const slid = kernel.map((_, axis) => isOpen ? null : slidOutput(window, axis, x.shape![axis + 2], isSame(node)));
  const shape = [x.shape[0], x.shape[1], ...slid];
  return [{ type: x.type, shape }, { type: "int64", shape }];
};

const inferGlobal: Op["infer"] = (_node, [{ type, shape }]) => [
  { type, shape: shape && [shape[0], shape[1], ...shape.slice(2).map(() => 1)] },
];

/** Pools over the spatial axes. */
export const POOL_OPS = {
  MaxPool: { infer: inferPool },
  AveragePool: {
    infer: inferPool,
    work(node) {
      const elements = elementCount(node.outputs[0]?.shape);
      return { macs: elements === null ? null : elements * sizeOf(node.numbers("kernel_shape") ?? []) };
    },
  },
  LpPool: { infer: inferPool },
  GlobalAveragePool: { infer: inferGlobal, work: (node) => ({ macs: elementCount(node.inputs[0]?.shape) }) },
  GlobalMaxPool: { infer: inferGlobal },
} satisfies Ops;
