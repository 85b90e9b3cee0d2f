import type { Node, Value } from "../../graph/graph.ts";
import { isFloat } from "../../tensor/element_type.ts";
import { type Tensor, valuesOf } from "../../tensor/tensor.ts";
import type { ChannelAffine } from "../affine_map.ts";
import { constantOf, notConstant } from "../constant.ts";
import { Skip } from "../skip.ts";
import { unknownRank } from "../unknown_rank.ts";

/** Constants of more elements than this are no per-channel parameters, axes that are longer have no map of their own. */
export const MOST_ENTRIES = 1 << 20;

/**
 * Mul, Div, Add, Sub and Neg by a constant, either operand, as an affine map along the one axis the constant varies
 * along. Which axis that is follows from right-aligned (numpy) broadcasting: [C] is the last axis, [C, 1, 1] is the
 * channel of an image.
 */
export function elementwise(node: Node): ChannelAffine | Skip | undefined {
  const [a, b] = node.inputs;
  if (node.opType === "Neg") {
    return a && !constantOf(a) ? map(a, null, Float64Array.of(-1), Float64Array.of(0)) : undefined;
  }
  if (!a || !b || node.inputs.length !== 2) return undefined;
  const first = constantOf(a), second = constantOf(b);
  if (first && second) return undefined;
  const constant = first ?? second;
  if (!constant) {
    const overridable = [a, b].find((value) => value.initializer);
    return overridable && notConstant("its operand is", overridable);
  }
  if (!isFloat(constant.type)) return undefined;
  const x = first ? b : a;
  if (first && node.opType === "Div") {
    return new Skip("not-linear", "it divides a constant by its input, which is not linear");
  }
  const axis = axisOf(node, x, constant, first !== undefined);
  if (axis instanceof Skip) return axis;
  const values = valuesOf(constant);
  const zero = new Float64Array(values.length), one = new Float64Array(values.length).fill(1);
  switch (node.opType) {
    case "Mul":
      return map(x, axis, values, zero);
    case "Div":
      return map(x, axis, values.map((value) => 1 / value), zero);
    case "Add":
      return map(x, axis, one, values);
    case "Sub":
      return first
        ? map(x, axis, one.map((value) => -value), values)
        : map(x, axis, one, values.map((value) => 0 - value));
  }
}

function map(
  x: Value,
  axis: number | null,
  scale: Float64Array,
  shift: Float64Array,
): ChannelAffine {
  return { x, rank: x.shape?.length, axis, scale, shift };
}

/** The axis of x, from the left, along which the constant varies; null where it is one number. */
function axisOf(node: Node, x: Value, constant: Tensor, isFirst: boolean): number | null | Skip {
  const { dims, size } = constant;
  const rank = x.shape?.length;
  if (dims.length === 0) return null;
  if (rank === undefined) return unknownRank(x);
  if (size === 0 || size > MOST_ENTRIES) {
    return new Skip("not-per-channel", `its constant of shape [${dims}] is no per-channel parameter`);
  }
  const legacy = node.opset < 7 && !isFirst && node.number("broadcast", 0) !== 0 ? node.attribute("axis") : undefined;
  const lead = typeof legacy === "number" ? (legacy < 0 ? legacy + rank : legacy) : rank - dims.length;
  if (lead < 0 || lead + dims.length > rank) {
    return new Skip("not-per-channel", `its constant of shape [${dims}] enlarges its input, which has rank ${rank}`);
  }
  const long = dims.flatMap((dim, at) => dim === 1 ? [] : [at]);
  if (long.length === 0) return null;
  if (long.length > 1) {
    return new Skip("not-per-channel", `its constant of shape [${dims}] varies along more than one axis`);
  }
  const axis = lead + long[0], length = x.shape![axis];
  if (typeof length !== "number") {
    return new Skip(
      "unknown-shape",
      `its constant of shape [${dims}] may enlarge its input, whose axis ${axis} has no known size`,
    );
  }
  if (length !== dims[long[0]]) {
    return new Skip(
      "not-per-channel",
      `its constant of shape [${dims}] enlarges its input, whose axis ${axis} has ${length} entries`,
    );
  }
  return axis;
}
