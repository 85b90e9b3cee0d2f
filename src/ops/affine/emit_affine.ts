import type { Node, Value } from "../../graph/graph.ts";
import { rounded } from "../../tensor/encode.ts";
import { valueTensor } from "../../tensor/tensor.ts";
import { type AffineMap, hasScale, hasShift } from "../affine_map.ts";
import type { Builder } from "../builder.ts";

/** Share of a scale that rounding may take away: more is below what its type holds with all digits. */
const MOST_LOST = 0.01;

/**
 * The fewest elementwise nodes that do a map of `x`: a Mul, an Add, a Sub from a constant, a Neg, or a Mul and an Add. Its numbers
 * are rounded to the type of `x` first, so that a scale that becomes 1 goes. Names are taken from those of `nodes`, which they
 * replace, the last one first, that are of the same operator. Undefined where the numbers do not fit the type, it has none, or the
 * axis cannot be written.
 */
export function emitAffine(map: AffineMap, x: Value, nodes: readonly Node[], build: Builder): Value | undefined {
  const [root] = nodes, { axis } = map, { type } = x, rank = x.shape?.length;
  if (type === undefined || type === "string" || type === "opaque") return undefined; // a model that declares an input wrongly
  if (root.opset < 7 || axis !== null && (rank === undefined || axis >= rank)) return undefined;
  const scale = rounded(type, map.scale), shift = rounded(type, map.shift);
  const isHeld = scale.every((value, at) => Math.abs(value - map.scale[at]) <= MOST_LOST * Math.abs(map.scale[at]));
  if (!isHeld || ![...scale, ...shift].every(Number.isFinite)) return undefined;
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
