import type { Node, Value } from "../../graph/graph.ts";
import { isFloat } from "../../tensor/element_type.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { AffineMap } from "../affine_map.ts";
import { constantOf, notConstant } from "../constant.ts";
import { Skip } from "../skip.ts";
import type { Bias } from "./bias.ts";
import type { CompactWeight } from "./compact_weight.ts";

/** What a linear map costs, whatever the batch and the size of its input. */
export interface LayerCost {
  /** Multiply-accumulates for one position of its result (one pixel, one row). */
  readonly macs: number;
  /** Elements of its weights. */
  readonly parameters: number;
}

/** The sum of what several maps cost. */
export function sumOf(...costs: readonly LayerCost[]): LayerCost {
  return {
    macs: costs.reduce((sum, { macs }) => sum + macs, 0),
    parameters: costs.reduce((sum, { parameters }) => sum + parameters, 0),
  };
}

/** Where the channels of a layer lie: an axis of its input or result, from the left, and its length. */
export interface Channels {
  /** The axis. */
  readonly axis: number;
  /** Its length. */
  readonly channels: number;
}

/** An affine map of a value along one axis, with the nodes that make it: none for the value itself. */
export interface Diagonal {
  /** What it is applied to. */
  readonly x: Value;
  /** The map. */
  readonly affine: AffineMap;
  /** The nodes it is made of. */
  readonly nodes: readonly Node[];
}

/** The layer among several that a new one is named after: the one with the largest weight. */
export interface Origin {
  /** The node. */
  readonly node: Node;
  /** Elements of its weight; −1 where it has none. */
  readonly size: number;
  /** Name for a new weight. */
  readonly weight: string;
  /** Name for a new bias. */
  readonly bias: string;
}

/** What every linear map is made of. */
export interface LinearParts {
  /** What it is applied to. */
  readonly x: Value;
  /** The nodes it stands for, in order. */
  readonly nodes: readonly Node[];
  /** How many of them are layers, with weights of their own. */
  readonly layers: number;
  /** What those nodes cost. */
  readonly work: LayerCost;
  /** The weight, as its operator stores it. */
  readonly weight: Tensor;
  /** The value that holds exactly this weight; undefined once it was changed. */
  readonly stored?: Value;
  /** The weight in a smaller form that the file has. */
  readonly compact?: CompactWeight;
  /** The bias. */
  readonly bias?: Bias;
  /** The node whose attributes still are the map's; undefined for one put together of several. */
  readonly form?: Node;
  /** What it is named after. */
  readonly origin: Origin;
}

/** Elements of the constants that nodes take. */
export function parametersOf(nodes: readonly Node[]): number {
  return nodes.reduce(
    (sum, { inputs }) => sum + inputs.reduce((own, input) => own + (input?.initializer?.size ?? 0), 0),
    0,
  );
}

/** What a layer made of two is named after. */
export function largerOrigin(a: Origin, b: Origin): Origin {
  return b.size > a.size ? b : a;
}

/** A constant floating-point weight of a layer, or why it is none. */
export function weightOf(node: Node, index: number, role: string): Tensor | Skip {
  const value = node.inputs[index];
  if (!value) return new Skip("invalid-parameter", `${node.label} has no ${role}`);
  const tensor = constantOf(value);
  if (!tensor) return notConstant(`the ${role} of ${node.label} is`, value);
  if (isFloat(tensor.type)) return tensor;
  return new Skip("element-type", `the ${role} of ${node.label} has the element type ${tensor.type}`);
}

/** What a layer of one node is made of, its weight and its bias being these inputs. */
export function layerParts(node: Node, weight: Tensor, weightIndex = 1, biasIndex = 2) {
  const stored = node.inputs[weightIndex], bias = node.inputs[biasIndex];
  return {
    nodes: [node],
    layers: 1,
    work: { macs: weight.size, parameters: weight.size + (constantOf(bias)?.size ?? 0) },
    weight,
    stored,
    bias,
    form: node,
    origin: originOf(node, weight.size, stored, bias),
  };
}

/** What a linear map of one node is made of that has no weights of its own: those it is written with are numbers of its form. */
export function weightlessParts(node: Node, weight: Tensor) {
  return { nodes: [node], layers: 0, work: { macs: 0, parameters: 0 }, weight, origin: originOf(node, -1) };
}

/** The names a layer's weight and bias have, for new ones. */
function originOf(node: Node, size: number, weight?: Value, bias?: Value): Origin {
  return {
    node,
    size,
    weight: weight?.name ?? `${node.label}.weight`,
    bias: bias?.name ?? `${weight?.name ?? node.label}.bias`,
  };
}
