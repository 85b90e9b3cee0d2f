import type { Node, Value } from "../../graph/graph.ts";
import type { ElementType } from "../../tensor/element_type.ts";
import { rounded } from "../../tensor/encode.ts";
import { valueTensor } from "../../tensor/tensor.ts";
import { type AffineMap, hasScale, hasShift } from "../affine_map.ts";
import type { Builder } from "../builder.ts";

/** What new elementwise nodes are made for. */
export interface EmitAffineOptions {
  /** Element type of x. */
  readonly type: ElementType;
  /** Rank of x; needed where the map goes along an axis. */
  readonly rank?: number;
  /** The nodes they replace, the last one first: names are taken from those of the same operator. */
  readonly nodes: readonly Node[];
}

/**
 * The fewest elementwise nodes that do a map of `x`: a Mul, an Add, a Sub from a constant, a Neg, or a Mul and an Add. Its numbers
 * are rounded to the type first, so that a scale that becomes 1 goes. Undefined where its numbers do not fit the type, the
 * type has none, or its axis cannot be written.
 */
export function emitAffine(
  map: AffineMap,
  x: Value,
  { type, rank, nodes }: EmitAffineOptions,
  build: Builder,
): Value | undefined {
  const [root] = nodes, { axis } = map;
  if (type === "string" || type === "opaque") return undefined; // a model that declares an input wrongly
  if (root.opset < 7 || axis !== null && (rank === undefined || axis >= rank)) return undefined;
  const scale = rounded(type, map.scale), shift = rounded(type, map.shift);
  if (![...scale, ...shift].every(Number.isFinite)) return undefined;
  const dims = axis === null ? [] : [scale.length, ...new Array<number>(rank! - 1 - axis).fill(1)];
  const constant = (role: string, values: Float64Array) =>
    build.initializer(`${root.output.name}.${role}`, valueTensor(type, dims, values));
  const name = (...ops: string[]) => nodes.find((node) => node.is(...ops))?.name ?? root.name;
  const isScaled = hasScale({ scale }), isShifted = hasShift({ shift });
  if (scale.every((value) => value === -1)) {
    return isShifted
      ? build.node("Sub", [constant("shift", shift), x], { name: name("Sub") })
      : build.node("Neg", [x], { name: name("Neg") });
  }
  const product = isScaled ? build.node("Mul", [x, constant("scale", scale)], { name: name("Mul", "Div", "Neg") }) : x;
  return isShifted ? build.node("Add", [product, constant("shift", shift)], { name: name("Add", "Sub") }) : product;
}
