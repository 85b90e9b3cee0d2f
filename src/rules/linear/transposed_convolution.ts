import type { Node, Value } from "../../graph/graph.ts";
import { windowOf } from "../../ops/window.ts";
import { Skip } from "../../ops/skip.ts";
import { transposed } from "../../tensor/arrange.ts";
import { mixedKernel } from "../../tensor/kernels.ts";
import { matrixProduct } from "../../tensor/matrices.ts";
import { reshaped, sizeOf, type Tensor, valuesOf, valueTensor } from "../../tensor/tensor.ts";
import { biasOf, nameAfter, weightOf } from "../weights.ts";
import { convolutionAt } from "./convolution.ts";
import type { Layered } from "./linear_map.ts";

/**
 * A 1×1 Conv before or after a ConvTranspose as one ConvTranspose, groups of 1 only. After it: W'[c, m] = Σ V[m, n]·W[c, n],
 * b' = V·b + a. Before it, exact where the Conv has no bias (cells of the result see different numbers of its cells):
 * W'[c, m] = Σ V[n, c]·W[n, m]. Undefined where the root and the node before it are no such pair.
 */
export function composedTransposed(root: Node): Layered | Skip | undefined {
  const before = root.inputs[0]?.producer;
  if (!before || before.domain !== "" || before.hasReferences || root.hasReferences) return undefined;
  const isAfter = root.is("Conv") && before.is("ConvTranspose");
  if (!isAfter && !(root.is("ConvTranspose") && before.is("Conv"))) return undefined;
  const [up, mix] = isAfter ? [before, root] : [root, before];
  const pointwise = convolutionAt(mix), kernel = weightOf(up, 1, "weight");
  if (!pointwise || pointwise instanceof Skip || kernel instanceof Skip) return undefined;
  const isTap = pointwise.slides.every(({ size, stride, begin, end }) =>
    size === 1 && stride === 1 && begin === 0 && end === 0
  );
  if (!isTap || pointwise.group !== 1 || up.number("group", 1) !== 1) return undefined;
  const value = before.output;
  if (value.isOutput || value.users.size > 1) {
    return new Skip(
      value.isOutput ? "graph-output" : "other-user",
      `'${value.name}', which would disappear, is ${value.isOutput ? "a graph output" : "used more than once"}`,
    );
  }
  if (kernel.type !== pointwise.weight.type || kernel.dims.length !== pointwise.weight.dims.length) {
    return new Skip("element-type", `${up.label} has ${kernel.type} weights, ${mix.label} ${pointwise.weight.type}`);
  }
  const matrix = reshaped(pointwise.weight, pointwise.weight.dims.slice(0, 2));
  const own = up.has(2) ? biasOf(up, 2, kernel.dims[1]) : undefined;
  if (own instanceof Skip) return own;
  if (!isAfter && pointwise.bias?.some((entry) => entry !== 0)) {
    return new Skip(
      "shift-at-border",
      `${before.label} has a bias, and the cells of the result of ${root.label} see different numbers of its cells`,
    );
  }
  const weight = isAfter ? mixedKernel(kernel, matrix) : product(transposed(matrix, [1, 0]), kernel);
  const bias = isAfter ? mixedBias(matrix, own, pointwise.bias) : own;
  const ratio = growth(up, kernel.dims.slice(2));
  const most = ratio ?? 1; // positions of the result of `up` for one of its input
  const biases = (own?.length ?? 0) + (pointwise.bias?.length ?? 0);
  return {
    nodes: [before, root],
    work: {
      macs: kernel.size + matrix.size * (isAfter ? most : 1),
      parameters: kernel.size + matrix.size + biases,
    },
    cost: { macs: weight.size, parameters: weight.size + (bias?.length ?? 0) },
    isSure: !isAfter || ratio !== undefined,
    emit: (build): Value => {
      const name = nameAfter(up.inputs[1], `${up.label}.weight`);
      const copy = build.like(up, [
        before.inputs[0]!,
        build.initializer(name, weight),
        bias && build.initializer(
          nameAfter(up.inputs[2], `${name}.bias`),
          valueTensor(weight.type, [bias.length], bias),
        ),
      ]);
      return copy;
    },
  };
}

/** A matrix times a kernel along the kernel's first axis. */
function product(matrix: Tensor, kernel: Tensor): Tensor {
  const [rows, ...rest] = kernel.dims;
  return reshaped(matrixProduct(matrix, reshaped(kernel, [rows, sizeOf(rest)])), [matrix.dims[0], ...rest]);
}

/** V·b + a. */
function mixedBias(
  matrix: Tensor,
  bias: Float64Array | undefined,
  own: Float64Array | undefined,
): Float64Array | undefined {
  if (!bias) return own;
  const [rows, columns] = matrix.dims, values = valuesOf(matrix);
  return Float64Array.from({ length: rows }, (_, m) => {
    let sum = own?.[m] ?? 0;
    for (let n = 0; n < columns; n++) sum += values[m * columns + n] * bias[n];
    return sum;
  });
}

/** How many output positions a transposed convolution has for one of its input, at least; undefined where not known. */
function growth(node: Node, kernel: readonly number[]): number | undefined {
  const x = node.inputs[0]?.shape, y = node.output.shape;
  const { strides, dilations, begin, end } = windowOf(node, kernel, undefined);
  let ratio = 1;
  for (let axis = 0; axis < kernel.length; axis++) {
    const from = x?.[axis + 2], to = y?.[axis + 2], before = begin[axis], after = end[axis];
    if (typeof from === "number" && typeof to === "number") ratio *= to / from;
    else if (node.numbers("output_shape") || before === null || after === null) return undefined;
    else if (before + after <= dilations[axis] * (kernel[axis] - 1) + 1 - strides[axis]) ratio *= strides[axis];
    else return undefined;
  }
  return ratio;
}
