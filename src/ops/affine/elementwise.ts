import type { Node, Value } from "../../graph/graph.ts";
import { isFloat } from "../../tensor/element_type.ts";
import { type Tensor, valuesOf, valueTensor } from "../../tensor/tensor.ts";
import { type AffineMap, type ChannelAffine, composed } from "../affine_map.ts";
import { constantOf, notConstant } from "../constant.ts";
import { fromStart } from "../dims.ts";
import { Skip } from "../skip.ts";
import { unknownRank } from "../unknown_rank.ts";

/** Most operands of a Sum that is looked at as a shift. */
const MOST_OPERANDS = 64;

/** Constants of more elements than this are no per-channel parameters, axes that are longer have no map of their own. */
export const MOST_ENTRIES = 1 << 20;

/** Constants of more elements than this are not looked at for rows that are all the same. */
const MOST_REPEATED = 1 << 16;

/** A node as an affine map; why it is none; undefined where it is something else. */
type AffineOf = (node: Node) => ChannelAffine | Skip | undefined;

/** What a constant operand makes of the other one: scale·x + shift, with 1 and 0 where they are absent. */
interface Effect {
  readonly scale?: Float64Array;
  readonly shift?: Float64Array;
}

/**
 * An operator of two operands of which one is constant, as an affine map along the one axis the constant varies along; `effect` is
 * told whether the constant is the first. Which axis that is follows from right-aligned (numpy) broadcasting: [C] is the last axis,
 * [C, 1, 1] is the channel of an image.
 */
function byConstant(effect: (constant: Float64Array, isFirst: boolean) => Effect): AffineOf {
  return (node) => {
    const [a, b] = node.inputs;
    if (!a || !b || node.inputs.length !== 2) return undefined;
    const first = constantOf(a), second = constantOf(b), constant = first ?? second;
    if (first && second) return undefined;
    if (!constant) {
      const overridable = [a, b].find((value) => value.initializer);
      return overridable && notConstant("its operand is", overridable);
    }
    return withConstant(node, first ? b : a, constant, first !== undefined, effect);
  };
}

function withConstant(
  node: Node,
  x: Value,
  given: Tensor,
  isFirst: boolean,
  effect: (constant: Float64Array, isFirst: boolean) => Effect,
): ReturnType<AffineOf> {
  if (!isFloat(given.type)) return undefined;
  const constant = repeatedRow(node, x, given) ?? given, axis = axisOf(node, x, constant, isFirst);
  if (axis instanceof Skip) return axis;
  const values = valuesOf(constant), { scale, shift } = effect(values, isFirst);
  return {
    x,
    rank: x.shape?.length,
    axis,
    scale: scale ?? new Float64Array(values.length).fill(1),
    shift: shift ?? new Float64Array(values.length),
  };
}

/**
 * The row along the last axis that a constant repeats, to the bit, along axes that its other operand has as long: it does the same
 * alone. Undefined where that is not so.
 */
function repeatedRow({ opset }: Node, { shape }: Value, constant: Tensor): Tensor | undefined {
  const { type, dims, size } = constant;
  const last = dims.findLastIndex((dim) => dim !== 1), lead = (shape?.length ?? 0) - dims.length, width = dims[last];
  if (opset < 7 || !(size > width && size <= MOST_REPEATED)) return undefined;
  if (!dims.every((dim, axis) => dim === 1 || axis === last || dim === shape?.[lead + axis])) return undefined;
  const all = valuesOf(constant);
  for (let at = width; at < size; at++) if (!Object.is(all[at], all[at - width])) return undefined;
  return valueTensor(type, dims.map((dim, axis) => axis === last ? dim : 1), all.slice(0, width));
}

/** x + K, in either order. */
export const addition: AffineOf = byConstant((shift) => ({ shift }));

/** x + K₁ + K₂ + …, in any order. */
export const sumOfConstants: AffineOf = (node) => {
  const { inputs } = node;
  if (inputs.length < 3) return addition(node);
  if (inputs.length > MOST_OPERANDS) return undefined;
  const constants = inputs.map(constantOf), known = constants.filter((constant) => constant !== undefined);
  const computed = inputs.filter((_, at) => !constants[at]), [x] = computed;
  if (!x || known.length === 0) return undefined;
  if (computed.length > 1) {
    return new Skip("unsupported-form", `it adds ${computed.length} values beside its constant, no map of one`);
  }
  let map: AffineMap = { axis: null, scale: Float64Array.of(1), shift: Float64Array.of(0) };
  for (const constant of known) {
    const one = withConstant(node, x, constant, false, (shift) => ({ shift }));
    if (!one || one instanceof Skip) return one;
    const both = composed(map, one);
    if (!both) return new Skip("not-per-channel", "its constants vary along different axes");
    map = both;
  }
  return { x, rank: x.shape?.length, ...map };
};

/** x − K, and K − x. */
export const subtraction: AffineOf = byConstant((constant, isFirst) =>
  isFirst
    ? { scale: new Float64Array(constant.length).fill(-1), shift: constant }
    : { shift: constant.map((value) => 0 - value) }
);

/** x·K, in either order. */
export const multiplication: AffineOf = byConstant((scale) => ({ scale }));

const quotient = byConstant((constant) => ({ scale: constant.map((value) => 1 / value) }));

/** x/K. */
export const division: AffineOf = (node) => {
  const [top, bottom] = node.inputs, constant = constantOf(top);
  if (!constant || !bottom || constantOf(bottom) || !isFloat(constant.type)) return quotient(node);
  return new Skip("not-linear", "it divides a constant by its input, which is not linear");
};

/** −x. */
export const negation: AffineOf = ({ inputs: [x] }) =>
  x && !constantOf(x)
    ? { x, rank: x.shape?.length, axis: null, scale: Float64Array.of(-1), shift: Float64Array.of(0) }
    : undefined;

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
  const lead = typeof legacy === "number" ? fromStart(legacy, rank) : rank - dims.length;
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
