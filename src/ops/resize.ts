import type { Dim, Node, Value } from "../graph/graph.ts";
import { transposed } from "../tensor/arrange.ts";
import { reshaped } from "../tensor/tensor.ts";
import { depthToSpaceCarry, spaceToDepthCarry } from "./carry/blocks.ts";
import { resizeCarry, resizedAxes } from "./carry/interpolation.ts";
import { constantValues } from "./constant.ts";
import { times } from "./dims.ts";
import { spaceToDepthLinear } from "./linear/patches.ts";
import type { Op, Ops } from "./op.ts";
import { resizePositions } from "./positions.ts";
import { settledScales } from "./settled_scales.ts";
import { resized } from "./resized.ts";
import { elementsOf, valueElements } from "./shape_elements.ts";

const resize: Op = {
  inputs: [1, 4],
  infer(node, [{ type, shape }, first, second, third]) {
    if (!shape) return [{ type }];
    const axes = resizedAxes(node, shape.length);
    if (!axes.every((axis) => axis in shape)) return [{ type }];
    const scales = node.opset < 11 ? first : second, sizes = node.opset >= 11 ? third : undefined;
    const to = [...shape], given = sizes && node.has(3) ? elementsOf(sizes) : undefined, by = elementsOf(scales);
    const isStretched = node.text("keep_aspect_ratio_policy", "stretch") === "stretch";
    axes.forEach((axis, at) => {
      if (given?.length) to[axis] = isStretched ? given[at] ?? null : null;
      else to[axis] = scaled(shape[axis], by?.length === axes.length ? by[at] : null);
    });
    return [{ type, shape: to }];
  },
  evaluate(node, [x, second, third, fourth]) {
    const isOld = node.opset < 11, result = resized(node, x!, isOld ? second : third, isOld ? undefined : fourth);
    return result && [result];
  },
  isNoOp: (node) => resizesNothing(node) ? node.inputs[0] : undefined,
  settled: settledScales,
};

function scaled(dim: Dim, scale: Dim): Dim {
  if (scale === 1) return dim;
  return typeof dim === "number" && typeof scale === "number" ? Math.floor(dim * scale) : null;
}

/**
 * Scales of 1, and the sizes that are there, read each pixel where it is, whatever the mode and the coordinates, but for those of
 * tf_crop_and_resize.
 */
function resizesNothing(node: Node): boolean {
  const isOld = node.opset < 11, scales = constantValues(node.inputs[isOld ? 1 : 2]);
  if (node.text("coordinate_transformation_mode", "half_pixel") === "tf_crop_and_resize") return false;
  if (node.has(3)) return keepsSizes(node);
  return scales !== undefined && scales.length > 0 && scales.every((scale) => scale === 1);
}

/** Whether the sizes that are asked for are those of the input. */
function keepsSizes(node: Node): boolean {
  const sizes = valueElements(node.inputs[3]), shape = node.inputs[0]?.shape;
  if (!sizes || !shape) return false;
  const axes = resizedAxes(node, shape.length);
  return sizes.length === axes.length && axes.every((axis, at) => sizes[at] !== null && sizes[at] === shape[axis]);
}

const upsample: Op = {
  inputs: [1, 2],
  infer(node, [{ type, shape }]) {
    const scales = node.has(1) ? constantValues(node.inputs[1]) : node.numbers("scales");
    const byName = [1, 1, node.number("height_scale", NaN), node.number("width_scale", NaN)];
    const all = scales ?? (node.opset < 7 && !byName.includes(NaN) ? byName : undefined);
    return [{ type, shape: shape?.map((dim, axis): Dim => scaled(dim, all?.[axis] ?? null)) }];
  },
  evaluate(node, [x, scales]) {
    const result = node.opset < 7 ? undefined : resized(node, x!, scales, undefined);
    return result && [result];
  },
};

/** The input, where every block is one cell. */
function keepsBlocks(node: Node): Value | undefined {
  return node.number("blocksize", 0) === 1 ? node.inputs[0] : undefined;
}

const depthToSpace: Op = {
  inputs: [1],
  infer(node, [{ type, shape }]) {
    const block = node.number("blocksize", 1);
    return [{
      type,
      shape: shape && [shape[0], times(shape[1], 1 / block ** 2), times(shape[2], block), times(shape[3], block)],
    }];
  },
  evaluate(node, [x]) {
    const block = node.number("blocksize", 1), [n, c, h, w] = x!.dims, left = c / block ** 2;
    if (x!.dims.length !== 4 || !Number.isInteger(left)) return undefined;
    const isRows = node.text("mode", "DCR") === "DCR";
    const apart = reshaped(x!, isRows ? [n, block, block, left, h, w] : [n, left, block, block, h, w]);
    return [
      reshaped(transposed(apart, isRows ? [0, 3, 4, 1, 5, 2] : [0, 1, 4, 2, 5, 3]), [n, left, h * block, w * block]),
    ];
  },
};

const spaceToDepth: Op = {
  inputs: [1],
  infer(node, [{ type, shape }]) {
    const block = node.number("blocksize", 1);
    return [{
      type,
      shape: shape && [shape[0], times(shape[1], block ** 2), times(shape[2], 1 / block), times(shape[3], 1 / block)],
    }];
  },
  evaluate(node, [x]) {
    const block = node.number("blocksize", 1), [n, c, ...sizes] = x!.dims, [h, w] = sizes.map((size) => size / block);
    if (x!.dims.length !== 4 || !Number.isInteger(h) || !Number.isInteger(w)) return undefined;
    const apart = transposed(reshaped(x!, [n, c, h, block, w, block]), [0, 3, 5, 1, 2, 4]);
    return [reshaped(apart, [n, c * block ** 2, h, w])];
  },
};

const gridSample: Op = {
  inputs: [2],
  infer: (_node, [{ type, shape }, grid]) => [{
    type,
    shape: shape && grid.shape && [shape[0], shape[1], ...grid.shape.slice(1, -1)],
  }],
};

const affineGrid: Op = {
  inputs: [2],
  infer(_node, [{ type }, size]) {
    const dims = elementsOf(size);
    return [{ type, shape: dims && [dims[0], ...dims.slice(2), dims.length - 2] }];
  },
};

/** Operators that change the number of pixels, or take them from other places. */
export const RESIZE_OPS = {
  Resize: { ...resize, carry: resizeCarry, positions: resizePositions },
  Upsample: { ...upsample, carry: resizeCarry, positions: resizePositions },
  DepthToSpace: { ...depthToSpace, isNoOp: keepsBlocks, carry: depthToSpaceCarry },
  SpaceToDepth: { ...spaceToDepth, isNoOp: keepsBlocks, linear: spaceToDepthLinear, carry: spaceToDepthCarry },
  GridSample: gridSample,
  AffineGrid: affineGrid,
} satisfies Ops;
