import { changedAttributes } from "../../graph/attribute.ts";
import type { Node, Value } from "../../graph/graph.ts";
import { isFloat } from "../../tensor/element_type.ts";
import { broadcasted } from "../../tensor/elementwise.ts";
import type { Factor } from "../../tensor/multiply.ts";
import { filledTensor, sizeOf, type Tensor, valuesOf, valueTensor } from "../../tensor/tensor.ts";
import type { Builder } from "../builder.ts";
import { axisOf, constantOf, permOf } from "../constant.ts";

/** A weight that the file has in a smaller form (whole numbers and a scale, a narrower type), times a factor. */
export interface CompactWeight {
  /** What the smaller form makes. */
  readonly value: Value;
  /** Of the rank of the value. */
  readonly factor: Factor;
  /** The weight that both together are. */
  readonly holds: Tensor;
}

/** A factor for the tensor itself, where it was given for a view of it that takes the first axis apart into groups. */
export function unviewed({ dims, values }: Factor, view: readonly number[]): Factor {
  const [groups, each] = view, inner = sizeOf(dims.slice(2));
  if (dims[0] === 1 && dims[1] === 1) return { dims: dims.slice(1), values };
  const rows = Array.from({ length: groups * each }, (_, row) => {
    const from = dims[0] === 1 ? 0 : Math.floor(row / each) * dims[1], at = from + (dims[1] === 1 ? 0 : row % each);
    return values.subarray(at * inner, (at + 1) * inner);
  });
  return { dims: [rows.length, ...dims.slice(2)], values: Float64Array.from(rows.flatMap((row) => [...row])) };
}

/** The product of two factors of one rank. */
export function factorProduct(a: Factor, b: Factor): Factor {
  const tensors = [a, b].map(({ dims, values }) => valueTensor("float64", dims, values));
  const product = broadcasted(tensors, (x, y) => x * y)!;
  return { dims: product.dims, values: valuesOf(product) };
}

/** The factor without axes along which it does not vary. */
function collapsed(factor: Factor): Factor {
  return factor.dims.reduce(({ dims, values }, length, axis) => {
    const inner = sizeOf(dims.slice(axis + 1)), outer = length * inner;
    const isSame = length > 1 && values.every((value, at) => value === values[at - at % outer + at % inner]);
    return isSame
      ? {
        dims: dims.with(axis, 1),
        values: values.filter((_, at) => at % outer < inner),
      }
      : { dims, values };
  }, factor);
}

/**
 * The weight made of its smaller form with the factor worked into a scale there, positive or negative: of a DequantizeLinear,
 * of a product with constants, or behind a Cast. What is stored (the integers) stays. Undefined where no scale can take it.
 */
export function emitCompact({ value, factor }: CompactWeight, build: Builder): Value | undefined {
  const first = build.nodes.length, now = scaled(value, collapsed(factor), build);
  if (isShared(value)) { for (const node of build.nodes.slice(first)) node.name &&= build.graph.freshName(node.name); }
  return now;
}

/** Whether something on the way to it stays for others. */
function isShared({ users, producer }: Value): boolean {
  return users.size > 1 || producer?.inputs.some((value) => value?.producer && isShared(value)) === true;
}

function scaled(value: Value, factor: Factor, build: Builder): Value | undefined {
  const node = value.producer;
  if (!node || node.outputs.length > 1 || node.hasReferences) return undefined;
  if (factor.values.every((by) => by === 1)) return value;
  switch (node.operator) {
    case "Identity":
      return again(node, scaled(node.inputs[0]!, factor, build), build);
    case "Transpose":
      return longAxes(factor).length > 1
        ? undefined
        : again(node, scaled(node.inputs[0]!, turned(factor, node), build), build);
    case "Mul":
      return product(node, factor, build);
    case "Cast": {
      // whole numbers without a scale stay the weight they are
      if (!isFloat(node.inputs[0]!.type) || isLarge(factor.values, value)) return undefined;
      const constant = build.initializer(`${value.name}.scale`, valueTensor(value.type!, factor.dims, factor.values));
      return build.node("Mul", [value, constant], { name: node.name && `${node.name}/scale`, output: value.name });
    }
    case "DequantizeLinear":
    case "com.microsoft.DequantizeLinear":
      return dequantized(node, factor, build);
  }
}

function again(node: Node, input: Value | undefined, build: Builder): Value | undefined {
  return input && build.like(node, [input]);
}

/** The axes along which a factor varies. */
function longAxes({ dims }: Factor): number[] {
  return dims.flatMap((length, axis) => length > 1 ? [axis] : []);
}

/** A factor along one axis before a Transpose: its values stay in order. */
function turned({ dims, values }: Factor, node: Node): Factor {
  const perm = permOf(node, dims.length);
  return { dims: dims.map((_, axis) => dims[perm.indexOf(axis)]), values };
}

/** Fewest weights that an entry of a new scale serves: a scale that is large beside its weight is no smaller form of it. */
const FEWEST_WEIGHTS = 16;

function isLarge({ length }: Float64Array, value: Value): boolean {
  return length > 1 && length * FEWEST_WEIGHTS > constantOf(value)!.size;
}

/** The smaller operand of a product takes the factor. */
function product(node: Node, factor: Factor, build: Builder): Value | undefined {
  const index = [0, 1].find((at) => constantOf(node.inputs[at])!.size < constantOf(node.output)!.size);
  if (index === undefined) return undefined;
  const value = node.inputs[index]!, scale = constantOf(value)!, rank = factor.dims.length;
  const dims = [...new Array<number>(Math.max(0, rank - scale.dims.length)).fill(1), ...scale.dims];
  const both = collapsed(factorProduct({ dims, values: valuesOf(scale) }, factor));
  if (both.values.length > scale.size && isLarge(both.values, node.output)) return undefined;
  const now = build.initializer(value.name, valueTensor(scale.type, both.dims, both.values));
  return build.like(node, node.inputs.with(index, now));
}

/** (q − z)·s times a factor is (q − z)·(factor·s): with one scale for all, per entry of an axis, or per block. */
function dequantized(node: Node, factor: Factor, build: Builder): Value | undefined {
  const [x, scaleValue, zeroValue] = node.inputs, scale = constantOf(scaleValue)!, { dims } = constantOf(node.output)!;
  const block = node.number("block_size", 0), long = longAxes(factor);
  const isWhole = scale.size === 1 && block === 0, own = axisOf(node, dims.length, 1);
  if (scale.type !== node.output.type || long.length > 1) return undefined;
  const [axis = own] = long;
  if (block > 0) {
    if (axis === own && long.length > 0) return undefined;
    const now = factorProduct({ dims: scale.dims, values: valuesOf(scale) }, factor);
    return emit(valueTensor(scale.type, scale.dims, now.values), zeroValue);
  }
  if (!isWhole && axis !== own) return undefined;
  const values = isWhole
    ? factor.values.map((by) => by * valuesOf(scale)[0])
    : valuesOf(scale).map((by, at) => by * factor.values[factor.values.length > 1 ? at : 0]);
  if (!isWhole || long.length === 0) return emit(valueTensor(scale.type, scale.dims, values), zeroValue);
  if (node.domain === "" && node.opset < 13 || isLarge(values, node.output)) return undefined;
  const zero = zeroValue && constantOf(zeroValue)!, origin = zero && originOfZero(zero);
  if (zero && origin === undefined) return undefined;
  const origins = origin
    ? build.initializer(zeroValue!.name, filledTensor(zero!.type, [values.length], origin))
    : undefined;
  return emit(valueTensor(scale.type, [values.length], values), origins, changedAttributes(node, { axis }));

  function emit(tensor: Tensor, zero: Value | undefined, attributes?: Parameters<Builder["like"]>[2]): Value {
    return build.like(node, [x, build.initializer(scaleValue!.name, tensor), zero], attributes);
  }
}

/** The one zero point, 0 where it can be left out; undefined where its type cannot be written. */
function originOfZero(zero: Tensor): number | undefined {
  if (zero.type === "opaque" && !zero.isReadable) return undefined;
  const [value] = valuesOf(zero);
  return value === 0 || zero.type !== "opaque" ? value : undefined;
}
