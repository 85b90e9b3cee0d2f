import type { Dim } from "../graph/graph.ts";
import { constantValues } from "./constant.ts";
import { times } from "./dims.ts";
import type { Op, Ops } from "./op.ts";

const resize: Op = {
  infer(node, [{ type, shape }]) {
    const sizes = constantValues(node.inputs[3]);
    const scales = constantValues(node.inputs[node.opset >= 11 ? 2 : 1]);
    return [{
      type,
      shape: shape?.map((dim, axis): Dim => {
        if (sizes?.length === shape.length) return sizes[axis];
        if (scales?.length !== shape.length) return null;
        return scales[axis] === 1 ? dim : typeof dim === "number" ? Math.floor(dim * scales[axis]) : null;
      }),
    }];
  },
};

const upsample: Op = {
  infer(node, [{ type, shape }]) {
    const scales = node.has(1) ? constantValues(node.inputs[1]) : node.numbers("scales");
    return [{
      type,
      shape: shape?.map((dim, axis): Dim => typeof dim === "number" && scales ? Math.floor(dim * scales[axis]) : null),
    }];
  },
};

const depthToSpace: Op = {
  infer(node, [{ type, shape }]) {
    const block = node.number("blocksize", 1);
    return [{
      type,
      shape: shape && [shape[0], times(shape[1], 1 / block ** 2), times(shape[2], block), times(shape[3], block)],
    }];
  },
};

const spaceToDepth: Op = {
  infer(node, [{ type, shape }]) {
    const block = node.number("blocksize", 1);
    return [{
      type,
      shape: shape && [shape[0], times(shape[1], block ** 2), times(shape[2], 1 / block), times(shape[3], 1 / block)],
    }];
  },
};

/** Operators that change the number of pixels. */
export const RESIZE_OPS = {
  Resize: resize,
  Upsample: upsample,
  DepthToSpace: depthToSpace,
  SpaceToDepth: spaceToDepth,
} satisfies Ops;
