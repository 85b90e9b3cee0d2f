import type { Dim, Node, Shape } from "../graph/graph.ts";
import { smallValues } from "./constant.ts";
import { elementCount } from "./dims.ts";
import { Convolution, spatialOf } from "./linear/convolution.ts";
import { layerParts, weightOf } from "./linear/linear_parts.ts";
import { TransposedConvolution } from "./linear/transposed_convolution.ts";
import type { Facts, Op, Ops } from "./op.ts";
import { padConv } from "./padding.ts";
import { Skip } from "./skip.ts";
import { convolved } from "./sliding_window.ts";
import { outputSize, windowOf } from "./window.ts";

/** Shape of a convolution's result. */
function convShape(node: Node, x: Facts, w: Facts): Shape | undefined {
  const kernel = kernelOf(w);
  if (!w.shape || !kernel) return undefined;
  const window = windowOf(node, kernel, x.shape?.slice(2));
  const slid = kernel.map((_, axis) => outputSize(window, axis, x.shape?.[axis + 2] ?? null));
  return [x.shape?.[0] ?? null, w.shape[0], ...slid];
}

const perOutput: Op["work"] = ({ inputs, outputs }) => ({ macs: perWeight(outputs[0]?.shape, inputs[1]?.shape) });

const conv: Op = {
  inputs: [2, 3],
  infer: (node, [x, w]) => [{ type: x.type, shape: convShape(node, x, w) }],
  work: perOutput,
};

const convInteger: Op = {
  inputs: [2, 4],
  infer: (node, [x, w]) => [{ type: "int32", shape: convShape(node, x, w) }],
  work: perOutput,
};

const qlinearConv: Op = {
  inputs: [8, 9],
  infer: (node, [x, , , w, , , , zero]) => [{ type: zero.type, shape: convShape(node, x, w) }],
  work: ({ inputs, outputs }) => ({ macs: perWeight(outputs[0]?.shape, inputs[3]?.shape) }),
};

const convTranspose: Op = {
  inputs: [2, 3],
  infer(node, [x, w]) {
    const kernel = kernelOf(w);
    if (!w.shape || !kernel) return [{ type: x.type }];
    const group = node.number("group", 1), given = node.numbers("output_shape");
    const { strides, dilations, begin, end, isSame } = windowOf(node, kernel, undefined);
    const extra = node.numbers("output_padding");
    const spatial = kernel.map((size, axis): Dim => {
      if (given) return given[axis - kernel.length + given.length] ?? null;
      const length = x.shape?.[axis + 2], before = begin[axis], after = end[axis];
      if (typeof length !== "number") return null;
      const reach = (size - 1) * dilations[axis] + 1, more = extra?.[axis] ?? 0;
      // where the kernel does not reach the next step, padding would be negative, which runtimes see differently
      if (isSame) return reach + more >= strides[axis] ? length * strides[axis] : null;
      if (before === null || after === null) return null;
      return strides[axis] * (length - 1) + more + reach - before - after;
    });
    const channels = w.shape[1];
    return [{
      type: x.type,
      shape: [x.shape?.[0] ?? null, typeof channels === "number" ? channels * group : null, ...spatial],
    }];
  },
  work: ({ inputs }) => ({ macs: perWeight(inputs[0]?.shape, inputs[1]?.shape) }),
};

function kernelOf({ shape }: Facts): readonly number[] | undefined {
  const kernel = shape?.slice(2);
  return kernel?.every((dim) => typeof dim === "number") ? kernel as number[] : undefined;
}

/** Each element of a shape times the weights of one output (or input) channel. */
function perWeight(shape: Shape | undefined, weight: Shape | undefined): number | null {
  const elements = elementCount(shape), weights = elementCount(weight && [1, ...weight.slice(1)]);
  return elements === null || weights === null ? null : elements * weights;
}

/** Columns put back to where windows took them from. */
const col2im: Op = {
  inputs: [3],
  infer(_node, [{ type, shape }, image, block]) {
    const sizes = smallValues(image.constant), blocks = smallValues(block.constant);
    const channels = shape?.[1], area = blocks?.reduce((a, b) => a * b, 1);
    const known = typeof channels === "number" && area ? channels / area : null;
    return [{ type, shape: sizes && [shape?.[0] ?? null, known, ...sizes] }];
  },
};

function noKernel(node: Node, dims: readonly number[], group: number): Skip {
  return new Skip(
    "invalid-parameter",
    `the weight of ${node.label} has the shape [${dims}], which is no kernel for group ${group}`,
  );
}

function convLinear(node: Node): Convolution | Skip {
  const weight = weightOf(node, 1, "weight"), x = node.inputs[0]!, group = node.number("group", 1);
  if (weight instanceof Skip) return weight;
  const [channels, perGroup, ...kernel] = weight.dims;
  if (kernel.length === 0 || channels % group !== 0 || perGroup === 0) return noKernel(node, weight.dims, group);
  return new Convolution({ ...layerParts(node, weight), x, group, window: windowOf(node, kernel, spatialOf(x)) });
}

function convTransposeLinear(node: Node): TransposedConvolution | Skip {
  const weight = weightOf(node, 1, "weight"), group = node.number("group", 1);
  if (weight instanceof Skip) return weight;
  if (weight.dims.length < 3 || weight.dims[0] % group !== 0) return noKernel(node, weight.dims, group);
  return new TransposedConvolution({ ...layerParts(node, weight), x: node.inputs[0]!, group, form: node });
}

/** Convolutions. */
export const CONV_OPS = {
  Conv: { ...conv, evaluate: convolved, linear: convLinear, takePadding: padConv },
  ConvInteger: convInteger,
  ConvTranspose: { ...convTranspose, linear: convTransposeLinear },
  DeformConv: { ...conv, inputs: [3, 5] },
  QLinearConv: qlinearConv,
  Col2Im: col2im,
} satisfies Ops;
