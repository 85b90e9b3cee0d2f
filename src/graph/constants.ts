import { type ElementType, formatOf, isFloat } from "../tensor/element_type.ts";
import {
  computedTensor,
  filledTensor,
  reshaped,
  sizeOf,
  type Tensor,
  valuesOf,
  valueTensor,
} from "../tensor/tensor.ts";
import { transposed } from "../tensor/arrange.ts";
import { CONSTANT_OPS } from "./constant_ops.ts";
import type { Node, Value } from "./graph.ts";
import { elementType } from "./tensor_proto.ts";

const known = new WeakMap<Node, Tensor | null>();

/**
 * The tensor a value always has: an initializer that nobody may override, a Constant, or what shape and arithmetic nodes
 * make of constants. Undefined where the value depends on the model's input.
 */
export function constantOf(value: Value | undefined): Tensor | undefined {
  if (!value) return undefined;
  if (value.initializer) {
    return value.isOverridable || value.graph.model.mutableWeights ? undefined : value.initializer;
  }
  const node = value.producer;
  if (!node || node.domain !== "" || node.outputs[0] !== value || value.isInput) return undefined;
  let tensor = known.get(node);
  if (tensor === undefined) known.set(node, tensor = evaluate(node) ?? null);
  return tensor ?? undefined;
}

/** The elements of a small constant, such as axes or a shape. */
export function constantValues(value: Value | undefined): number[] | undefined {
  const tensor = constantOf(value);
  return tensor && tensor.type !== "string" && tensor.type !== "opaque" && tensor.size <= 4096
    ? [...valuesOf(tensor)]
    : undefined;
}

/** Why a value is not constant, in words that follow "is not constant: ". */
export function whyNotConstant(value: Value): string {
  if (value.initializer && value.isOverridable) {
    return `'${value.name}' is an initializer that is also a graph input, and from IR version 4 on a caller may override it`;
  }
  if (value.initializer) return value.graph.model.mutableWeights!;
  if (value.isInput) return `'${value.name}' is an input`;
  return `'${value.name}' is computed by ${value.producer?.opType ?? "an outer graph"}`;
}

/** Axes from the attribute (before opset 13) or the second input (after), made non-negative. */
export function axesOf(node: Node, rank: number, input: number = 1): number[] | undefined {
  const axes = node.has(input) ? constantValues(node.inputs[input]) : node.numbers("axes");
  return axes?.map((axis) => axis < 0 ? axis + rank : axis);
}

/** Operators whose result on constants is a constant. */
export const EVALUATED: ReadonlySet<string> = new Set([
  ...["Constant", "ConstantOfShape", "Shape", "Identity", "Cast", "CastLike"],
  ...["Reshape", "Flatten", "Squeeze", "Unsqueeze", "Transpose"],
  ...Object.keys(CONSTANT_OPS),
]);

function evaluate(node: Node): Tensor | undefined {
  if (node.hasReferences) return undefined;
  if (node.opType === "Constant") return constant(node);
  if (node.opType === "Shape") return shapeOf(node);
  if (!EVALUATED.has(node.opType)) return undefined;
  if (node.opType === "CastLike") {
    const x = constantOf(node.inputs[0]), type = node.inputs[1]?.type;
    return x && type && cast(x, type);
  }
  const inputs = node.inputs.map(constantOf);
  const [x] = inputs;
  if (!x || inputs.some((input, index) => input === undefined && node.has(index))) return undefined;
  if (x.type === "string" || x.type === "opaque") return undefined;
  switch (node.opType) {
    case "Identity":
      return x;
    case "ConstantOfShape": {
      const fill = node.attributes.get("value")?.tensor;
      return filledTensor(fill?.type ?? "float32", [...valuesOf(x)], fill ? valuesOf(fill)[0] : 0);
    }
    case "Cast":
      return cast(x, elementType(node.number("to", 0)));
    case "Reshape": {
      const shape = inputs[1] ? [...valuesOf(inputs[1])] : node.numbers("shape");
      return shape && reshapeTo(x, shape, node.number("allowzero", 0) !== 0);
    }
    case "Flatten": {
      const axis = node.number("axis", 1), at = axis < 0 ? axis + x.dims.length : axis;
      return reshaped(x, [sizeOf(x.dims.slice(0, at)), sizeOf(x.dims.slice(at))]);
    }
    case "Unsqueeze": {
      const given = inputs[1] ? [...valuesOf(inputs[1])] : node.numbers("axes") ?? [];
      const rank = x.dims.length + given.length;
      const axes = new Set(given.map((axis) => axis < 0 ? axis + rank : axis));
      const rest = [...x.dims];
      return reshaped(x, Array.from({ length: rank }, (_, axis) => axes.has(axis) ? 1 : rest.shift()!));
    }
    case "Squeeze": {
      const axes = axesOf(node, x.dims.length);
      return reshaped(x, x.dims.filter((dim, axis) => axes ? !axes.includes(axis) : dim !== 1));
    }
    case "Transpose": {
      const order = node.numbers("perm") ?? x.dims.map((_, axis) => x.dims.length - 1 - axis);
      return transposed(x, order);
    }
  }
  return Object.hasOwn(CONSTANT_OPS, node.opType) ? CONSTANT_OPS[node.opType](node, inputs) : undefined;
}

/** The shape of a value whose shape is known to the last dimension. */
function shapeOf(node: Node): Tensor | undefined {
  const shape = node.inputs[0]?.shape;
  if (!shape?.every((dim) => typeof dim === "number")) return undefined;
  const part = shape.slice(node.number("start", 0), node.attribute("end") as number | undefined);
  return vector("int64", part as number[]);
}

function constant(node: Node): Tensor | undefined {
  const [attribute] = node.attributes.values();
  if (attribute?.tensor) return attribute.tensor;
  const { name, value } = attribute ?? {};
  if (name === "value_float") return valueTensor("float32", [], Float64Array.of(value as number));
  if (name === "value_floats") return vector("float32", value as number[]);
  const exact = (Array.isArray(value) ? value : [value]).every((v) => Number.isSafeInteger(v));
  if (name === "value_int" && exact) return valueTensor("int64", [], Float64Array.of(value as number));
  if (name === "value_ints" && exact) return vector("int64", value as number[]);
  return undefined;
}

function vector(type: ElementType, values: readonly number[]): Tensor {
  return valueTensor(type, [values.length], Float64Array.from(values));
}

/** Casts between floats, and from whole numbers a float64 holds exactly. Values are rounded once, when written. */
function cast(x: Tensor, to: ElementType): Tensor | undefined {
  if (x.type === to) return x;
  if (to === "string" || to === "opaque" || !isFloat(to)) return undefined;
  if (!isFloat(x.type) && x.bound() > Number.MAX_SAFE_INTEGER) return undefined;
  const narrower = formatOf(to).max < formatOf(x.type).max && isFloat(x.type);
  if (narrower) {
    return computedTensor(to, x.dims, () => {
      const values = valuesOf(x), bytes = new Uint8Array(x.size * formatOf(to).bytes);
      formatOf(to).encode(values, bytes);
      formatOf(to).decode(bytes, values);
      return values;
    });
  }
  const { dims, size, read, bound } = x;
  return { type: to, dims, size, read, bound };
}

/** Reshape's rules: 0 copies the dimension (unless allowzero), −1 takes what is left. */
export function reshapeTo(x: Tensor, shape: readonly number[], allowZero: boolean): Tensor | undefined {
  const dims = shape.map((dim, axis) => dim === 0 && !allowZero ? x.dims[axis] : dim);
  const rest = dims.filter((dim) => dim !== -1).reduce((a, b) => a * b, 1);
  const full = dims.map((dim) => dim === -1 ? x.size / rest : dim);
  return sizeOf(full) === x.size ? reshaped(x, full) : undefined;
}
