import { floatAttribute } from "../../graph/attribute.ts";
import type { Node, Value } from "../../graph/graph.ts";
import { filledTensor, valueTensor } from "../../tensor/tensor.ts";
import type { Builder } from "../builder.ts";
import { Convolution } from "../linear/convolution.ts";
import { linearOf } from "../views.ts";
import { UNBLOCKED, whyNotBlocked } from "./blocked.ts";

/** Operators that a blocked convolution does as it stores its result, or that run on blocks by themselves. */
const ELEMENTWISE: readonly string[] = ["Relu", "Sigmoid", "Tanh", "HardSigmoid", "Clip", "LeakyRelu", "HardSwish"];
/** Nodes that are gone through to the convolution that makes the blocks; behind more, there is taken to be one. */
const DEEPEST = 8;

/** Whether ONNX Runtime's CPU kernels make a value in blocks: a convolution's, or what stays in blocks behind one. */
export function isMadeInBlocks(value: Value | undefined, depth = 0): boolean {
  const { producer } = value ?? {};
  if (!producer || producer.output !== value) return false;
  if (depth > DEEPEST) return true;
  const isIn = (input: Value | undefined) => isMadeInBlocks(input, depth + 1);
  const { inputs: [first, second] } = producer;
  if (producer.is(...ELEMENTWISE)) return isIn(first);
  if (producer.is("BatchNormalization", "MaxPool", "AveragePool")) return isIn(first);
  if (producer.is("Add")) return isIn(first) && isIn(second);
  if (producer.is("Mul")) return isGate(first, second) ? isIn(first) : isGate(second, first) && isIn(second);
  return blockedConvolution(producer) !== undefined;
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
    const layer = blockedConvolution(node);
    if (layer) return layer.parts.group > 1 || layer.input.channels >= UNBLOCKED;
    return node.is("MaxPool", "AveragePool");
  });
}

/** A node as a convolution that makes blocks; undefined where it is none. */
function blockedConvolution(node: Node): Convolution | undefined {
  const layer = linearOf(node);
  return layer instanceof Convolution && layer.isLayer && !whyNotBlocked(layer) ? layer : undefined;
}

/** What a node on blocks and its constants are called. */
interface Names {
  /** The node. */
  readonly name: string;
  /** Its output; made up where absent. */
  readonly output?: string;
  /** What the names of its constants begin with. */
  readonly constants: string;
  /** What its scale is called behind that, `scale` where absent. */
  readonly scale?: string;
}

/** s·x + t per channel as a BatchNormalization, which runs on blocks as an elementwise operation with constants does not. */
export function emitOnBlocks(
  x: Value,
  { scale, shift }: { readonly scale: Float64Array; readonly shift?: Float64Array },
  { name, output, constants, scale: role = "scale" }: Names,
  build: Builder,
): Value {
  const parameter = (role: string, values: Float64Array) =>
    build.initializer(`${constants}.${role}`, valueTensor("float32", [values.length], values));
  const [zero, one] = [0, 1].map((number) =>
    build.initializer(`${constants}.${number}`, filledTensor("float32", [scale.length], number))
  );
  const inputs = [x, parameter(role, scale), shift ? parameter("shift", shift) : zero, zero, one];
  return build.node("BatchNormalization", inputs, { name, output, attributes: [floatAttribute("epsilon", 0)] });
}
