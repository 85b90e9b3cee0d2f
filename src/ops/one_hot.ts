import { newAttribute } from "../graph/attribute.ts";
import type { Node, Value } from "../graph/graph.ts";
import { elementType } from "../graph/tensor_proto.ts";
import { isFloat, isWhole, wholeRange } from "../tensor/element_type.ts";
import { valueTensor } from "../tensor/tensor.ts";
import type { Builder } from "./builder.ts";
import { axesOf, axisOf, constantOf, constantValues, notConstant } from "./constant.ts";
import { Skip } from "./skip.ts";
import { emitAxis } from "./emit_movement.ts";

/** A value that is 1 at one entry of its last axis, or at none, and 0 at all others. */
export interface OneHot {
  /** Entries of the last axis. */
  readonly count: number;
  /** Where each 1 is, without the last axis: a row of a table with one row more than entries, that one for none. */
  rows(build: Builder): Value;
}

/** A value as one-hot vectors: OneHot, or Equal with a range, behind casts and reshapes of whole vectors; why it is none. */
export function oneHotAt(value: Value | undefined): OneHot | Skip | undefined {
  const node = value?.producer;
  if (!node || node.hasReferences) return undefined;
  if (node.is("OneHot")) return oneHot(node);
  if (node.is("Equal")) return equalToRange(node);
  if (!node.is("Cast", "Reshape")) return undefined;
  const inner = oneHotAt(node.inputs[0]);
  if (!inner || inner instanceof Skip) return inner;
  if (node.is("Reshape")) return reshaped(node, inner);
  const type = elementType(node.number("to", 0));
  return isFloat(type) || isWhole(type) ? inner : undefined;
}

/** onehot(i)ⱼ = 1 where j = i, or j = i + depth for negative i: nothing where i is outside [−depth, depth − 1]. */
function oneHot(node: Node): OneHot | Skip | undefined {
  const [indices, depth, pair] = node.inputs, rank = node.output.shape?.length;
  const [count] = constantValues(depth) ?? [], values = constantValues(pair);
  if (!indices || rank === undefined || axisOf(node, rank, -1) !== rank - 1) return undefined;
  if (count === undefined) return notConstant(`the depth of ${node.label} is`, depth);
  if (!values) return notConstant(`the pair of values of ${node.label} is`, pair);
  if (values.join() !== "0,1") {
    return new Skip(
      "unsupported-form",
      `${node.label} makes vectors of the values ${values.join(" and ")}, not 0 and 1`,
    );
  }
  return Number.isInteger(count) && count > 0 ? rowsOf(node, indices, { count, wraps: true }) : undefined;
}

/** (x = [0, 1, …])ⱼ = 1 where j = x. */
function equalToRange(node: Node): OneHot | Skip | undefined {
  const at = node.inputs.findIndex((input) => constantOf(input) !== undefined), rank = node.output.shape?.length;
  const range = constantOf(node.inputs[at]), other = node.inputs[1 - at], values = constantValues(node.inputs[at]);
  if (!range || !values || !other?.shape || rank === undefined || rank > other.shape.length) return undefined;
  if (range.dims.at(-1) !== values.length || !values.every((value, index) => value === index)) return undefined;
  const x = beforeExpand(other, rank - 1);
  if (x.shape!.at(-1) !== 1 || node.output.shape!.at(-1) !== values.length) return undefined;
  const found = whyNoRows(node, x);
  if (found) return found;
  return rowsOf(node, x, { count: values.length, indices: (build) => withoutLast(x, rank - 1, build) });
}

/** A value without its last axis, which has one entry. */
function withoutLast(x: Value, axis: number, build: Builder): Value {
  const node = x.producer, shape = constantValues(node?.inputs[1]), from = node?.inputs[0];
  if (node?.is("Unsqueeze") && from) {
    const axes = axesOf(node, axis + 1);
    if (axes?.length === 1 && axes[0] === axis) return from;
  }
  if (node?.is("Reshape") && !node.hasReferences && shape && shape.length > 1) {
    return reshapedWithoutLast(node, from!, shape, build);
  }
  return emitAxis("Squeeze", x, axis, {}, build);
}

/** A Reshape to the same shape without its last axis. */
function reshapedWithoutLast(node: Node, x: Value, shape: readonly number[], build: Builder): Value {
  const lead = build.integers("shape", shape.slice(0, -1));
  return build.node("Reshape", [x, lead], { attributes: node.attributes.values() });
}

/** What an Expand that repeats along one axis only is made of. */
function beforeExpand(value: Value, axis: number): Value {
  const node = value.producer, x = node?.inputs[0], to = value.shape!;
  if (!node?.is("Expand") || x?.shape?.length !== to.length) return value;
  return x.shape.every((dim, at) => at === axis || dim !== null && dim === to[at]) ? x : value;
}

function whyNoRows({ label }: Node, { name, type }: Value): Skip | undefined {
  return type && isWhole(type) && type !== "uint64" ? undefined : new Skip(
    "element-type",
    `'${name}', which ${label} makes vectors of, has the element type ${
      type ?? "unknown"
    }, which is no place in a table`,
  );
}

/** What indices are of one-hot vectors. */
interface Indices {
  /** Entries of a vector. */
  readonly count: number;
  /** Whether negative ones count from the end. */
  readonly wraps?: boolean;
  /** The indices, where they are not the value itself. */
  readonly indices?: (build: Builder) => Value;
}

/** Rows for indices, those outside at the row behind the last; where negative ones wrap, a table of places says where. */
function rowsOf(
  node: Node,
  x: Value,
  { count, wraps = false, indices = () => x }: Indices,
): OneHot | Skip {
  const wrong = whyNoRows(node, x);
  if (wrong) return wrong;
  const [least, most] = rangeOf(x), isBelow = least < 0, isAbove = most >= count;
  if ((isBelow || isAbove) && node.opset < 12) {
    return new Skip(
      "unsupported-form",
      `'${x.name}' may hold more than the places 0 to ${
        count - 1
      }, and before opset 12 whole numbers cannot be clipped`,
    );
  }
  return {
    count,
    rows(build) {
      const given = indices(build),
        isPlace = x.type === "int32" || x.type === "int64",
        type = isPlace ? x.type! : "int64";
      const place = isPlace ? given : build.node("Cast", [given], { attributes: [newAttribute("to", INT64)] });
      if (!isBelow && !isAbove) return place;
      const bound = (value: number) => build.initializer("bound", valueTensor(type, [], Float64Array.of(value)));
      const low = isBelow ? bound(wraps ? -count - 1 : -1) : undefined, high = isAbove ? bound(count) : undefined;
      const clipped = build.node("Clip", [place, low, high]);
      if (!isBelow || !wraps) return clipped; // −1 is the row behind the last
      const own = Array.from({ length: count }, (_, row) => row), places = [...own, count, count, ...own];
      return build.node("Gather", [build.integers("places", places), clipped], {
        attributes: [newAttribute("axis", 0)],
      });
    },
  };
}

/** TensorProto.DataType of int64. */
const INT64 = 7;

/** The values that whole numbers of a value may have, by its type and those it was cast from. */
function rangeOf(value: Value): readonly [least: number, most: number] {
  const own = wholeRange(value.type!), from = value.producer?.is("Cast") ? value.producer.inputs[0] : undefined;
  if (!from?.type || !isWhole(from.type)) return own;
  const [least, most] = rangeOf(from);
  return least >= own[0] && most <= own[1] ? [least, most] : own;
}

/** Rows of one-hot vectors that are placed otherwise, each as it is. */
function reshaped(node: Node, inner: OneHot): OneHot | Skip | undefined {
  const shape = constantValues(node.inputs[1]), from = node.inputs[0]!.shape, to = node.output.shape;
  if (!shape || !from || !to || shape.length < 2 || to.at(-1) !== inner.count) return undefined;
  if (shape.some((dim, axis) => dim === 0 && axis >= from.length - 1)) return undefined; // copies the last axis, or none
  return {
    count: inner.count,
    rows: (build) => reshapedWithoutLast(node, inner.rows(build), shape, build),
  };
}
