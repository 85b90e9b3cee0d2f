import type { Node, Shape, Value } from "../../graph/graph.ts";
import { isFloat } from "../../tensor/element_type.ts";
import { broadcasted } from "../../tensor/elementwise.ts";
import { type Tensor, valueTensor } from "../../tensor/tensor.ts";
import type { AffineMap } from "../affine_map.ts";
import { constantOf } from "../constant.ts";
import { Skip } from "../skip.ts";
import type { Commuted, Transfer } from "./carry.ts";

/** The axis of an operand that is axis `axis` of the broadcast result, if the operand is as long there. */
export function operandAxis(
  shape: Shape | undefined,
  result: Shape | undefined,
  { axis, scale }: AffineMap,
): number | null | undefined {
  if (axis === null) return null;
  if (!shape || !result) return undefined;
  const own = axis - (result.length - shape.length);
  return own >= 0 && shape[own] === scale.length ? own : undefined;
}

/** The map on every operand, each in its own shape, that makes it of the result; why it cannot be on one of them. */
export function onEach(node: Node, affine: AffineMap): Transfer[] | Skip {
  const operands = node.inputs.flatMap((value): Transfer[] => {
    const axis = operandAxis(value?.shape, node.output.shape, affine);
    return value && axis !== undefined ? [{ value, affine: { ...affine, axis } }] : [];
  });
  return operands.length === node.inputs.length ? operands : mayEnlarge(node);
}

/** Where an operand may be enlarged along the axis of a map. */
export function mayEnlarge(node: Node): Skip {
  return new Skip("not-per-channel", `an operand of ${node.label} may be enlarged along that axis`);
}

/** A node of a value and a constant, as a map gets past it. */
interface PastConstant {
  /** The value on the other side. */
  readonly value: Value;
  /** The axis of the map there; null where it goes along none. */
  readonly axis: number | null;
  /** The constant. */
  readonly constant: Tensor;
  /** Which operand that is. */
  readonly index: number;
  /** The node with another constant, f of each element and what the map is there; undefined where it is not worked out. */
  rebuilt(f: (k: number, scale?: number, shift?: number) => number): Commuted["rebuild"];
}

/** A node of two operands of which one is constant; why no map gets past it; undefined where none or both are. */
export function pastConstant(node: Node, affine: AffineMap, way: "up" | "down"): PastConstant | Skip | undefined {
  const index = node.inputs.findIndex((value) => constantOf(value)), constant = constantOf(node.inputs[index]);
  const x = node.inputs[1 - index], result = node.output.shape, isUp = way === "up";
  if (!constant || !x || constantOf(x) || node.inputs.length !== 2 || !isFloat(constant.type)) return undefined;
  const axis = isUp ? axisAt(affine, result, x.shape) : axisAt(affine, x.shape, result);
  if (!result || axis === undefined) return mayEnlarge(node);
  return {
    value: isUp ? x : node.output,
    axis,
    constant,
    index,
    rebuilt(f) {
      const along = (values: Float64Array) => {
        const at = isUp ? affine.axis : axis,
          tail = at === null ? [] : new Array<number>(result.length - 1 - at).fill(1);
        return valueTensor("float64", at === null ? [] : [values.length, ...tail], values);
      };
      const now = broadcasted([constant, along(affine.scale), along(affine.shift)], f, constant.type);
      return now && ((input, build) => {
        const operands = [build.initializer(node.inputs[index]!.name, now), isUp ? x : input];
        return build.like(node, index === 0 ? operands : operands.toReversed());
      });
    },
  };
}

/** The axis of a map in another shape, right-aligned, as long there; null where it goes along none. */
function axisAt({ axis, scale }: AffineMap, from: Shape | undefined, to: Shape | undefined): number | null | undefined {
  if (axis === null) return null;
  if (!from || !to) return undefined;
  const other = axis + to.length - from.length;
  return other >= 0 && to[other] === scale.length && from[axis] === scale.length ? other : undefined;
}
