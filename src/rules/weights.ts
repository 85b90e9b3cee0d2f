import { constantOf, whyNotConstant } from "../ops/constant.ts";
import type { Node, Value } from "../graph/graph.ts";
import type { Builder } from "../ops/builder.ts";
import { Skip } from "../ops/skip.ts";
import { isFloat } from "../tensor/element_type.ts";
import { forEachChunk, type Tensor, valuesOf, valueTensor } from "../tensor/tensor.ts";

/** A constant floating-point weight of a layer, or why it is none. */
export function weightOf(node: Node, index: number, role: string): Tensor | Skip {
  const value = node.inputs[index];
  if (!value) return new Skip("not-constant", `${node.label} has no ${role}`);
  const tensor = constantOf(value);
  if (!tensor) {
    return new Skip("not-constant", `the ${role} of ${node.label} is not constant: ${whyNotConstant(value)}`);
  }
  if (!isFloat(tensor.type)) {
    return new Skip("element-type", `the ${role} of ${node.label} has the element type ${tensor.type}`);
  }
  return tensor;
}

/** A constant bias with `channels` entries, zeros where there is none, or why it cannot be read. */
export function biasOf(node: Node, index: number, channels: number): Float64Array | Skip {
  if (!node.has(index)) return new Float64Array(channels);
  const tensor = weightOf(node, index, "bias");
  if (tensor instanceof Skip) return tensor;
  if (tensor.size !== channels) {
    return new Skip("invalid-parameter", `the bias of ${node.label} has ${tensor.size} entries, expected ${channels}`);
  }
  return valuesOf(tensor);
}

/** b·s + t. */
export function affineBias(bias: Float64Array, scale: Float64Array, shift: Float64Array): Float64Array {
  return bias.map((value, i) => value * scale[i] + shift[i]);
}

/** The bias as a tensor, or undefined where there was none and none is needed. */
export function biasTensor(weight: Tensor, bias: Float64Array, hadOne: boolean): Tensor | undefined {
  return hadOne || bias.some((value) => value !== 0) ? valueTensor(weight.type, [bias.length], bias) : undefined;
}

/** The bias of a layer like `node` as a new initializer; undefined where there was none and none is needed. */
export function newBias(node: Node, weight: Tensor, bias: Float64Array, build: Builder): Value | undefined {
  const tensor = biasTensor(weight, bias, node.has(2));
  return tensor &&
    build.initializer(nameAfter(node.inputs[2], `${nameAfter(node.inputs[1], node.label)}.bias`), tensor);
}

/** A layer like `node`, which has x, W and b as its inputs, with another W, applied to `x`; the same b where none is given. */
export function withWeights(
  node: Node,
  weight: Tensor,
  build: Builder,
  x: Value,
  w: Tensor,
  bias: Float64Array | undefined,
): Value {
  const matrix = build.initializer(nameAfter(node.inputs[1], `${node.label}.weight`), w);
  return build.like(node, [x, matrix, bias ? newBias(node, weight, bias, build) : node.inputs[2]]);
}

/** Σ_k v[k]·W[k, n] for every n, of a matrix W[K, N], or of W[N, K] where it is transposed. */
export function vectorTimes(vector: Float64Array, matrix: Tensor, isTransposed: boolean): Float64Array {
  const columns = matrix.dims[matrix.dims.length - 1];
  const out = new Float64Array(isTransposed ? matrix.size / columns : columns);
  forEachChunk(matrix, (values, start) => {
    let row = Math.floor(start / columns), column = start % columns;
    for (let at = 0; at < values.length; at++) {
      if (isTransposed) out[row] += vector[column] * values[at];
      else out[column] += vector[row] * values[at];
      if (++column === columns) row++, column = 0;
    }
  });
  return out;
}

/** What to name a new initializer after: the one it comes from. */
export function nameAfter(value: Value | undefined, otherwise: string): string {
  return value?.name ?? otherwise;
}

/** Why an affine map does not meet the axis of a layer. */
export function axisMismatch(axis: number | null, length: number, wanted: { axis: number; channels: number }): Skip {
  return axis !== wanted.axis
    ? new Skip("other-axis", `it goes along axis ${axis}, but the channels of the layer are axis ${wanted.axis}`)
    : new Skip("other-channels", `it has ${length} entries, but the layer has ${wanted.channels} channels`);
}

/** Scale and shift with one entry a channel of the layer's axis, or why they do not fit. */
export function fitted(
  { axis, scale, shift }: { axis: number | null; scale: Float64Array; shift: Float64Array },
  wanted: { axis: number; channels: number },
): { scale: Float64Array; shift: Float64Array } | Skip {
  if (axis === null) {
    const full = (values: Float64Array) => new Float64Array(wanted.channels).fill(values[0]);
    return { scale: full(scale), shift: full(shift) };
  }
  if (axis !== wanted.axis || scale.length !== wanted.channels) return axisMismatch(axis, scale.length, wanted);
  return { scale, shift };
}
