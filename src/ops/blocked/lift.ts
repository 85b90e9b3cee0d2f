import { newAttribute } from "../../graph/attribute.ts";
import type { Attribute, Node, Value } from "../../graph/graph.ts";
import { reshaped, valueTensor } from "../../tensor/tensor.ts";
import type { Builder } from "../builder.ts";
import { axesOf, axisOf, constantOf } from "../constant.ts";
import { emitAxis } from "../emit_movement.ts";

/** Rank of a batch of lines [N, C, L], and the axis that is put into it to make images [N, C, 1, L] of them. */
const RANK = 3, AXIS = 2;

/** A node on lines as a node on images of height 1. */
export interface Lifted {
  /** Which of its inputs are lines, computed by the model. */
  readonly data: readonly number[];
  /** The kernel [M, C/group, k] of a convolution. */
  readonly kernel?: readonly number[];
  /** The node on images; `lifted` are its inputs with those of `data` replaced by images. */
  emit(lifted: readonly (Value | undefined)[], build: Builder): Value;
}

type Lift = (node: Node) => Lifted | undefined;

/** How to write a node on images; undefined for what is not known to be the same there. */
export function liftedOf(node: Node): Lifted | undefined {
  if (node.domain !== "" || node.hasReferences || node.outputs.length !== 1 || !isLines(node.output)) return undefined;
  return LIFTS[node.opType]?.(node);
}

/** Operators at which a chain may be found. */
export const LINE_LAYERS: readonly string[] = ["Conv", "ConvTranspose"];

/** Images of height 1 of the lines in a value. */
export function emitImages(lines: Value, build: Builder): Value {
  return emitAxis("Unsqueeze", lines, AXIS, { output: `${lines.name}.image` }, build);
}

/** The lines of images of height 1, in place of a value. */
export function emitLines(images: Value, old: Value, build: Builder): Value {
  return emitAxis(
    "Squeeze",
    images,
    AXIS,
    { name: old.producer!.name && `${old.producer!.name}/Squeeze`, output: old.name },
    build,
  );
}

function isLines(value: Value | undefined): boolean {
  return value?.shape?.length === RANK && value.type === "float32";
}

/** An operator with its attributes as they are: what looks at single elements, or at channels and all the rest. */
const same: Lift = (node) =>
  isLines(node.inputs[0]) ? { data: [0], emit: (inputs, build) => build.like(node, inputs) } : undefined;

/** What slides a window along the line: its attributes get an entry for the height. */
const window: Lift = (node) => {
  if (!isLines(node.inputs[0])) return undefined;
  return { data: [0], emit: (inputs, build) => build.like(node, inputs, withHeight(node)) };
};

const layer: Lift = (node) => {
  const weight = constantOf(node.inputs[1]), plain = window(node);
  if (!plain || weight?.dims.length !== RANK) return undefined;
  const [out, perGroup, kernel] = weight.dims;
  return {
    data: plain.data,
    kernel: node.is("Conv") ? weight.dims : undefined,
    emit([x, , ...rest], build) {
      const image = build.initializer(node.inputs[1]!.name, reshaped(weight, [out, perGroup, 1, kernel]));
      return plain.emit([x, image, ...rest], build);
    },
  };
};

/** Entries for an axis of one cell in front of those that are there. */
const HEIGHT: Readonly<Record<string, (values: readonly number[]) => readonly number[]>> = {
  kernel_shape: (values) => [1, ...values],
  strides: (values) => [1, ...values],
  dilations: (values) => [1, ...values],
  output_padding: (values) => [0, ...values],
  output_shape: (values) => [...values.slice(0, -1), 1, ...values.slice(-1)],
  pads: ([begin, end]) => [0, begin, 0, end],
};

function withHeight({ attributes }: Node): Attribute[] {
  return [...attributes.values()].map((attribute) => {
    const change = HEIGHT[attribute.name];
    return change ? newAttribute(attribute.name, change(attribute.value as readonly number[])) : attribute;
  });
}

/** Arithmetic on lines and constants, which are aligned at the right. */
const arithmetic: Lift = (node) => {
  if (node.opset < 7) return undefined;
  const data = [...node.inputs.keys()].filter((at) => constantOf(node.inputs[at]) === undefined);
  const constants = node.inputs.filter((_, at) => !data.includes(at));
  const fits = constants.every((value) => constantOf(value)!.dims.length <= RANK);
  if (data.length === 0 || !data.every((at) => isLines(node.inputs[at])) || !fits) return undefined;
  return {
    data,
    emit: (inputs, build) =>
      build.like(node, inputs.map((value, at) => data.includes(at) ? value : imageConstant(value!, build))),
  };
};

/** A constant operand with an axis for the height, where it has one before that. */
function imageConstant(value: Value, build: Builder): Value {
  const tensor = constantOf(value)!, { dims } = tensor, lead = dims.length - 1;
  if (lead < 1) return value;
  return build.initializer(value.name, reshaped(tensor, [...dims.slice(0, lead), 1, ...dims.slice(lead)]));
}

const slope: Lift = (node) => {
  const tensor = constantOf(node.inputs[1]);
  if (!tensor || tensor.dims.length > RANK || node.opset < 9 || !isLines(node.inputs[0])) return undefined;
  return { data: [0], emit: ([x, value], build) => build.like(node, [x, imageConstant(value!, build)]) };
};

/** An axis of lines as the one of images. */
function imageAxis(axis: number): number {
  return axis < AXIS ? axis : axis + 1;
}

const concat: Lift = (node) => {
  if (!node.inputs.every(isLines)) return undefined;
  const axis = newAttribute("axis", imageAxis(axisOf(node, RANK, 1)));
  return { data: [...node.inputs.keys()], emit: (inputs, build) => build.like(node, inputs, [axis]) };
};

const slice: Lift = (node) => {
  const axes = node.has(3) ? axesOf(node, RANK, 3) : undefined;
  if (node.opset < 10 || !axes || !isLines(node.inputs[0])) return undefined;
  return {
    data: [0],
    emit([x, starts, ends, old, ...rest], build) {
      const tensor = valueTensor("int64", [axes.length], Float64Array.from(axes, imageAxis));
      const type = constantOf(old)!.type;
      return build.like(node, [x, starts, ends, build.initializer(old!.name, { ...tensor, type }), ...rest]);
    },
  };
};

const LIFTS: Readonly<Record<string, Lift>> = {
  ...Object.fromEntries(
    ("Abs Celu Clip Elu Erf Exp Gelu HardSigmoid HardSwish LeakyRelu Log Mish Neg Reciprocal Relu Selu Sigmoid Softplus " +
      "Softsign Sqrt Tanh ThresholdedRelu BatchNormalization InstanceNormalization GlobalAveragePool GlobalMaxPool")
      .split(" ").map((name) => [name, same]),
  ),
  AveragePool: window,
  MaxPool: window,
  Conv: layer,
  ConvTranspose: layer,
  Add: arithmetic,
  Sub: arithmetic,
  Mul: arithmetic,
  Div: arithmetic,
  Pow: arithmetic,
  Max: arithmetic,
  Min: arithmetic,
  Sum: arithmetic,
  PRelu: slope,
  Concat: concat,
  Slice: slice,
};
