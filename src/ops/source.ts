import { integerTensor } from "../graph/attribute.ts";
import type { Dim, Node, Shape } from "../graph/graph.ts";
import { elementType } from "../graph/tensor_proto.ts";
import type { ElementType } from "../tensor/element_type.ts";
import { mapped } from "../tensor/elementwise.ts";
import { placed } from "../tensor/pick.ts";
import { computedTensor, filledTensor, type Tensor, valuesOf, valueTensor } from "../tensor/tensor.ts";
import { smallValues } from "./constant.ts";
import { product } from "./dims.ts";
import type { Op, Ops } from "./op.ts";
import { elementsOf } from "./shape_elements.ts";

const constant: Op = {
  inputs: [0],
  infer: (node) => {
    const tensor = attributeTensor(node); // of a type that is only carried along
    return tensor ? [{ type: tensor.type, shape: tensor.dims, constant: tensor }] : [];
  },
  evaluate(node) {
    const tensor = attributeTensor(node);
    return tensor && tensor.type !== "string" && tensor.type !== "opaque" ? [tensor] : undefined;
  },
};

function attributeTensor(node: Node): Tensor | undefined {
  const [attribute] = node.attributes.values();
  if (attribute?.tensor) return attribute.tensor;
  const { name, value } = attribute ?? {};
  if (name === "value_float") return valueTensor("float32", [], Float64Array.of(value as number));
  if (name === "value_floats") return vector("float32", value as number[]);
  if (attribute && (name === "value_int" || name === "value_ints")) return integerTensor(attribute);
  return undefined;
}

function vector(type: ElementType, values: readonly number[]): Tensor {
  return valueTensor(type, [values.length], Float64Array.from(values));
}

const constantOfShape: Op = {
  inputs: [1],
  infer(node, [given]) {
    const sizes = given.shape?.length === 1 ? elementsOf(given) : undefined,
      shape = sizes?.map((dim) => typeof dim === "number" && dim < 0 ? null : dim),
      fill = node.attributes.get("value")?.tensor;
    const value = fill ? fill.type === "opaque" || fill.type === "string" ? null : valuesOf(fill)[0] : 0;
    const size = shape?.reduce<number>((product, dim) => typeof dim === "number" ? product * dim : NaN, 1) ?? NaN;
    return [{
      type: fill?.type ?? "float32",
      shape,
      elements: size <= 64 && given.elements ? new Array<Dim>(size).fill(value) : undefined,
    }];
  },
  evaluate(node, [shape]) {
    const fill = node.attributes.get("value")?.tensor, dims = smallValues(shape);
    if (!dims?.every((dim) => dim >= 0) || fill && (fill.type === "opaque" || fill.type === "string")) return undefined;
    return [filledTensor(fill?.type ?? "float32", dims, fill ? valuesOf(fill)[0] : 0)];
  },
};

const shapeOf: Op = {
  inputs: [1],
  infer(node, [{ shape }]) {
    const part = shape?.slice(
      node.number("start", 0),
      node.attribute("end") === undefined ? undefined : node.number("end", 0),
    );
    return [{ type: "int64", shape: [part?.length ?? null], elements: part }];
  },
};

const sizeOfAll: Op = {
  inputs: [1],
  infer: (_node, [{ shape }]) => [{ type: "int64", shape: [], elements: [shape ? product(shape) : null] }],
};

const range: Op = {
  inputs: [3],
  infer(_node, [start, limit, delta]) {
    const [from, to, step] = [start, limit, delta].map((facts) => elementsOf(facts)?.[0]);
    const length = from === 0 && step === 1 && to !== undefined ? to : null;
    return [{ type: start.type, shape: [length] }];
  },
  evaluate(_node, inputs) {
    const [start, limit, delta] = inputs.map((tensor) => valuesOf(tensor!)[0]);
    const length = Math.max(0, Math.ceil((limit - start) / delta));
    if (!Number.isFinite(length)) return undefined;
    return [
      computedTensor(inputs[0]!.type, [length], () => Float64Array.from({ length }, (_, i) => start + i * delta)),
    ];
  },
};

/** A type by its number in an attribute. */
function typeIn(node: Node, name: string, otherwise: ElementType | undefined): ElementType | undefined {
  const code = node.attribute(name);
  return typeof code === "number" ? elementType(code) : otherwise;
}

const eyeLike: Op = {
  inputs: [1],
  infer: (node, [{ type, shape }]) => [{ type: typeIn(node, "dtype", type), shape }],
  evaluate(node, [x]) {
    const type = typeIn(node, "dtype", x!.type)!, k = node.number("k", 0), { dims } = x!;
    if (type === "opaque" || type === "string" || dims.length !== 2) return undefined;
    return [placed(filledTensor(type, [1], 1), dims, ([row, column]) => column - row === k ? 0 : -1)];
  },
};

const random: Op = {
  inputs: [0],
  infer: (node) => [{ type: typeIn(node, "dtype", "float32"), shape: node.numbers("shape") }],
};

const randomLike: Op = {
  inputs: [1],
  infer: (node, [{ type, shape }]) => [{ type: typeIn(node, "dtype", type), shape }],
};

const multinomial: Op = {
  inputs: [1],
  infer: (node, [{ shape }]) => [{
    type: typeIn(node, "dtype", "int32"),
    shape: [shape?.[0] ?? null, node.number("sample_size", 1)],
  }],
};

/** A window of signal processing: a sum of cosines. */
function window(of: (place: number) => number): Op {
  return {
    inputs: [1],
    infer: (node, [size]) => [{
      type: typeIn(node, "output_datatype", "float32"),
      shape: [elementsOf(size)?.[0] ?? null],
    }],
    evaluate(node, [size]) {
      const length = valuesOf(size!)[0], type = typeIn(node, "output_datatype", "float32")!;
      if (type === "opaque" || type === "string") return undefined;
      const period = node.number("periodic", 1) !== 0 ? length : length - 1;
      const places = computedTensor(type, [length], () => Float64Array.from({ length }, (_, i) => i));
      return [mapped(places, (i) => of(2 * Math.PI * i / period))];
    },
  };
}

const melWeightMatrix: Op = {
  inputs: [5],
  infer(node, [bins, length]) {
    const size = elementsOf(length)?.[0], columns = elementsOf(bins)?.[0] ?? null;
    const rows: Shape[number] = typeof size === "number" ? Math.floor(size / 2) + 1 : null;
    return [{ type: typeIn(node, "output_datatype", "float32"), shape: [rows, columns] }];
  },
};

/** Operators that make tensors out of nothing, or of a shape. */
export const SOURCE_OPS = {
  Constant: constant,
  ConstantOfShape: constantOfShape,
  Shape: { ...shapeOf, readsShapeOnly: true },
  Size: { ...sizeOfAll, readsShapeOnly: true },
  Range: range,
  EyeLike: eyeLike,
  RandomNormal: random,
  RandomUniform: random,
  RandomNormalLike: randomLike,
  RandomUniformLike: randomLike,
  Bernoulli: randomLike,
  Multinomial: multinomial,
  HannWindow: window((x) => 0.5 - 0.5 * Math.cos(x)),
  HammingWindow: window((x) => 25 / 46 - 21 / 46 * Math.cos(x)),
  BlackmanWindow: window((x) => 0.42 - 0.5 * Math.cos(x) + 0.08 * Math.cos(2 * x)),
  MelWeightMatrix: melWeightMatrix,
} satisfies Ops;
