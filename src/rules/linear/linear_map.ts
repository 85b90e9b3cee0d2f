import type { Node, Value } from "../../graph/graph.ts";
import type { Builder } from "../../ops/builder.ts";
import type { Skip } from "../../ops/skip.ts";
import type { AffineMap } from "../../ops/affine_map.ts";

/** What a linear map costs, whatever the batch and the size of its input. */
export interface Work {
  /** Multiply-accumulates for one position of its result (one pixel, one row). */
  readonly macs: number;
  /** Elements of its weights. */
  readonly parameters: number;
}

/** An affine map of a value along one axis, as a branch of a sum: the value itself, or a BatchNormalization of it. */
export interface Diagonal {
  /** What it is applied to. */
  readonly x: Value;
  /** The map. */
  readonly affine: AffineMap;
  /** Elements of the constants of its nodes. */
  readonly parameters: number;
  /** The nodes it is made of; none for the value itself. */
  readonly nodes: readonly Node[];
}

/**
 * One or more linear nodes seen as one map y = W·x + b of constants: a convolution or a matrix. Its weights are expressions
 * that are evaluated when the model is saved.
 */
export interface LinearMap {
  /** Only maps of the same kind can be put together. */
  readonly kind: "convolution" | "matrix";
  /** What it is applied to. */
  readonly x: Value;
  /** The nodes it stands for, in order. */
  readonly nodes: readonly Node[];
  /** What those nodes cost. */
  readonly work: Work;
  /** What the map costs as one layer. */
  readonly cost: Work;
  /** Whether `work` is what the nodes cost: not so where a chain's sizes are not known and its start may be less work. */
  readonly isSure: boolean;
  /** What to call it in a message. */
  readonly label: string;
  /** W + V: the sum with another map of the same value. */
  plus(other: LinearMap): LinearMap | Skip;
  /** V·W: another map after this one, where the result is the same everywhere, borders included. */
  then(next: LinearMap): LinearMap | Skip;
  /** An affine map of the result. */
  scaled(affine: AffineMap, nodes: readonly Node[], parameters: number): LinearMap | Skip;
  /** An affine map of x as a map of this one's kind and size. */
  diagonal(diagonal: Diagonal): LinearMap | Skip;
  /** The one layer in its place. */
  emit(build: Builder): Value;
}

/** Whether a node is a layer, with weights of its own. */
export function isLayer(node: Node): boolean {
  return node.is("Conv", "ConvTranspose", "Gemm", "MatMul");
}

/** The sum of what several maps cost. */
export function sumOf(...work: readonly Work[]): Work {
  return {
    macs: work.reduce((sum, { macs }) => sum + macs, 0),
    parameters: work.reduce((sum, { parameters }) => sum + parameters, 0),
  };
}

/** b·s + t for an optional bias; undefined where all of it is zero. */
export function scaledBias(
  bias: Float64Array | undefined,
  scale: Float64Array,
  shift: Float64Array,
): Float64Array | undefined {
  const out = shift.map((value, i) => value + (bias?.[i] ?? 0) * scale[i]);
  return bias || out.some((value) => value !== 0) ? out : undefined;
}

/** The sum of optional biases. */
export function summedBias(a: Float64Array | undefined, b: Float64Array | undefined): Float64Array | undefined {
  return a && b ? a.map((value, i) => value + b[i]) : a ?? b;
}

/** What a rule needs of nodes that can become one layer. */
export type Layered = Pick<LinearMap, "nodes" | "work" | "cost" | "isSure" | "emit">;
