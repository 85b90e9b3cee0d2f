import { floatAttribute } from "../../graph/attribute.ts";
import type { Dim, Node, Value } from "../../graph/graph.ts";
import { filledTensor, reshaped } from "../../tensor/tensor.ts";
import type { Builder } from "../builder.ts";
import { constantOf } from "../constant.ts";

/** Operators that are looked at. */
export const GROUP_NORMALIZATION_ROOTS: readonly string[] = ["GroupNormalization"];

/** From this opset on γ and β have one entry per channel, before it one per group. */
const PER_CHANNEL = 21;

/** Entries of groups of channels brought to mean 0 and variance 1, then scaled and shifted per channel (Wu & He 2018, eq. 1). */
export interface GroupNormalization {
  /** What is normalised, [N, C, …]. */
  readonly x: Value;
  /** Its shape. */
  readonly shape: readonly Dim[];
  /** γ and β, [C] each. */
  readonly affine: readonly [gamma: Value, beta: Value];
  /** How many groups the channels are in. */
  readonly groups: number;
  /** What is added to the variance. */
  readonly epsilon: number;
}

/** A GroupNormalization of float32 with constant γ and β; undefined where a node is none. */
export function groupNormalizationAt(node: Node): GroupNormalization | undefined {
  const [x, gamma, beta] = node.inputs, shape = x?.shape, groups = node.number("num_groups", 0);
  if (!node.is("GroupNormalization") || node.opset < PER_CHANNEL || node.hasReferences) return undefined;
  if (!x || x.type !== "float32" || !shape || shape.length < 2 || !gamma || !beta || !(groups >= 1)) return undefined;
  const channels = constantOf(gamma)?.size;
  if (channels === undefined || channels % groups !== 0 || constantOf(beta)?.size !== channels) return undefined;
  return { x, shape, affine: [gamma, beta], groups, epsilon: node.number("epsilon", Math.fround(1e-5)) };
}

/**
 * A GroupNormalization as an InstanceNormalization of [N, groups, …] and an affine map per channel, as exporters write it below opset 21:
 * operators that runtimes have kernels for.
 */
export function writeGroupNormalization(node: Node, found: GroupNormalization, build: Builder): Value {
  const { x, shape, affine: [gamma, beta], groups, epsilon } = found;
  const name = (op: string) => ({ name: node.name && `${node.name}/${op}` });
  const perGroup = (value: number) => build.initializer("per_group", filledTensor("float32", [groups], value));
  const grouped = build.node("Reshape", [x, build.integers("shape", [0, groups, -1])], name("Reshape"));
  const attributes = [floatAttribute("epsilon", epsilon)];
  const normal = build.node("InstanceNormalization", [grouped, perGroup(1), perGroup(0)], {
    ...name("InstanceNormalization"),
    attributes,
  });
  const open = shape.slice(1).filter((dim) => typeof dim !== "number").length;
  const target = open > 1
    ? build.node("Shape", [x], name("Shape"))
    : build.integers("shape", [0, ...shape.slice(1).map((dim) => typeof dim === "number" ? dim : -1)]);
  const back = build.node("Reshape", [normal, target], name("Reshape_1"));
  const perChannel = (value: Value) => {
    const tensor = constantOf(value)!;
    return build.initializer(value.name, reshaped(tensor, [tensor.size, ...shape.slice(2).map(() => 1)]));
  };
  const scaled = build.node("Mul", [back, perChannel(gamma)], name("Mul"));
  return build.node("Add", [scaled, perChannel(beta)], { name: node.name, output: node.output.name });
}
