import type { Dim, Node, Shape, Value } from "../graph/graph.ts";
import type { ElementType } from "../tensor/element_type.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { Views } from "./view.ts";

/** What is known of a value before the model runs. What is absent is not known. */
export interface Facts {
  /** Element type. */
  readonly type?: ElementType;
  /** Shape, where at least the rank is known. */
  readonly shape?: Shape;
  /** Its elements, where they are the same at every run. */
  readonly constant?: Tensor;
  /** What is known of the elements of a small one, such as a shape that a model computes: row-major, null where not known. */
  readonly elements?: readonly Dim[];
}

/** Arithmetic of one node. */
export interface Work {
  /**
   * Multiply-accumulates for one item of a dynamic batch, a pool's additions counted as such; null where shapes that tell are
   * missing.
   */
  readonly macs: number | null;
}

/** What does the same as a computed input. */
export interface Settled {
  /** The computed input. */
  readonly index: number;
  /** The input that the constant is instead, where it is another one (scales for sizes). */
  readonly instead?: number;
  /** The constant; absent where the operator does the same without the input. */
  readonly constant?: Tensor;
  /** An attribute that would make something else of the constant, and goes. */
  readonly without?: string;
}

/** All that is known of one ONNX operator. */
export interface Op extends Views {
  /** How many inputs every version of it needs, and how many it takes at most, which is as many where that is left out. */
  readonly inputs: readonly [least: number, most?: number];
  /**
   * Types and shapes of the outputs, in order, from what is known of the inputs (an absent input has no facts). An empty list
   * says that nothing is known.
   */
  infer(node: Node, inputs: readonly Facts[]): readonly Facts[];
  /**
   * What it makes of constants, asked only where every input there is one; undefined where it is not worked out, for a whole
   * node or for one output. Large results are lazy.
   */
  evaluate?(node: Node, constants: readonly (Tensor | undefined)[]): readonly (Tensor | undefined)[] | undefined;
  /** Whether it makes numbers of elements whose type is only carried along (4-bit integers, 8-bit floats). */
  readonly decodes?: true;
  /** Whether INT64_MAX and INT64_MIN, which are read as 2^63 and −2^63, give what they must. */
  readonly takesEnds?: true;
  /**
   * The inputs whose elements it places in its first output (or outputs) unread, wherever its other inputs, constants, say.
   * So what is known of single elements stays known.
   */
  readonly moves?: readonly number[] | "all";
  /** The input that its first output always equals to the bit; undefined where it does something. */
  isNoOp?(node: Node): Value | undefined;
  /** What inputs which the model computes may as well be; none of those that must be computed, or are constant already. */
  settled?(node: Node): readonly Settled[];
  /** The input whose elements its first output repeats along axes of length 1, and does nothing else. */
  widened?(node: Node): Value | undefined;
  /** Whether it broadcasts all its inputs against each other. */
  readonly broadcasts?: true;
  /** The attribute with the subgraph that it always runs, whatever the inputs of the model; undefined where that depends on them. */
  branch?(node: Node): string | undefined;
  /** How much arithmetic it is; absent where there are no multiply-accumulates. */
  work?(node: Node): Work;
}

/** Entries of a family of operators, by operator. */
export type Ops = Readonly<Record<string, Op>>;
