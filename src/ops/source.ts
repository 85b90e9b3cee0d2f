import type { Node } from "../graph/graph.ts";
import type { ElementType } from "../tensor/element_type.ts";
import { filledTensor, type Tensor, valuesOf, valueTensor } from "../tensor/tensor.ts";
import { smallValues } from "./constant.ts";
import type { Op, Ops } from "./op.ts";
import { elementsOf } from "./shape_elements.ts";

const constant: Op = {
  infer: (node) => {
    const tensor = node.attributes.get("value")?.tensor;
    return tensor ? [{ type: tensor.type, shape: tensor.dims, constant: tensor }] : [];
  },
  evaluate(node) {
    const tensor = attributeTensor(node);
    return tensor && [tensor];
  },
};

function attributeTensor(node: Node): Tensor | undefined {
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

const constantOfShape: Op = {
  infer(node, [given]) {
    const shape = elementsOf(given), fill = node.attributes.get("value")?.tensor;
    return [{ type: fill?.type ?? "float32", shape: given.shape?.length === 1 ? shape : undefined }];
  },
  evaluate(node, [shape]) {
    const fill = node.attributes.get("value")?.tensor, dims = smallValues(shape);
    return dims && [filledTensor(fill?.type ?? "float32", dims, fill ? valuesOf(fill)[0] : 0)];
  },
};

const shapeOf: Op = {
  infer(node, [{ shape }]) {
    const part = shape?.slice(node.number("start", 0), node.number("end", shape.length));
    return [{ type: "int64", shape: [part?.length ?? null], elements: part }];
  },
};

const range: Op = {
  infer: (_node, [start]) => [{ type: start.type, shape: [null] }],
  evaluate(_node, inputs) {
    const [first] = inputs, [start, limit, delta] = inputs.map((tensor) => tensor && valuesOf(tensor)[0]);
    if (!first || start === undefined || limit === undefined || !delta) return undefined;
    const length = Math.max(0, Math.ceil((limit - start) / delta));
    if (length > 1 << 16) return undefined;
    return [valueTensor(first.type, [length], Float64Array.from({ length }, (_, i) => start + i * delta))];
  },
};

/** Operators that make tensors out of nothing, or of a shape. */
export const SOURCE_OPS = {
  Constant: constant,
  ConstantOfShape: constantOfShape,
  Shape: shapeOf,
  Size: { infer: () => [{ type: "int64", shape: [] }] },
  Range: range,
  ArgMax: { infer: () => [{ type: "int64" }] },
  ArgMin: { infer: () => [{ type: "int64" }] },
  NonZero: { infer: () => [{ type: "int64" }] },
} satisfies Ops;
