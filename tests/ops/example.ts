/** Examples of operators for the conformance suite: nodes with their inputs, made of seeded random values. */
import { random, randomIn, type TestAttribute, type TestNode, type TestTensor } from "../onnx_model.ts";

/** One node of an operator with values for its inputs. */
export interface Example {
  /** Inputs in order; null for an absent one. */
  readonly inputs: readonly (TestTensor | null)[];
  readonly attributes?: Readonly<Record<string, TestAttribute | undefined>>;
  /** Number of outputs, 1 where not said. */
  readonly outputs?: number;
  /** Inputs that shapes follow from (axes, sizes): they are constants in models. */
  readonly parameters?: readonly number[];
  /** That shapes depend on values, or on what runtimes differ in, so that not everything can be inferred. */
  readonly isOpen?: boolean;
  /** Nodes that make what the node takes of the inputs i0, i1, …, where that is no tensor, and its inputs by name. */
  readonly before?: { readonly nodes: readonly TestNode[]; readonly inputs: readonly string[] };
  /** Nodes that make tensors of what the node gives, o0, where that is none; and the names of the tensors. */
  readonly after?: { readonly nodes: readonly TestNode[]; readonly outputs: readonly string[] };
  /** That the runtime dies of one input fewer than the operator needs, instead of refusing it. */
  readonly needsAll?: true;
  /** Least precision of results, relative, where that of the type is not reached by the runtime itself. */
  readonly tolerance?: number;
}

/** What examples are made for. */
export interface ExampleInit {
  /** Version of the operator set. */
  readonly opset: number;
  /** Another number for each round. */
  readonly seed: number;
}

/** Examples of one operator for an operator set; none where its form there is not covered. */
export type Examples = (init: ExampleInit) => readonly Example[];

/** Element types by name. */
export const TYPE = {
  float: 1,
  uint8: 2,
  int8: 3,
  int16: 5,
  int32: 6,
  int64: 7,
  string: 8,
  bool: 9,
  float16: 10,
  double: 11,
  uint32: 12,
  uint64: 13,
} as const;

/** Random floats in [−1, 1). */
export function floats(...dims: number[]): TestTensor {
  return random(dims, 17 + dims.reduce((a, b) => 31 * a + b, dims.length));
}

/** Random positive floats, away from 0. */
export function positive(...dims: number[]): TestTensor {
  return randomIn(0.5, 2, dims, 5 + dims.length);
}

/** Random whole numbers in [low, high]. */
export function wholes(low: number, high: number, dims: number[], type: number = TYPE.int64, seed = 3): TestTensor {
  const { values } = randomIn(low, high + 1, dims, seed);
  return { dims, type, values: Array.from(values, (value) => Math.min(high, Math.floor(value))) };
}

/** These whole numbers as a vector. */
export function ints(...values: number[]): TestTensor {
  return { dims: [values.length], values, type: TYPE.int64 };
}

/** A number as a scalar. */
export function scalar(value: number, type: number = TYPE.float): TestTensor {
  return { dims: [], values: [value], type };
}

/** A tensor of text. */
export function text(dims: number[], ...values: string[]): TestTensor {
  return { dims, values: [], type: TYPE.string, text: values };
}

/** The tensor with another type. */
export function as(type: number, { dims, values }: TestTensor): TestTensor {
  return { dims, values, type };
}

/** Axes as operator sets have them: an attribute before `since`, an input from then on. */
export function withAxes(
  x: TestTensor,
  axes: number[],
  isInput: boolean,
  attributes: Record<string, TestAttribute> = {},
): Example {
  return isInput
    ? { inputs: [x, ints(...axes)], parameters: [1], attributes }
    : { inputs: [x], attributes: { ...attributes, axes } };
}
