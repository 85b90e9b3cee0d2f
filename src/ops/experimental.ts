import type { Dim, Node } from "../graph/graph.ts";
import { imageScaler, numbers } from "./affine/scaler.ts";
import { smallValues } from "./constant.ts";
import { fromStart } from "./dims.ts";
import { inferSame, unary } from "./elementwise.ts";
import { softplus } from "./functions.ts";
import type { Op, Ops } from "./op.ts";

/** A function of one attribute times, and another inside. */
function scaled(f: (x: number) => number): Op {
  return unary((node: Node) => {
    const alpha = node.number("alpha", NaN), beta = node.number("beta", NaN);
    return Number.isNaN(alpha + beta) ? undefined : (x) => alpha * f(beta * x);
  });
}

/** Pixels cut off at the left, top, right and bottom, or so many kept from there on. */
const crop: Op = {
  inputs: [1],
  infer(node, [{ type, shape }]) {
    const [left = 0, top = 0, right = 0, bottom = 0] = node.numbers("border") ?? [], size = node.numbers("scale");
    const less = (dim: Dim, by: number) => typeof dim === "number" ? dim - by : by === 0 ? dim : null;
    const [height, width] = size ?? [less(shape?.[2] ?? null, top + bottom), less(shape?.[3] ?? null, left + right)];
    return [{ type, shape: shape && [shape[0], shape[1], height, width] }];
  },
};

/** A Slice from some entries to others, along the first axes where none are given. */
const dynamicSlice: Op = {
  inputs: [3, 4],
  infer(node, [{ type, shape }, ...given]) {
    const [starts, ends, axes] = given.map(({ constant }) => smallValues(constant));
    const along = shape && starts && (node.has(3) ? axes : [...starts.keys()]);
    if (!shape || !starts || !ends || !along) return [{ type, shape: shape?.map(() => null) }];
    const cut = along.reduce<readonly Dim[]>((dims, given, at) => {
      const axis = fromStart(given, dims.length), length = dims[axis];
      if (typeof length !== "number") return dims.with(axis, null);
      const [from, to] = [starts, ends].map((side) => Math.min(length, Math.max(0, fromStart(side[at], length))));
      return dims.with(axis, Math.max(0, to - from));
    }, shape);
    return [{ type, shape: cut }];
  },
};

/** Operators that ONNX had on trial: ONNX Runtime runs them up to operator set 9. */
export const EXPERIMENTAL_OPS = {
  Affine: { inputs: [1], infer: inferSame, affine: numbers("alpha", "beta") },
  Crop: crop,
  DynamicSlice: dynamicSlice,
  ImageScaler: { inputs: [1], infer: inferSame, affine: imageScaler },
  ParametricSoftplus: scaled(softplus),
  Scale: { inputs: [1], infer: inferSame, affine: numbers("scale") },
  ScaledTanh: scaled(Math.tanh),
} satisfies Ops;
