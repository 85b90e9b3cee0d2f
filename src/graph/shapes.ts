import type { ElementType } from "../tensor/element_type.ts";
import { axesOf, constantOf, constantValues } from "./constants.ts";
import type { Dim, Graph, Node, Shape } from "./graph.ts";
import { reshapedDims, shapeValues } from "./shape_values.ts";
import { elementType } from "./tensor_proto.ts";
import { isUnnamed } from "./unnamed.ts";
import { isSame, slidOutput, windowOf } from "./window.ts";

type Infer = (node: Node, shapes: (Shape | undefined)[]) => (Shape | undefined)[];

/** Fills in types and shapes of all values of a graph that the file leaves out, in the order of its nodes. */
export function inferShapes(graph: Graph): void {
  for (const node of graph.nodes) {
    if (!node.isRemoved) inferNode(node);
    for (const inner of node.subgraphs) inferShapes(inner);
  }
}

/** Fills in type and shape of one node's outputs from its inputs, where they are not known yet. */
export function inferNode(node: Node): void {
  if (node.domain !== "" || node.hasReferences) return;
  const shapes = node.inputs.map((value) => value?.shape);
  const inferred = outputShapes(node, shapes);
  node.outputs.forEach((value, index) => {
    if (!value) return;
    value.type ??= index === 0 || SAME_TYPE_OUTPUTS.has(node.opType) ? typeOf(node) : undefined;
    const shape = inferred?.[index];
    if (shape) value.shape = value.shape ? merged(value.shape, shape) : shape;
  });
}

function outputShapes(node: Node, shapes: (Shape | undefined)[]): (Shape | undefined)[] | undefined {
  const constant = constantOf(node.outputs[0]);
  if (constant) return [constant.dims];
  if (ELEMENTWISE.has(node.opType)) return [shapes[0]];
  if (BROADCAST.has(node.opType)) return [broadcast(shapes)];
  return INFER[node.opType]?.(node, shapes);
}

/** Known dimensions win over names, names over nothing; a different rank is not believed. */
function merged(given: Shape, inferred: Shape): Shape {
  if (given.length !== inferred.length) return given;
  return given.map((dim, axis) => {
    const other = inferred[axis];
    return typeof dim === "number" || other === null || dim !== null && isUnnamed(other) ? dim : other;
  });
}

const SAME_TYPE_OUTPUTS = new Set(["Split", "BatchNormalization"]);

function typeOf(node: Node): ElementType | undefined {
  if (node.opType === "Cast") return elementType(node.number("to", 0));
  if (node.is("Shape", "Size", "ArgMax", "ArgMin", "NonZero")) return "int64";
  if (node.is("Equal", "Greater", "Less", "GreaterOrEqual", "LessOrEqual", "Not", "And", "Or", "IsNaN")) return "bool";
  if (node.is("Where")) return node.inputs[1]?.type;
  if (node.is("Constant", "ConstantOfShape")) return constantOf(node.outputs[0])?.type;
  if (node.is("DequantizeLinear")) return node.inputs[1]?.type;
  if (node.is("QuantizeLinear")) return node.inputs[2]?.type;
  return INFER[node.opType] || ELEMENTWISE.has(node.opType) || BROADCAST.has(node.opType)
    ? node.inputs[0]?.type
    : undefined;
}

const ELEMENTWISE = new Set(
  ("Relu LeakyRelu PRelu Elu Selu Celu Sigmoid Tanh HardSigmoid HardSwish Gelu Mish Softplus Softsign Erf Clip Neg Abs Sqrt " +
    "Exp Log Reciprocal Floor Ceil Round Sign Identity Dropout Cast BatchNormalization InstanceNormalization " +
    "LayerNormalization GroupNormalization LRN Softmax LogSoftmax Hardmax Not IsNaN ThresholdedRelu QuantizeLinear " +
    "DequantizeLinear CumSum Swish").split(" "),
);

const BROADCAST = new Set(
  "Add Sub Mul Div Pow Min Max Sum Mean Equal Greater Less GreaterOrEqual LessOrEqual And Or Where".split(" "),
);

/** The shape of a broadcast result; undefined where a rank is unknown. */
export function broadcast(shapes: readonly (Shape | undefined)[]): Shape | undefined {
  if (shapes.some((shape) => !shape)) return undefined;
  const rank = Math.max(...shapes.map((shape) => shape!.length));
  return Array.from({ length: rank }, (_, axis): Dim => {
    let dim: Dim = 1;
    for (const shape of shapes) {
      const other: Dim | undefined = shape![axis - rank + shape!.length];
      if (other === undefined || other === 1 || other === dim) continue;
      if (dim === 1) dim = other;
      else if (typeof other === "number") dim = other;
      else if (typeof dim !== "number") dim = null;
    }
    return dim;
  });
}

function product(dims: readonly Dim[]): Dim {
  return dims.every((dim) => typeof dim === "number")
    ? (dims as number[]).reduce((a, b) => a * b, 1)
    : dims.length === 1
    ? dims[0]
    : null;
}

function total(parts: readonly Dim[]): Dim {
  return parts.every((part) => typeof part === "number") ? (parts as number[]).reduce((a, b) => a + b, 0) : null;
}

const pool: Infer = (node, [x]) => {
  const kernel = node.numbers("kernel_shape");
  if (!x || !kernel) return [undefined];
  const window = windowOf(node, kernel, x.slice(2));
  // of a dilated pool with chosen padding, ONNX Runtime leaves the dilation out when it chooses
  const isOpen = isSame(node) && window.dilations.some((step) => step !== 1);
  const slid = kernel.map((_, axis) => isOpen ? null : slidOutput(window, axis, x[axis + 2], isSame(node)));
  const out = [x[0], x[1], ...slid];
  return [out, out];
};

const globalPool: Infer = (_node, [x]) => [x && [x[0], x[1], ...x.slice(2).map(() => 1)]];

const reduce: Infer = (node, [x]) => {
  if (!x) return [undefined];
  const axes = axesOf(node, x.length);
  if (node.has(1) && !axes) return [undefined];
  const keep = node.number("keepdims", 1) !== 0;
  const gone = (axis: number) =>
    axes && axes.length > 0 ? axes.includes(axis) : node.number("noop_with_empty_axes", 0) === 0;
  return [keep ? x.map((dim, axis) => gone(axis) ? 1 : dim) : x.filter((_, axis) => !gone(axis))];
};

const INFER: Record<string, Infer> = {
  Conv: (node, [x, w]) => {
    const kernel = w?.slice(2);
    if (!w || !kernel?.every((dim) => typeof dim === "number")) return [undefined];
    const window = windowOf(node, kernel as number[], x?.slice(2));
    return [[
      x?.[0] ?? null,
      w[0],
      ...kernel.map((_, axis) => slidOutput(window, axis, x?.[axis + 2] ?? null, isSame(node))),
    ]];
  },
  ConvTranspose: (node, [x, w]) => {
    const kernel = w?.slice(2);
    if (!w || !kernel?.every((dim) => typeof dim === "number")) return [undefined];
    const group = node.number("group", 1), given = node.numbers("output_shape");
    const { strides, dilations, begin, end } = windowOf(node, kernel as number[], undefined);
    const extra = node.numbers("output_padding");
    const spatial = (kernel as number[]).map((size, axis): Dim => {
      if (given) return given[axis - kernel.length + given.length];
      const length = x?.[axis + 2], before = begin[axis], after = end[axis];
      if (typeof length !== "number") return null;
      const reach = (size - 1) * dilations[axis] + 1, more = extra?.[axis] ?? 0;
      // where the kernel does not reach the next step, padding would be negative, which runtimes see differently
      if (isSame(node)) return reach + more >= strides[axis] ? length * strides[axis] : null;
      if (before === null || after === null) return null;
      return strides[axis] * (length - 1) + more + reach - before - after;
    });
    return [[x?.[0] ?? null, typeof w[1] === "number" ? w[1] * group : null, ...spatial]];
  },
  Gemm: (node, [a, b]) => [[
    a?.[node.number("transA", 0) ? 1 : 0] ?? null,
    b?.[node.number("transB", 0) ? 0 : 1] ?? null,
  ]],
  MatMul: (_node, [a, b]) => {
    if (!a || !b || a.length === 0 || b.length === 0) return [undefined];
    const batch = broadcast([a.slice(0, -2), b.slice(0, -2)])!;
    return [[...batch, ...a.length > 1 ? [a[a.length - 2]] : [], ...b.length > 1 ? [b[b.length - 1]] : []]];
  },
  MaxPool: pool,
  AveragePool: pool,
  LpPool: pool,
  GlobalAveragePool: globalPool,
  GlobalMaxPool: globalPool,
  ReduceMean: reduce,
  ReduceSum: reduce,
  ReduceMax: reduce,
  ReduceMin: reduce,
  Flatten: (node, [x]) => {
    if (!x) return [[null, null]];
    const axis = node.number("axis", 1), at = axis < 0 ? axis + x.length : axis;
    return [[product(x.slice(0, at)), product(x.slice(at))]];
  },
  Transpose: (node, [x]) => {
    const order = node.numbers("perm") ?? x?.map((_, axis) => x.length - 1 - axis);
    return [order?.map((axis) => x?.[axis] ?? null)];
  },
  Reshape: (node, [x]) => {
    const shape = node.has(1) ? shapeValues(node.inputs[1]) : node.numbers("shape");
    return [shape && reshapedDims(x, shape, node.number("allowzero", 0) !== 0)];
  },
  Squeeze: (node, [x]) => {
    if (!x) return [undefined];
    const axes = axesOf(node, x.length);
    if (!axes) {
      return [!node.has(1) && x.every((dim) => typeof dim === "number") ? x.filter((dim) => dim !== 1) : undefined];
    }
    return [x.filter((_, axis) => !axes.includes(axis))];
  },
  Unsqueeze: (node, [x]) => {
    const count = node.has(1) ? constantValues(node.inputs[1])?.length : node.numbers("axes")?.length;
    if (!x || count === undefined) return [undefined];
    const axes = axesOf(node, x.length + count)!, rest = [...x];
    return [Array.from({ length: x.length + count }, (_, axis) => axes.includes(axis) ? 1 : rest.shift()!)];
  },
  Concat: (node, shapes) => {
    const known = shapes.find((shape) => shape);
    if (!known) return [undefined];
    const given = node.number("axis", 1), axis = given < 0 ? given + known.length : given;
    return [known.map((dim, at): Dim => {
      if (at === axis) return total(shapes.map((shape) => shape?.[at] ?? null));
      return shapes.map((shape) => shape?.[at]).find((d) => typeof d === "number") ?? dim;
    })];
  },
  Split: (node, [x]) => {
    if (!x) return [];
    const given = node.number("axis", 0), axis = given < 0 ? given + x.length : given;
    const parts = node.has(1) ? constantValues(node.inputs[1]) : node.numbers("split");
    const count = node.outputs.length, length = x[axis];
    return node.outputs.map((_, index) => {
      const even = !node.has(1) && !parts && typeof length === "number" && length % count === 0 ? length / count : null;
      return x.map((dim, at) => at === axis ? parts?.[index] ?? even : dim);
    });
  },
  Pad: (node, [x]) => {
    const pads = node.has(1) ? constantValues(node.inputs[1]) : node.numbers("pads") ?? node.numbers("paddings");
    if (!x) return [undefined];
    const axes = node.has(3) ? axesOf(node, x.length, 3) : x.map((_, axis) => axis);
    return [x.map((dim, axis): Dim => {
      if (!pads || !axes) return null;
      const at = axes.indexOf(axis), half = axes.length;
      const unpadded = at < 0 || pads[at] === 0 && pads[at + half] === 0; // a named dimension keeps its name
      return unpadded ? dim : total([dim, pads[at], pads[at + half]]);
    })];
  },
  Gather: (node, [x, indices]) => {
    if (!x || !indices) return [undefined];
    const given = node.number("axis", 0), axis = given < 0 ? given + x.length : given;
    return [[...x.slice(0, axis), ...indices, ...x.slice(axis + 1)]];
  },
  Slice: (_node, [x]) => [x?.map(() => null)],
  Expand: (node, [x]) => {
    const shape = constantValues(node.inputs[1]);
    return [shape ? broadcast([x, shape]) : undefined];
  },
  Shape: (_node, [x]) => [[x ? x.length : null]],
  Resize: (node, [x]) => {
    const sizes = constantValues(node.inputs[3]);
    const scales = constantValues(node.inputs[node.opset >= 11 ? 2 : 1]);
    return [
      x?.map((dim, axis): Dim => {
        if (sizes?.length === x.length) return sizes[axis];
        if (scales?.length !== x.length) return null;
        return scales[axis] === 1 ? dim : typeof dim === "number" ? Math.floor(dim * scales[axis]) : null;
      }),
    ];
  },
  Upsample: (node, [x]) => {
    const scales = node.has(1) ? constantValues(node.inputs[1]) : node.numbers("scales");
    return [x?.map((dim, axis): Dim => typeof dim === "number" && scales ? Math.floor(dim * scales[axis]) : null)];
  },
  DepthToSpace: (node, [x]) => {
    const block = node.number("blocksize", 1);
    const by = (dim: Dim, factor: number): Dim => typeof dim === "number" ? dim * factor : null;
    return [x && [x[0], by(x[1], 1 / (block * block)), by(x[2], block), by(x[3], block)]];
  },
  SpaceToDepth: (node, [x]) => {
    const block = node.number("blocksize", 1);
    const by = (dim: Dim, factor: number): Dim => typeof dim === "number" ? dim * factor : null;
    return [x && [x[0], by(x[1], block * block), by(x[2], 1 / block), by(x[3], 1 / block)]];
  },
};
