import { floatAttribute } from "../../graph/attribute.ts";
import type { Node, Value } from "../../graph/graph.ts";
import { filledTensor, valueTensor } from "../../tensor/tensor.ts";
import type { AffineMap } from "../affine_map.ts";
import type { Builder } from "../builder.ts";
import { Convolution } from "../linear/convolution.ts";
import { linearOf } from "../views.ts";
import { UNBLOCKED, whyNotBlocked } from "./blocked.ts";

/** Operators that a blocked convolution does as it stores its result, or that run on blocks by themselves. */
const ELEMENTWISE: readonly string[] = ["Relu", "Sigmoid", "Tanh", "HardSigmoid", "Clip", "LeakyRelu", "HardSwish"];
/** Nodes that are gone through to the convolution that makes the blocks. */
const DEEPEST = 8;

/** Whether ONNX Runtime's CPU kernels make a value in blocks: a convolution's, or what stays in blocks behind one. */
export function isMadeInBlocks(value: Value | undefined, depth = 0): boolean {
  const { producer } = value ?? {};
  if (!producer || depth > DEEPEST || producer.output !== value) return false;
  const isIn = (input: Value | undefined) => isMadeInBlocks(input, depth + 1);
  const { inputs: [first, second] } = producer;
  if (producer.is(...ELEMENTWISE)) return isIn(first);
  if (producer.is("BatchNormalization", "MaxPool", "AveragePool")) return isIn(first);
  if (producer.is("Add")) return isIn(first) && isIn(second);
  if (producer.is("Mul")) return isGate(first, second) ? isIn(first) : isGate(second, first) && isIn(second);
  return isBlockedConvolution(producer);
}

/** Whether a value is the other one times an activation of it: x·σ(x), of which one operator is made. */
function isGate(x: Value | undefined, gate: Value | undefined): boolean {
  return Boolean(x && gate?.producer?.is("HardSigmoid", "Sigmoid") && gate.producer.inputs[0] === x);
}

/** Whether every node that takes a value reads it in blocks. */
export function isTakenInBlocks(value: Value): boolean {
  if (value.isOutput || value.users.size === 0) return false;
  return [...value.users.keys()].every((node) => {
    if (node.inputs[0] !== value || node.inputs.includes(value, 1)) return false;
    return node.is("MaxPool", "AveragePool") || isBlockedConvolution(node, true);
  });
}

function isBlockedConvolution(node: Node, readsBlocks = false): boolean {
  const layer = linearOf(node);
  if (!(layer instanceof Convolution) || !layer.isLayer || whyNotBlocked(layer)) return false;
  return !readsBlocks || layer.parts.group > 1 || layer.input.channels >= UNBLOCKED;
}

/** s·x + t per channel as a BatchNormalization, which runs on blocks as an elementwise operation with constants does not. */
export function emitOnBlocks(
  { name, output }: Node,
  { scale, shift }: AffineMap,
  x: Value,
  build: Builder,
): Value {
  const parameter = (role: string, values: Float64Array) =>
    build.initializer(`${output.name}.${role}`, valueTensor("float32", [values.length], values));
  const [zero, one] = [0, 1].map((number) =>
    build.initializer(`${output.name}.${number}`, filledTensor("float32", [scale.length], number))
  );
  return build.node("BatchNormalization", [x, parameter("scale", scale), parameter("shift", shift), zero, one], {
    name,
    output: output.name,
    attributes: [floatAttribute("epsilon", 0)],
  });
}
